//! The picture itself, and what follows from all of it: is a person needed, and what comes first?

use super::Unread;
use super::down::Down;
use super::hosts::OpenHost;
use super::losses::NotToBeLost;
use super::people::{Disarming, Said};
use super::tick::Tick;
use super::urgency::Urgency;
use crate::model::Epoch;
use crate::policy::protection::{ClusterReport, ClusterStatus};
use serde::Serialize;

/// What the picture says as a whole, the worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is open.
    #[default]
    Clear,
    /// What is open can wait for the day.
    Later,
    /// Programs work on what is open.
    AtWork,
    /// A person is needed.
    NeedsYou,
    /// Not everything is known.
    Unknown,
}

/// Everything that is open. The names are those of `--json`, and stay; more may come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// When this was so.
    pub at: Epoch,
    /// What it says as a whole.
    pub verdict: Verdict,
    /// The one thing to do first, where a person is needed.
    pub do_this: Option<String>,
    /// The exit code of `onerescue status`: 0 only where nothing is open.
    pub exit_code: u8,
    /// Could the records, the hosts and the clusters be read? Where they could not, the rest is empty and says nothing.
    pub known: bool,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// Hosts that are dead, held or worked on, the most urgent first.
    pub hosts: Vec<OpenHost>,
    /// Words of people that no run has taken up yet.
    pub words: Vec<Said>,
    /// VMs that are down and that no incident goes on with, in groups of one reason and one command.
    pub down: Vec<Down>,
    /// VMs of further groups.
    pub more_down: usize,
    /// Where nothing is fenced.
    pub disarmed: Vec<Disarming>,
    /// When reconcile has looked last.
    pub reconcile: Tick,
    /// Each cluster, and whether it is protected.
    pub clusters: Vec<ClusterReport>,
    /// Hosts whose loss would hold VMs. They are for the day, and open nothing.
    pub cannot_be_lost: Vec<NotToBeLost>,
}

impl Status {
    /// The same with the verdict, the first thing to do and the exit code.
    pub(super) fn concluded(mut self) -> Self {
        let open = self.open();
        let needed = |open: &Option<Urgency>| match open {
            None => Verdict::Clear,
            Some(Urgency::Later) => Verdict::Later,
            Some(Urgency::AtWork) => Verdict::AtWork,
            Some(Urgency::Now) => Verdict::NeedsYou,
        };
        self.verdict = if self.unread.is_empty() { needed(&open) } else { Verdict::Unknown };
        self.do_this = self.first();
        let unread = self.unread.iter().map(|one| one.exit_code).max();
        self.exit_code = unread.unwrap_or(u8::from(open.is_some()));
        self
    }

    /// How urgent the most urgent of all that is open is.
    fn open(&self) -> Option<Urgency> {
        let hosts = self.hosts.iter().map(|host| host.urgency);
        let down = self.down.iter().map(|down| down.urgency);
        let words = self.words.iter().map(|_| Urgency::AtWork);
        let disarmed = self.disarmed.iter().map(|_| Urgency::Later);
        // A cluster that has one host at most is as it was made.
        let waits = |cluster: &&ClusterReport| cluster.status == ClusterStatus::Waiting && cluster.hosts > 1;
        let clusters = self.clusters.iter().filter(waits).map(|_| Urgency::Later);
        hosts.chain(down).chain(words).chain(disarmed).chain(clusters).chain(self.reconcile.urgency).max()
    }

    /// The advice of what needs a person most. What cannot be read comes first, because it may be anything.
    fn first(&self) -> Option<String> {
        let now = |urgency| urgency == Urgency::Now;
        let unread = self.unread.iter().map(|one| one.advice.clone());
        let hosts = self.hosts.iter().filter(|host| now(host.urgency)).filter_map(|host| host.advice.clone());
        let tick = self.reconcile.advice.clone().filter(|_| self.reconcile.urgency.is_some_and(now));
        let down = self.down.iter().filter(|down| now(down.urgency)).map(|down| down.command.clone());
        unread.chain(hosts).chain(tick).chain(down).next()
    }
}
