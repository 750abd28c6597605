//! The cloud's half of a world: what the policy asks, as calls of oned.
//!
//! It works over any transport, so the recovery that is tested against the simulated cloud is the one that
//! runs against oned.

use super::known::Known;
use super::oned::{HostStatus, MigrationType, Oned, Patience, RecoverOperation, Transport};
use crate::error::{Error, OnedError, Refusal};
use crate::model::{Cluster, Host, HostId, Raft, RaftState, Surroundings, Term, Vm, VmId, WhoLeads};
use crate::policy::{self, Failure, Order, Reply, Trouble, VmList};
use crate::wire::documents::Pool;
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// A zone of OpenNebula behind a transport.
#[derive(Debug)]
pub struct Zone<T> {
    oned: Oned<T>,
    /// The type number of our documents.
    pub(super) record_type: i64,
    pub(super) known: Known,
    /// Where its user has settings and lock files, for those who read what is remembered.
    pub(super) here: Option<Surroundings>,
}

impl<T: Transport> Zone<T> {
    /// The zone behind this client; our documents in it have this type number.
    pub fn new(oned: Oned<T>, record_type: i64) -> Self {
        Self { oned, record_type, known: Known::default(), here: None }
    }

    /// The same for who has settings and lock files there.
    #[must_use]
    pub fn from_here(self, here: Surroundings) -> Self {
        Self { here: Some(here), ..self }
    }

    /// The same zone, asked with another patience.
    #[must_use]
    pub fn beside(&self, patience: Patience) -> Self
    where
        T: Clone,
    {
        Self { here: self.here.clone(), ..Self::new(self.oned.beside(patience), self.record_type) }
    }

    /// The same, for documents of another type.
    #[must_use]
    pub fn of_type(&self, record_type: i64, patience: Patience) -> Self
    where
        T: Clone,
    {
        Self::new(self.oned.beside(patience), record_type)
    }

    /// The client itself.
    pub fn oned(&self) -> &Oned<T> {
        &self.oned
    }

    /// A host of this id or name, for an operator who gives either.
    ///
    /// # Errors
    /// [`Error::NoHost`], or that oned gave no usable answer.
    pub fn find_host(&self, name: &str) -> Result<Host, Error> {
        let hosts = self.oned.hosts()?.good;
        let by_name = hosts.iter().find(|host| host.name == name);
        let by_id = || hosts.iter().find(|host| name.parse() == Ok(host.id.0));
        by_name.or_else(by_id).cloned().ok_or_else(|| Error::NoHost(name.to_owned()))
    }

    /// See [`super::World::host`].
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn host(&self, id: HostId) -> Result<Host, Failure> {
        Ok(self.host_with_document(id)?.0)
    }

