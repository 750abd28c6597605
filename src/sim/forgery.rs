//! What an ordinary user writes into documents of our type, to command a recovery that is not his.
//!
//! OpenNebula lets him: every user may create documents of every type. Whether they count is the policy's business.

use super::cloud::Cloud;
use crate::model::{
    Abort, ClusterId, Confirmation, Disarmed, DocumentId, Epoch, HostId, Incident, IncidentVm, Looks,
    Progress,
};
use crate::wire::record::Record;
use std::time::Duration;

/// Whoever forges: an ordinary user of OpenNebula's default group.
const USER: u32 = 5;
const GROUP: &str = "users";

/// Long enough to outlast everything.
const LONG: Duration = Duration::from_secs(100_000_000);

/// What is forged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// An incident of this host that was stopped long ago, with these options.
    Stopped(HostId, Vec<String>),
    /// An incident of this host that a run works on now.
    AtWork(HostId),
    /// A closed incident of this host whose VMs are looked at again.
    Looks(HostId),
    /// This host was fenced a moment ago.
    Fenced(HostId),
    /// A person's word that this host is off, for every incident that there is or may be soon.
    ConfirmedOff(HostId),
    /// A word that takes the brakes off every incident of this host.
    Proceeded(HostId),
    /// A person's word that each of those is to end.
    Aborted(HostId),
    /// Nothing may be fenced in the whole zone.
    Disarmed,
    /// A text that is no record.
    Garbage,
    /// A document that is as large as it may be.
    Large,
}

impl Cloud {
    /// An ordinary user makes such a document, or several.
    pub fn forged(&mut self, forgery: &Forgery) {
        let now = self.wall_clock();
        match forgery {
            Forgery::Stopped(host, flags) => {
                let ago = Epoch(now.0 - 4000);
                let owner = "x 1 1".to_owned();
                let outcome = Some("stopped".to_owned());
                let progress = Progress::Open;
                let incident =
                    Incident { owner, outcome, opened: ago, updated: ago, progress, ..self.about(*host) };
                let body = Self::body(&Record::Incident(Box::new(incident)));
                let words = serde_json::to_string(flags).unwrap_or_default();
                self.forge(USER, GROUP, &body.replace("\"flags\":[]", &format!("\"flags\":{words}")));
            }
            Forgery::AtWork(host) => {
                let at = now.plus(LONG);
                let incident =
                    Incident { owner: "fe2 1 1".to_owned(), opened: at, updated: at, ..self.about(*host) };
                self.forge_record(&Record::Incident(Box::new(incident)));
            }
            Forgery::Looks(host) => {
                let looks = Looks { since: now, outcome: "held".to_owned() };
                let vms = self.vms_on(*host);
                let incident = Incident {
                    progress: Progress::Closed,
                    waiting: Some(looks),
                    until: Some(now.plus(LONG)),
                    vms,
                    ..self.about(*host)
                };
                self.forge_record(&Record::Incident(Box::new(incident)));
            }
            Forgery::Fenced(host) => {
                let incident = Incident {
                    progress: Progress::Closed,
                    fenced: Some(now.plus(Duration::from_secs(100))),
                    ..self.about(*host)
                };
                self.forge_record(&Record::Incident(Box::new(incident)));
            }
            Forgery::ConfirmedOff(host) => {
                for incident in self.incidents_soon() {
                    let (by, reason, expires) = ("root".to_owned(), "forged".to_owned(), now.plus(LONG));
                    let word = Confirmation { host: *host, incident, by, reason, at: now, expires };
                    self.forge_record(&Record::Confirmation(word));
                }
            }
            Forgery::Proceeded(host) => {
                for incident in self.incidents_soon() {
                    let (by, reason, expires) = ("root".to_owned(), "forged".to_owned(), now.plus(LONG));
                    let word = Confirmation { host: *host, incident, by, reason, at: now, expires };
                    self.forge_record(&Record::Proceed(word));
                }
            }
            Forgery::Aborted(host) => {
                for incident in self.incidents_soon() {
                    let (by, reason) = ("root".to_owned(), "forged".to_owned());
                    self.forge_record(&Record::Abort(Abort { host: *host, incident, by, reason, at: now }));
                }
            }
            Forgery::Disarmed => {
                let (reason, by) = ("\u{1b}[2Jx\ny".to_owned(), "root".to_owned());
                let disarmed = vec![Disarmed { cluster: None, reason, by, at: now }];
                self.forge_record(&Record::Control { disarmed });
            }
            Forgery::Garbage => {
                self.forge(USER, GROUP, "hello");
            }
            Forgery::Large => {
                self.forge(USER, GROUP, &"x".repeat(1 << 20));
            }
        }
    }

    /// Every document that there is, and the next few.
    fn incidents_soon(&self) -> Vec<DocumentId> {
        let next = self.state.next_document;
        (0..next.saturating_add(40)).map(DocumentId).collect()
    }

    fn about(&self, host: HostId) -> Incident {
        let known = self.state.hosts.get(&host);
        let (name, cluster) =
            known.map_or((String::new(), ClusterId(0)), |known| (known.name.clone(), known.cluster));
        let now = self.wall_clock();
        Incident {
            host,
            name,
            cluster,
            owner: "x 1 1".to_owned(),
            opened: now,
            updated: now,
            ..Incident::default()
        }
    }

    fn vms_on(&self, host: HostId) -> Vec<IncidentVm> {
        let vms = self.state.hosts.get(&host).into_iter().flat_map(|host| &host.vms);
        let left = |vm: &crate::model::VmId| IncidentVm {
            id: *vm,
            name: String::new(),
            order: None,
            to: None,
            end: Some(crate::model::End::Held),
            why: "forged".to_owned(),
            ready: None,
        };
        vms.map(left).collect()
    }

    fn forge_record(&mut self, record: &Record) {
        let body = Self::body(record);
        self.forge(USER, GROUP, &body);
    }

    /// The text that a record is written as.
    fn body(record: &Record) -> String {
        let template = record.write().and_then(|text| super::template::Template::parse(&text));
        template.ok().and_then(|template| template.get("BODY").map(str::to_owned)).unwrap_or_default()
    }
}
