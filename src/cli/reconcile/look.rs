//! One look at the zone: what is decided about it, and with which options.

use super::super::{HostBack, HostError, hook_facts};
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{Host, Incident, Memory};
use crate::policy::check::chosen;
use crate::policy::reconcile::{Decision, View, decide, left};
use crate::policy::{Failure, HandOver, Policy, Purpose, Source, Subject, back, unreadable};
use crate::world::identity::{identity, with_owners};
use crate::world::oned::Http;
use crate::world::{Zone, busy, error_date, live};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::time::Duration;

/// What every look needs.
pub(super) struct Desk {
    pub(super) config: Config,
    pub(super) environment: Environment,
    pub(super) zone: Zone<Http>,
}

/// What a look has shown.
pub(super) struct Looked {
    pub(super) decisions: Vec<Decision>,
    hosts: Vec<Host>,
    memory: Memory,
}

impl Desk {
    /// Two calls of oned, and what this front-end knows of its own processes.
    pub(super) fn look(&self) -> Result<Looked, Failure> {
        let memory = with_owners(self.zone.memory(live::wall_clock(), &identity())?);
        let hosts = self.zone.hosts()?;
        let here = TimeZone::system();
        let since: BTreeMap<_, _> = hosts
            .iter()
            .filter_map(|host| Some((host.id, error_date(host.error.as_deref()?, &here)?)))
            .collect();
        let remembered = memory.incidents.iter().map(|(_, incident)| incident.host);
        let busy = busy(&self.config.run_dir, hosts.iter().map(|host| host.id).chain(remembered));
        let view = View { hosts: &hosts, since: &since, memory: &memory, busy: &busy };
        let decisions = decide(view, self.config.reconcile.rules);
        Ok(Looked { decisions, hosts, memory })
    }

    /// The options of a run: those of the incident's own runs, else the settings', else the registered hook's.
    ///
    /// # Errors
    /// [`Error::Settings`] if none of them says what to do with the VMs.
    pub(super) fn policy(&self, incident: Option<&Incident>, waited: Duration) -> Result<Policy> {
        let rules = self.config.rules.clone();
        let own = incident.map(|incident| &incident.flags).filter(|flags| !flags.is_empty());
        let policy = match own.or(self.config.reconcile.options.as_ref()) {
            Some(options) => HostError::read(options)?.policy(rules)?,
            None => chosen(&hook_facts::hooks(&self.zone, &rules)?).map_err(|why| {
                self.unclear(format!("{why}, and [reconcile] options is not set: nobody says what to do"))
            })?,
        };
        match policy.purpose {
            // The timer comes again: no run waits here.
            Purpose::Recover => {
                Ok(Policy { wait: left(policy.wait, waited), hand_over: HandOver::Yes, ..policy })
            }
            Purpose::Rehearse | Purpose::Fence => {
                Err(self.unclear("the options for reconcile have --dry-run: nothing is recovered".to_owned()))
            }
        }
    }

    /// What a run for a host that is back goes by: the settings.
    pub(super) fn back_policy(&self) -> back::Policy {
        HostBack { host: None, hand_over: true, config: None, dry_run: false }.policy(&self.config)
    }

    fn unclear(&self, why: String) -> Error {
        Error::Settings { file: self.config.file.clone(), why }
    }
}

impl Looked {
    pub(super) fn subject(&self, decision: &Decision) -> Subject {
        let host = self.hosts.iter().find(|host| host.id == decision.host);
        Subject {
            host: decision.host,
            name: decision.name.clone(),
            vms: host.map(|host| host.vms.clone()).unwrap_or_default(),
            source: Source::Reconcile,
        }
    }

    /// Why not everything that is remembered is known.
    pub(super) fn unreadable(&self) -> Option<Failure> {
        unreadable(&self.memory)
    }

    /// The incident that a run would go on with.
    pub(super) fn incident(&self, decision: &Decision) -> Option<&Incident> {
        let mut all = self.memory.incidents.iter();
        all.find(|(document, _)| Some(*document) == decision.incident).map(|(_, incident)| incident)
    }
}
