//! What a look around tells for later questions.

use crate::model::{HostState, Outlook, Words};
use crate::policy::peers::peers;
use crate::policy::record::lease::open;
use crate::policy::record::release::old;
use crate::policy::run::Run;

/// `4 of 5 other hosts are MONITORED`
pub(in crate::policy::fencing) fn figures(run: &Run, outlook: &Outlook) -> String {
    let others = outlook.hosts.iter().filter(|host| host.id != run.subject.host);
    let (others, healthy) = others.fold((0, 0), |(all, healthy), host| {
        (all + 1, healthy + usize::from(host.state == HostState::Monitored))
    });
    format!("{healthy} of {others} other hosts are MONITORED")
}

/// Keep what later questions need of this look.
pub(in crate::policy::fencing) fn learn(run: &mut Run, outlook: &Outlook) {
    let (memory, host, now) = (&outlook.memory, run.subject.host, run.now());
    run.record.clock.shows(memory.now, now);
    run.hold.words = Some((Words::of(memory, host), now));
    run.record.old = old(memory, host, &run.policy.record, &run.policy.brake);
    around(run, outlook);
    let own = memory.incidents.iter().find(|(document, _)| Some(*document) == run.record.document);
    if let (Some((_, stored)), Some(incident)) = (own, &mut run.record.incident) {
        // A word that any run has used is used.
        incident.confirmation = stored.confirmation.clone().or(incident.confirmation.take());
        incident.proceeded = stored.proceeded.clone().or(incident.proceeded.take());
    }
    let proceeds = memory.proceeds.iter().filter(|word| word.host == host);
    let about = memory.confirmations.iter().filter(|word| word.host == host);
    // There may be two open records of this host by accident; one that is older than a closed one is another failure's.
    let open: Vec<_> = open(memory, host).map(|(document, _)| *document).chain(run.record.document).collect();
    run.record.word = about.filter(|word| open.contains(&word.incident)).max_by_key(|word| word.at).cloned();
    run.record.proceed.0 =
        proceeds.filter(|word| open.contains(&word.incident)).max_by_key(|word| word.at).cloned();
}

/// Which of its devices were seen ON, and which hosts can be asked.
pub(in crate::policy) fn around(run: &mut Run, outlook: &Outlook) {
    let host = run.subject.host;
    let seen_on = outlook.memory.seen_on.iter().filter(|seen| seen.host == host);
    run.suspect.seen_on = seen_on.cloned().collect();
    run.suspect.peers = peers(&outlook.hosts, host, u32::MAX, outlook.chance);
}
