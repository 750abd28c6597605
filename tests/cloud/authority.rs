//! Which documents of our type count, whoever has made them.

use super::*;
use onerescue::model::{Confirmation, DocumentId, Epoch, Memory};
use onerescue::sim::Forgery;
use onerescue::wire::record::{Record, TYPE};
use onerescue::world::Zone;
use onerescue::world::oned::{Credentials, Of, Oned, Patience, Session};

/// Everything others may do with a document.
const WIDE: [u8; 9] = [1, 1, 0, 1, 1, 0, 1, 1, 0];
const PRIVATE: [u8; 9] = [1, 1, 0, 0, 0, 0, 0, 0, 0];

fn zone_of(cloud: &SimTransport, session: &str) -> Zone<SimTransport> {
    let credentials =
        Credentials { endpoint: ENDPOINT.to_owned(), session: Session::new(session.to_owned()) };
    Zone::new(Oned::new(cloud.clone(), credentials, Patience::default()), TYPE)
}

fn read(cloud: &SimTransport) -> Memory {
    zone_of(cloud, "oneadmin:password").memory(Epoch(0), "me").unwrap()
}

fn word() -> Confirmation {
    let (by, reason) = ("alice".to_owned(), "plugs pulled".to_owned());
    let (at, expires) = (Epoch(1), Epoch(600));
    Confirmation { host: HostId(0), incident: DocumentId(0), by, reason, at, expires }
}

#[test]
fn what_others_write_is_neither_read_nor_in_the_way() {
    let cloud = small(Version::V7_5);
    let host = HostId(0);
    let all = [
        Forgery::Stopped(host, vec!["-d".to_owned(), "--help".to_owned()]),
        Forgery::AtWork(host),
        Forgery::Looks(host),
        Forgery::Fenced(host),
        Forgery::ConfirmedOff(host),
        Forgery::Aborted(host),
        Forgery::Disarmed,
        Forgery::Garbage,
        Forgery::Large,
    ];
    for forgery in &all {
        cloud.cloud().forged(forgery);
    }
    assert_eq!(read(&cloud), Memory { me: "me".to_owned(), ..Memory::default() });
    let foreign = zone_of(&cloud, "oneadmin:password").foreign().unwrap();
    // No more than a page is looked through.
    assert!(foreign.len() > all.len() && foreign.len() <= 100, "{}", foreign.len());
    assert!(foreign.iter().all(|foreign| foreign.user == Some(5)));
    assert!(foreign[0].to_string().ends_with("belongs to user 5: not read"), "{}", foreign[0]);
}

/// An administrator has given a document to the oneadmin group, and its owner can still change it.
#[test]
fn a_document_of_our_group_counts_only_if_its_owner_is_one_of_us() {
    let cloud = small(Version::V7_5);
    cloud.cloud().forge(5, "oneadmin", "hello");
    let memory = read(&cloud);
    assert!(memory.unreadable.is_empty());
    let foreign: Vec<_> = memory.foreign.iter().map(|foreign| foreign.user).collect();
    assert_eq!(foreign, [Some(5)]);
}

#[test]
fn a_document_that_others_could_change_is_closed_and_said() {
    let cloud = small(Version::V7_5);
    let id = cloud.cloud().add_record(&Record::Control { disarmed: Vec::new() });
    cloud.cloud().set_rights(id, WIDE);
    let memory = read(&cloud);
    assert_eq!((memory.widened, memory.unreadable), (vec![id], vec![]));
    assert_eq!(cloud.cloud().rights(id), Some(PRIVATE));
    assert_eq!(read(&cloud).widened, []);
}

#[test]
fn each_right_of_others_counts() {
    for right in [4, 5, 7, 8] {
        let cloud = small(Version::V7_5);
        let id = cloud.cloud().add_record(&Record::Control { disarmed: Vec::new() });
        let mut rights = PRIVATE;
        rights[right] = 1;
        cloud.cloud().set_rights(id, rights);
        assert_eq!(read(&cloud).widened, [id], "{right}");
    }
    // To see it is not to change it.
    let cloud = small(Version::V7_5);
    let id = cloud.cloud().add_record(&Record::Control { disarmed: Vec::new() });
    cloud.cloud().set_rights(id, [1, 1, 0, 1, 0, 0, 1, 0, 0]);
    assert_eq!(read(&cloud).widened, []);
}

#[test]
fn a_word_that_others_could_change_is_no_word() {
    let cloud = small(Version::V7_5);
    let id = cloud.cloud().add_record(&Record::Confirmation(word()));
    assert_eq!(read(&cloud).confirmations, [word()]);
    cloud.cloud().set_rights(id, WIDE);
    let memory = read(&cloud);
    assert_eq!((memory.confirmations, memory.widened), (vec![], vec![id]));
    assert_eq!(read(&cloud).confirmations, []);
    assert_eq!(cloud.cloud().rights(id), None);
}

#[test]
fn what_is_made_is_closed_whatever_the_umask() {
    let cloud = small(Version::V7_5);
    cloud.cloud().make_documents_with(WIDE);
    let zone = zone_of(&cloud, "oneadmin:password");
    zone.record_confirmation(&word()).unwrap();
    assert_eq!(cloud.cloud().rights(DocumentId(0)), Some(PRIVATE));
    assert_eq!(read(&cloud).confirmations, [word()]);
}

/// Nobody asks who `oneadmin` is; for another name the user is asked for once, and one who is no administrator reads his
/// own documents only.
#[test]
fn who_we_are_is_asked_once() {
    let cloud = small(Version::V7_5);
    let asked = |zone: &Zone<SimTransport>| {
        for _ in 0..2 {
            zone.memory(Epoch(0), "me").unwrap();
        }
        let calls = cloud.calls();
        calls.iter().filter(|call| call.method == "one.user.info").count()
    };
    assert_eq!(asked(&zone_of(&cloud, "oneadmin:password")), 0);
    cloud.cloud().set_session("hooks:password");
    assert_eq!(asked(&zone_of(&cloud, "hooks:password")), 1);
    let calls = cloud.calls();
    let last = calls.iter().rev().find(|call| call.method == "one.documentpool.info").unwrap();
    assert!(last.params.starts_with("-3, "), "{}", last.params);
}

#[test]
fn lists_are_oned_s_pages_and_filters() {
    let cloud = small(Version::V7_5);
    for user in [0, 5, 5, 0] {
        let id = cloud.cloud().forge(user, if user == 0 { "oneadmin" } else { "users" }, "x");
        assert!(cloud.cloud().rights(id).is_some());
    }
    let oned = Oned::new(
        cloud.clone(),
        Credentials { endpoint: ENDPOINT.to_owned(), session: Session::new("oneadmin:password".to_owned()) },
        Patience::default(),
    );
    let ids = |of| {
        let mut ids: Vec<_> = oned.documents(TYPE, of).unwrap().good.iter().map(|one| one.id.0).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(Of::Everybody), [0, 1, 2, 3]);
    assert_eq!(ids(Of::OurGroups), [0, 3]);
    assert_eq!(ids(Of::Ourselves), [0, 3]);
    assert_eq!(ids(Of::EverybodyAtMost(3)).len(), 3);
}
