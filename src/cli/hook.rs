//! What the hook manager starts: `host_error` and `fence_host`, from their input to their end.

use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{Host, HostState};
use crate::options::{FenceHost, HostError, help};
use crate::policy::progress::Seen;
use crate::policy::replay::Begin;
use crate::policy::stopping::{Begun, TRIED_BY_HOOKS};
use crate::policy::{HoldRules, Mode, Policy, Purpose, Report, Rules, Source, Subject, WaitRules};
use crate::trail;
use crate::wire::hook_call::HookCall;
use crate::world::clock::wall_clock;
use crate::world::journal::Sheet;
use crate::world::oned::{Credentials, Http, Oned, Patience, Places};
use crate::world::stop::Stops;
use crate::world::{Journal, Live, Zone, stop};
use crate::{finish, run};
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// `host_error`: the template and the options on stdin or as arguments, or `--host` by hand.
#[must_use]
pub fn host_error(arguments: &[String]) -> ExitCode {
    finish::finish(recover(arguments))
}

fn recover(arguments: &[String]) -> Result<Report> {
    help::<HostError>("host_error", arguments);
    let call = read_call(arguments)?;
    let options = HostError::read(&call.options)?;
    let policy = |config: &Config| options.policy(config.rules.clone());
    live(&call, options.host.as_deref(), options.config.as_deref(), policy)
}

/// `fence_host`: base64 of the HOST document on stdin, exit 0 only if the host is proven off.
#[must_use]
pub fn fence_host(arguments: &[String]) -> ExitCode {
    finish::finish(fence(arguments))
}

fn fence(arguments: &[String]) -> Result<Report> {
    help::<FenceHost>("fence_host", arguments);
    let call = read_call(arguments)?;
    let options = FenceHost::read(&call.options)?;
    let policy = |config: &Config| {
        let rules = config.rules.clone();
        // Its caller waits for an answer and has its own idea of what comes next.
        let wait = WaitRules { cycles: 0, ..rules.wait };
        let hold = HoldRules { deadline: Duration::ZERO, ..rules.hold };
        let rules = Rules { wait, hold, ..rules };
        Ok(Policy { purpose: Purpose::Fence, ..Policy::under(Mode::Migrate, rules) })
    };
    live(&call, options.host.as_deref(), options.config.as_deref(), policy)
}

/// Read the settings, find the host, and run against the real world.
fn live(
    call: &HookCall,
    host: Option<&str>,
    settings: Option<&Path>,
    policy: impl FnOnce(&Config) -> Result<Policy>,
) -> Result<Report> {
    let environment = Environment::capture();
    let config = Config::load(&environment, settings)?;
    trail::start(Some(&config.paths.log));
    let policy = policy(&config)?;
    let zone = zone(&config, &environment)?;
    let subject = subject(call, host, &zone)?;
    trail::about(subject.host);
    let begun = match subject.source {
        Source::Event | Source::Reconcile => Begun::ByMachine,
        Source::Person => Begun::ByPerson,
    };
    on_signal(&zone, TRIED_BY_HOOKS, begun)?;
    let beside = zone.beside(NAMING);
    let live = Live::new(zone, &config);
    let live = match subject.source {
        Source::Event | Source::Reconcile => live,
        Source::Person => live.shown(Seen::new(subject.host, &subject.name, policy.fence.samples)),
    };
    let report = recorded(live, &config, subject, policy);
    name_foreign(&beside);
    Ok(report)
}

/// It is asked once, and not for long.
pub(super) const NAMING: Patience =
    Patience { deadline: Duration::from_secs(5), reads: 1, first_pause: Duration::ZERO };

/// At most so many are named in the log.
const MOST_FOREIGN: usize = 20;

/// Say in the log which documents of our type count for nothing, when the run is over: nothing waits for that.
pub(super) fn name_foreign(zone: &Zone<Http>) {
    let Ok(foreign) = zone.foreign() else { return };
    for one in foreign.iter().take(MOST_FOREIGN) {
        log::warn!("{one}");
    }
    if let Some(more) = foreign.len().checked_sub(MOST_FOREIGN).filter(|more| *more > 0) {
        log::warn!("and {more} documents more that are not ours: `onerescue history` has them");
    }
}

