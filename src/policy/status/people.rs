//! What people have said that still counts: words that no run has taken up, and where nothing is fenced.

use crate::model::{Cluster, ClusterId, Confirmation, DocumentId, Epoch, HostId, Incident, Memory, Progress};
use crate::policy::check::HostFacts;
use crate::policy::limits::named;
use crate::policy::reconcile::{is_armed, is_pending};
use crate::policy::record::lease::{ended_by, standing};
use serde::Serialize;
use std::collections::BTreeSet;

/// Which word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// `onerescue confirm-off`
    ConfirmOff,
    /// `onerescue proceed`
    Proceed,
    /// `onerescue abort`
    Abort,
    /// `onerescue arm`, where the incident was held by the disarming.
    Arm,
}

/// A word that no run has taken up yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Which.
    pub word: Word,
    /// The host, as it was called when its incident began.
    pub host: String,
    /// Its id.
    pub id: HostId,
    /// The incident.
    pub incident: DocumentId,
    /// Who; none for `arm`, which leaves nothing behind.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When it was said.
    pub at: Option<Epoch>,
    /// It counts until then.
    pub expires: Option<Epoch>,
}

/// A scope in which nothing is fenced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disarming {
    /// `the whole zone`, `cluster east (100)`
    pub place: String,
    /// The cluster; none for the zone.
    pub cluster: Option<ClusterId>,
    /// Who has done that.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Epoch,
    /// The command that ends it.
    pub command: String,
}

/// Where nothing is fenced, each scope once.
pub(super) fn disarmed(memory: &Memory, clusters: &[Cluster]) -> Vec<Disarming> {
    let mut seen = BTreeSet::new();
    let once = memory.disarmed.iter().filter(|one| seen.insert(one.cluster));
    let told = once.map(|one| {
        let (place, option) = match one.cluster {
            None => ("the whole zone".to_owned(), String::new()),
            Some(id) => (named(clusters, id), format!(" --cluster {}", id.0)),
        };
        let command = format!("onerescue arm{option} --reason \"…\"");
        let (by, reason) = (one.by.clone(), one.reason.clone());
        Disarming { place, cluster: one.cluster, by, reason, at: one.at, command }
    });
    told.collect()
}

/// The words about incidents that have not ended.
pub(super) fn words(memory: &Memory, hosts: &[HostFacts]) -> Vec<Said> {
    let ids: BTreeSet<_> = memory.incidents.iter().map(|(_, incident)| incident.host).collect();
    let open = ids.into_iter().filter_map(|host| standing(memory, host));
    let open = open.filter(|(_, one)| one.progress != Progress::Closed || one.waiting.is_some());
    open.flat_map(|(document, incident)| of(memory, hosts, *document, incident)).collect()
}

fn of(memory: &Memory, hosts: &[HostFacts], document: DocumentId, incident: &Incident) -> Vec<Said> {
    let said = |word| Said {
        word,
        host: incident.name.clone(),
        id: incident.host,
        incident: document,
        by: None,
        reason: None,
        at: None,
        expires: None,
    };
    let pending = |one: &&Confirmation| is_pending(memory, document, incident, one);
    let with = |word, one: &Confirmation| Said {
        by: Some(one.by.clone()),
        reason: Some(one.reason.clone()),
        at: Some(one.at),
        expires: Some(one.expires),
        ..said(word)
    };
    let off = memory.confirmations.iter().filter(pending);
    let go = memory.proceeds.iter().filter(pending);
    let mut all: Vec<_> = off.map(|one| with(Word::ConfirmOff, one)).collect();
    all.extend(go.map(|one| with(Word::Proceed, one)));
    all.extend(ended_by(memory, incident.host, document).map(|abort| Said {
        by: Some(abort.by.clone()),
        reason: Some(abort.reason.clone()),
        at: Some(abort.at),
        ..said(Word::Abort)
    }));
    let host = hosts.iter().map(|facts| &facts.host).find(|host| host.id == incident.host);
    if incident.progress == Progress::Held && is_armed(memory, incident, host) {
        all.push(said(Word::Arm));
    }
    all
}
