//! One look at the zone: what is decided about it, and with which options.

use super::super::hook_facts;
use crate::config::{Config, Environment, Origin};
use crate::model::{Evacuation, Force, Host, Incident, Memory};
use crate::options::{HostBack, HostError};
use crate::policy::check::chosen;
use crate::policy::reconcile::{Decision, Look, Todo, decide, left, options};
use crate::policy::record::evacuation;
use crate::policy::surroundings::{refused, refused_by_hooks};
use crate::policy::watch::is_left;
use crate::policy::{
    Failure, Policy, Purpose, Source, Subject, Trouble, busy, evacuate, host_back, unreadable,
};
use crate::world::identity::{identity, with_owners};
use crate::world::oned::Http;
use crate::world::{Zone, busy as locked, clock, local_zone, watched};

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
    unread_hosts: Vec<String>,
    memory: Memory,
}

impl Desk {
    /// What oned says, and what this front-end knows of its own processes and of its looks before.
    pub(super) fn look(&self) -> Result<Looked, Failure> {
        let (run_dir, zone) = (&self.config.paths.run_dir, local_zone());
        if zone.is_none() {
            log::warn!(
                "reconcile: the time zone cannot be read (TZ, /etc/localtime): oned's dates say nothing"
            );
        }
        let memory = with_owners(self.zone.memory(clock::wall_clock(), &identity())?);
        if let Some(failure) = refused(&memory) {
            return Err(failure);
        }
        let mut watched = watched::read(run_dir);
        let look = self.zone.look(memory, clock::since_boot(), zone.as_ref(), &mut watched)?;
        if let Err(error) = watched::write(run_dir, &watched) {
            log::warn!("reconcile: what was seen cannot be kept in {}: {error}", run_dir.display());
        }
        let remembered = look.memory.incidents.iter().map(|(_, incident)| incident.host);
        let locked = locked(run_dir, look.hosts.iter().map(|host| host.id).chain(remembered));
        let busy = busy(&locked, &look.memory);
        let decisions = decide(look.view(&busy), self.config.reconcile.rules);
        let Look { hosts, unread_hosts, memory, .. } = look;
        Ok(Looked { decisions, hosts, unread_hosts, memory })
    }

    /// Where there are no settings the registered hooks are asked whether there should be some. It costs a call then.
    ///
    /// # Errors
    /// A [`Failure`] if there should be, or the hooks cannot be read.
    pub(super) fn is_set_up(&self) -> Result<(), Failure> {
        if self.config.origin != Origin::Defaults {
            return Ok(());
        }
        let memory = Memory { here: Some(self.config.surroundings()), ..Memory::default() };
        let hooks = hook_facts::hooks(&self.zone, &self.config.rules)?;
        let arguments = hooks.iter().filter_map(|hook| hook.hook.attributes.get("ARGUMENTS"));
        refused_by_hooks(&memory, arguments.map(String::as_str)).map_or(Ok(()), Err)
    }

    /// What a run does with the VMs of this host, see [`options`].
    ///
    /// # Errors
    /// Why a machine does nothing.
    pub(super) fn policy(&self, decision: &Decision, incident: Option<&Incident>) -> Result<Policy, Failure> {
        // Who begins has nothing to go on with: a closed record is another failure's.
        let asked = incident.filter(|_| decision.todo != Todo::Begin).and_then(|incident| incident.flags);
        let policy = options(&decision.name, asked, &self.config.rules, || self.registered())?;
        // The timer comes again: no run waits here.
        Ok(Policy { wait: left(policy.wait, decision.waited), ..policy })
    }

    /// What the settings choose, else the registered hook.
    fn registered(&self) -> Result<Policy, String> {
        let rules = self.config.rules.clone();
        if let Some(options) = &self.config.reconcile.options {
            let options = HostError::read(options).and_then(|options| options.policy(rules));
            return options.map_err(|error| format!("[reconcile] options cannot be used: {}", error.chain()));
        }
        let hooks = hook_facts::hooks(&self.zone, &rules).map_err(|error| error.chain())?;
        chosen(&hooks)
            .map_err(|why| format!("{why}, and [reconcile] options is not set: nobody says what to do"))
    }

    /// What a run that goes on with an evacuation goes by: the settings, and what was asked for.
    pub(super) fn evacuate_policy(&self, evacuation: &Evacuation) -> evacuate::Policy {
        let rules = &self.config.rules;
        evacuate::Policy {
            purpose: Purpose::Recover,
            force: if evacuation.all { Force::AlsoStopped } else { Force::RunningOnly },
            extent: evacuate::Extent::WhatCan,
            by: evacuation.by.clone(),
            reason: evacuation.reason.clone(),
            rules: self.config.evacuate,
            wait: rules.wait,
            settle: rules.settle,
            plan: rules.plan.clone(),
            leader: rules.observer.leader,
        }
    }

    /// What a run for a host that is back goes by: the settings.
    pub(super) fn back_policy(&self) -> host_back::Policy {
        HostBack { host: None, hand_over: true, config: None, dry_run: false }.policy(&self.config)
    }
}

impl Looked {
    /// What the metrics are made from: hosts, how many of them cannot be read, and what is remembered.
    pub(super) fn for_metrics(&self) -> (&[Host], usize, &Memory) {
        (&self.hosts, self.unread_hosts.len(), &self.memory)
    }

    pub(super) fn subject(&self, decision: &Decision) -> Subject {
        let host = self.hosts.iter().find(|host| host.id == decision.host);
        Subject {
            host: decision.host,
            name: decision.name.clone(),
            vms: host.map(|host| host.vms.clone()).unwrap_or_default(),
            source: Source::Reconcile,
        }
    }

    /// Why not everything is known: a document of ours that cannot be read, or one of a host.
    pub(super) fn unreadable(&self) -> Option<Failure> {
        let host = |host: &String| Failure {
            trouble: Trouble::Unreachable,
            what: format!(
                "whether a host is in ERROR is not known, because its document cannot be read: {host}"
            ),
            advice: "`onehost update ID FILE` replaces its template, `onedb change-body` the rest".to_owned(),
        };
        unreadable(&self.memory).or_else(|| self.unread_hosts.first().map(host))
    }

    /// Has a watcher left a host OFFLINE, or may it have?
    pub(super) fn has_left_looks(&self) -> bool {
        is_left(&self.memory)
    }

    /// The evacuation that a run would go on with.
    pub(super) fn evacuation(&self, decision: &Decision) -> Option<&Evacuation> {
        let standing =
            evacuation::standing(&self.memory, decision.host).filter(|_| decision.todo == Todo::Empty);
        standing.map(|(_, evacuation)| evacuation)
    }

    /// The incident that a run would go on with.
    pub(super) fn incident(&self, decision: &Decision) -> Option<&Incident> {
        let mut all = self.memory.incidents.iter();
        all.find(|(document, _)| Some(*document) == decision.incident).map(|(_, incident)| incident)
    }
}