    /// The same with its HOST document, for fence programs that want it.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub(super) fn host_with_document(&self, id: HostId) -> Result<(Host, String), Failure> {
        // A leader that was replaced without failing goes on answering, with what it knew then: a host that
        // has returned since would still be in ERROR there.
        self.oned.forget_leader();
        Ok(self.oned.host(id)?)
    }

    /// Every host of the zone, as the leader has it now. Those that cannot be read are named in the log when that is new.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn hosts(&self) -> Result<Vec<Host>, Failure> {
        // As in `host`.
        self.oned.forget_leader();
        let Pool { good, bad } = self.oned.hosts()?;
        let unread: BTreeSet<String> = bad.iter().map(|(host, why)| format!("host {host}: {why}")).collect();
        let mut known = self.known.unread_hosts.lock().unwrap_or_else(PoisonError::into_inner);
        for host in unread.difference(&known) {
            log::warn!("its document cannot be read, so nothing is done about it: {host}");
        }
        *known = unread;
        Ok(good)
    }

    /// The hosts that the last look at all of them could not read: `host 3: <NAME> is missing`.
    pub fn unread_hosts(&self) -> Vec<String> {
        let known = self.known.unread_hosts.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().cloned().collect()
    }

    /// Every cluster.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn clusters(&self) -> Result<Vec<Cluster>, Failure> {
        Ok(self.oned.clusters()?.good)
    }

    /// What the configured front-end says it is; one that does not tell is alone.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn raft(&self) -> Result<RaftState, String> {
        Ok(self.raft_status()?.map_or(RaftState::Solo, |raft| raft.state))
    }

    /// The same, with the server and the term; nothing from a front-end that does not tell.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn raft_status(&self) -> Result<Option<Raft>, String> {
        self.oned.raft().map_err(|error| error.chain())
    }

    /// What the configured front-end says it is, and who leads if it does not. One that is alone is asked once.
    pub fn lead(&self) -> WhoLeads {
        self.who_leads(if self.oned.is_alone() { Ok(None) } else { self.raft_status() })
    }

    /// The same for a front-end that has said this.
    pub fn who_leads(&self, raft: Result<Option<Raft>, String>) -> WhoLeads {
        let term = Term::of(&raft);
        let state = raft.map(|raft| raft.map_or(RaftState::Solo, |raft| raft.state));
        let leads = matches!(state, Ok(RaftState::Solo | RaftState::Leader));
        let leader = if leads { None } else { self.oned.leader_name() };
        WhoLeads { state, leader, term }
    }

    /// The port of the endpoint.
    pub fn port(&self) -> Option<u16> {
        self.oned.port()
    }

    /// See [`super::World::vms`].
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn vms(&self, ids: &[VmId]) -> Result<VmList, Failure> {
        if ids.is_empty() {
            return Ok(VmList::default());
        }
        let Pool { good, bad } = self.oned.vms(ids)?;
        let unreadable =
            bad.into_iter().filter_map(|(id, why)| Some((VmId(id.parse().ok()?), why.to_string()))).collect();
        Ok(VmList { vms: good, unreadable })
    }

    /// See [`super::World::histories`].
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn histories(&self, ids: &[VmId]) -> Result<Vec<Vm>, Failure> {
        let Pool { good, bad } = self.oned.vms_one_by_one(ids)?;
        match bad.into_iter().next() {
            // None of them is there is something else.
            Some((vm, source)) if good.is_empty() => {
                let what = format!("the document of vm {vm} cannot be read: {source}");
                Err(Failure { trouble: Trouble::Refused, what, advice: OnedError::Reply(source).advice() })
            }
            _ => Ok(good),
        }
    }

    /// See [`super::World::disable`].
    pub fn disable(&self, host: HostId) -> Reply {
        reply(self.oned.host_status(host, HostStatus::Disabled))
    }

    /// Send one order.
    pub fn send(&self, order: &Order) -> Reply {
        reply(match *order {
            Order::Migrate { vm, to, kind } => self.oned.migrate(vm, to, migration(kind)),
            Order::Recreate { vm } => self.oned.recover(vm, RecoverOperation::Recreate),
            Order::Delete { vm } => self.oned.recover(vm, RecoverOperation::Delete),
            Order::Retry { vm } => self.oned.recover(vm, RecoverOperation::Retry),
            Order::Fail { vm } => self.oned.recover(vm, RecoverOperation::Failure),
            Order::Resume { vm } => self.oned.vm_action(vm, "resume"),
            Order::Resched { vm } => self.oned.vm_action(vm, "resched"),
            Order::Unresched { vm } => self.oned.vm_action(vm, "unresched"),
        })
    }
}

fn migration(kind: policy::MigrationType) -> MigrationType {
    match kind {
        policy::MigrationType::Save => MigrationType::Save,
        policy::MigrationType::Poweroff => MigrationType::Poweroff,
    }
}

pub(super) fn reply(answer: Result<(), OnedError>) -> Reply {
    match answer {
        Ok(()) => Reply::Accepted,
        Err(OnedError::NotSent(why)) => Reply::NotSent(why),
        Err(OnedError::Refused { kind, text, .. }) => Reply::Refused(kind, text),
        // A fault means that oned did not run the method at all.
        Err(OnedError::Fault { text, .. }) => Reply::Refused(Refusal::Api, text),
        Err(OnedError::Unknown(why)) => Reply::Unknown(why),
        Err(OnedError::Reply(error)) => Reply::Unknown(error.to_string()),
    }
}

/// A write of a record that failed.
pub(super) fn to_failure(method: &str) -> impl Fn(OnedError) -> Failure {
    move |source| Error::Oned { method: method.to_owned(), source }.into()
}

/// The only way of an error into the policy.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let trouble = match &error {
            Error::Oned { source, .. } if source.is_untrusted() => Trouble::Refused,
            Error::Oned { source, .. } => match source {
                OnedError::NotSent(_) | OnedError::Unknown(_) | OnedError::Reply(_) => Trouble::Unreachable,
                OnedError::Refused { kind: Refusal::NoExists, .. } => Trouble::Gone,
                OnedError::Refused { kind: Refusal::Internal | Refusal::Replication, .. } => {
                    Trouble::Unreachable
                }
                OnedError::Refused { .. } | OnedError::Fault { .. } => Trouble::Refused,
            },
            Error::NoHost(_) | Error::Instead { .. } => Trouble::Gone,
            Error::HookCall(_)
            | Error::HookDocument(_)
            | Error::Usage(_)
            | Error::Settings { .. }
            | Error::Credentials { .. }
            | Error::File { .. }
            | Error::FenceNotConfigured { .. }
            | Error::FenceWrongHost { .. }
            | Error::FencePattern { .. }
            | Error::FenceDevice { .. }
            | Error::Scenario(_) => Trouble::Settings,
        };
        Failure { trouble, what: error.chain(), advice: error.advice() }
    }
}