/// Run, and write every answer down for `onerescue replay`.
pub(super) fn recorded(live: Live, config: &Config, subject: Subject, policy: Policy) -> Report {
    let begin = Begin {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        run: live.me().to_owned(),
        at: wall_clock(),
        subject: subject.clone(),
        policy: policy.clone(),
    };
    // A rehearsal writes nothing but the log.
    let folder = config.journal().filter(|_| policy.purpose != Purpose::Rehearse);
    let sheet = folder.and_then(|folder| {
        let sheet = Sheet::new(&folder, config.rules.record, subject.host, begin.at.0);
        sheet.inspect_err(|why| log::warn!("this run is not recorded for `onerescue replay`: {why}")).ok()
    });
    let mut world = Journal::begin(live, sheet, &begin);
    let report = run(&mut world, subject, policy);
    world.end(&report);
    report
}

/// What stands on standard input, where a template can come from there.
pub(super) fn read_stdin(arguments: &[String]) -> Result<Vec<u8>> {
    let mut stdin = Vec::new();
    // A person at a terminal has forgotten --host; waiting for a template would look like hanging.
    if HookCall::wants_stdin(arguments) && !std::io::stdin().is_terminal() {
        let most = u64::try_from(HookCall::MAX_INPUT).unwrap_or(u64::MAX).saturating_add(1);
        let read = std::io::stdin().lock().take(most).read_to_end(&mut stdin);
        read.map_err(|error| Error::HookCall(format!("standard input: {error}")))?;
    }
    Ok(stdin)
}

pub(super) fn read_call(arguments: &[String]) -> Result<HookCall> {
    let call = HookCall::read(&read_stdin(arguments)?, arguments)?;
    if call.document.is_none() && call.options.is_empty() {
        return Err(Error::HookCall("it is empty: neither a template nor options".to_owned()));
    }
    Ok(call)
}

/// Signals end this process in good order from now on, and its incidents are let go, or ended if a person has stopped it.
pub(super) fn on_signal(zone: &Zone<Http>, within: Duration, begun: Begun) -> Result<()> {
    // Each try asks once, and is made again.
    let patience = Patience { deadline: Duration::from_secs(3), reads: 1, ..Patience::default() };
    let records = stop::Records { zone: zone.beside(patience), within, begun };
    watch(Stops::Incidents(Box::new(records)))
}

/// The same for a run that has no incident; `person` is what to do when a person has stopped it.
pub(super) fn on_signal_run(machine: String, person: String) -> Result<()> {
    watch(Stops::Run { machine, person })
}

/// The same for what has no run.
pub(super) fn on_signal_do(advice: impl Into<String>) -> Result<()> {
    watch(Stops::Command(advice.into()))
}

fn watch(stops: Stops) -> Result<()> {
    stop::watch(stops).map_err(|error| {
        Error::instead(format!("signals cannot be waited for: {error}"), "run the same command again")
    })
}

/// The zone of these settings.
pub(super) fn zone(config: &Config, environment: &Environment) -> Result<Zone<Http>> {
    let patience =
        Patience { deadline: config.oned.deadline, reads: config.oned.reads, ..Patience::default() };
    let credentials = Credentials::find(&Places::new(config, environment))?;
    let http = Http { connect: config.oned.connect, ..Http::default() };
    let zone = Zone::new(Oned::new(http, credentials, patience), config.record.r#type);
    Ok(zone.from_here(config.surroundings()))
}

pub(super) fn subject(call: &HookCall, named: Option<&str>, zone: &Zone<Http>) -> Result<Subject> {
    let of = |host: &Host, source| Subject {
        host: host.id,
        name: host.name.clone(),
        vms: host.vms.clone(),
        source,
    };
    match (&call.document, named) {
        (Some(_), Some(_)) => Err(Error::Usage("a template and --host name two hosts: give one".to_owned())),
        (Some(document), None) => {
            // Only an event that says ERROR can be ahead of what oned has written.
            let event = document.host.state == HostState::Error;
            Ok(of(&document.host, if event { Source::Event } else { Source::Person }))
        }
        (None, Some(name)) => Ok(of(&zone.find_host(name)?, Source::Person)),
        (None, None) => Err(Error::HookCall("there is neither a template nor --host".to_owned())),
    }
}
