//! `onerescue evacuate`: a host is emptied by day.

use super::hook::{on_signal_run, zone};
use super::person::who;
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::finish;
use crate::model::{HostId, VmId};
use crate::options::Evacuate;
use crate::policy::healthy::Account;
use crate::policy::progress::Seen;
use crate::policy::{Fate, Source, Subject};
use crate::world::oned::Http;
use crate::world::{Live, Zone};
use crate::{run_evacuate, trail};
use serde::Serialize;

/// Empty it. The exit code is that of the run.
///
/// # Errors
/// [`crate::Error::Usage`] for a reason that cannot be used, [`crate::Error::NoHost`], and whatever keeps the cloud from being
/// reached.
pub(super) fn evacuate(options: &Evacuate) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    trail::start(Some(&config.paths.log));
    let zone = zone(&config, &environment)?;
    let subject = named(&options.host, &zone)?;
    trail::about(subject.host);
    let policy = options.policy(&config, who(&environment))?;
    let again = format!("the same command goes on with it, or `onerescue abort {}` ends it", subject.name);
    on_signal_run(again.clone(), again)?;
    let shown = Seen::new(subject.host, &subject.name, 1);
    let account = run_evacuate(&mut Live::new(zone, &config).shown(shown), &subject, policy);
    Ok(told(&subject, &account, options.json))
}

/// The host that a person names.
pub(super) fn named(host: &str, zone: &Zone<Http>) -> Result<Subject> {
    let host = zone.find_host(host)?;
    Ok(Subject { host: host.id, name: host.name, vms: host.vms, source: Source::Person })
}

/// What `--json` prints; the names of fields stay, more may come.
#[derive(Serialize)]
struct Json<'a> {
    format: u32,
    host: HostId,
    name: &'a str,
    outcome: String,
    exit_code: u8,
    advice: Option<&'a str>,
    vms: Vec<JsonVm<'a>>,
}

#[derive(Serialize)]
struct JsonVm<'a> {
    id: VmId,
    name: &'a str,
    fate: &'static str,
    why: &'a str,
}

/// The report, for people or programs; the exit code.
pub(super) fn told(subject: &Subject, account: &Account, json: bool) -> u8 {
    if !json {
        return finish::told_account(account);
    }
    let vm = |vm: &'_ crate::policy::VmReport| -> (&'static str, String) {
        match &vm.fate {
            Fate::Recovered(why) => (account.hook.done(), why.clone()),
            Fate::NotReady(why) => ("not ready", why.clone()),
            Fate::Planned(why) => ("planned", why.clone()),
            Fate::Left(why) => ("left", why.clone()),
            Fate::Held(why) => ("held", why.clone()),
            Fate::Failed(why) => ("failed", why.clone()),
        }
    };
    let fates: Vec<_> = account.vms.iter().map(vm).collect();
    let vms = account.vms.iter().zip(&fates);
    let printed = Json {
        format: 1,
        host: subject.host,
        name: &subject.name,
        outcome: account.said(),
        exit_code: account.outcome.exit_code(),
        advice: account.outcome.advice(),
        vms: vms.map(|(vm, (fate, why))| JsonVm { id: vm.id, name: &vm.name, fate, why }).collect(),
    };
    finish::say(&(serde_json::to_string_pretty(&printed).unwrap_or_default() + "\n"));
    account.outcome.exit_code()
}
