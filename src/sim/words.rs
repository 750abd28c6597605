//! The words of a scenario file for what happens and for what goes wrong.

use super::event::Event;
use super::faults::{Fault, FaultRule};
use super::file;
use super::forgery::Forgery;
use super::guest::Guest;
use super::physics::Death;
use super::sshd::Sshd;
use crate::model::{ClusterId, DatastoreId, GroupId, HostId, Progress, VmId};
use crate::wire::xmlrpc::Value;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::time::Duration;

/// Names of the file and the ids that the cloud gave them.
#[derive(Default)]
pub(super) struct Names {
    pub(super) clusters: BTreeMap<String, ClusterId>,
    pub(super) hosts: BTreeMap<String, HostId>,
    pub(super) datastores: BTreeMap<String, DatastoreId>,
    pub(super) networks: BTreeMap<String, u32>,
    pub(super) groups: BTreeMap<String, GroupId>,
    pub(super) vms: BTreeMap<String, VmId>,
}

impl Names {
    pub(super) fn host(&self, name: &str) -> Result<HostId, String> {
        self.hosts.get(name).copied().ok_or_else(|| format!("no such host: {name}"))
    }

    pub(super) fn cluster(&self, name: &str) -> Result<ClusterId, String> {
        self.clusters.get(name).copied().ok_or_else(|| format!("no such cluster: {name}"))
    }

    pub(super) fn network(&self, name: &str) -> Result<u32, String> {
        self.networks.get(name).copied().ok_or_else(|| format!("no such network: {name}"))
    }

    pub(super) fn vm(&self, name: &str) -> Result<VmId, String> {
        self.vms.get(name).copied().ok_or_else(|| format!("no such VM: {name}"))
    }

    pub(super) fn group(&self, name: &str) -> Result<GroupId, String> {
        self.groups.get(name).copied().ok_or_else(|| format!("no such VM group: {name}"))
    }

    pub(super) fn datastore(&self, name: &str) -> Result<DatastoreId, String> {
        self.datastores.get(name).copied().ok_or_else(|| format!("no such datastore: {name}"))
    }
}

/// `{ method = "one.vm.migrate", kind = "late", delay = "90s", skip = 1, times = 2 }`
pub(super) fn read_fault(fault: &file::Fault) -> Result<FaultRule, String> {
    let delay = fault.delay.unwrap_or(Duration::from_secs(60));
    let kind = match fault.kind.as_str() {
        "not_sent" => Fault::NotSent,
        "forwarded" => Fault::Forwarded(delay),
        "election" => Fault::Election,
        "leader_dies" => Fault::LeaderDies,
        "stale" => Fault::Stale(delay),
        "away" => Fault::Away(delay),
        "lost_reply" => Fault::LostReply,
        "killed" => Fault::Killed { done: false },
        "killed_after" => Fault::Killed { done: true },
        "lost_request" => Fault::LostRequest,
        "late" => Fault::Late(delay),
        "slow" => Fault::Slow(delay),
        "garbage" => Fault::Garbage(fault.text.clone().unwrap_or_else(|| "<html>".to_owned())),
        "refused" => Fault::Refused {
            code: fault.code.unwrap_or(2048),
            text: fault.text.clone().unwrap_or_else(|| "no".to_owned()),
        },
        other => return Err(format!("no such fault: {other}")),
    };
    Ok(FaultRule::always(&fault.method, kind)
        .after(fault.skip.unwrap_or(0))
        .times(fault.times.unwrap_or(u32::MAX)))
}

/// One thing that happens. Machines: `dies HOST [power_loss|network_cut|hang|front_end_cut]`, `dumps HOST 4m`, `returns HOST`,
/// `power_on HOST`, `power_off HOST`, `probe_fails HOST TEXT`, `boots HOST fails|hangs|works`, `libvirt_ends HOST`, `crashes VM`, `destroyed VM HOST`, `crash_all HOST`,
/// `driver VM STAGE fails|hangs|works`, `guest VM ready 40s|flaps 10s 7s|never`, `storage_returns HOST`, `sshd HOST works|stopped|hangs|slow 4s|loses 2`. People: `enabled HOST`, `disabled HOST`, `offline HOST`,
/// `renamed HOST NAME`, `deleted HOST`, `terminated VM`, `recreated VM`, `locked VM`, `unlocked VM`,
/// `migrated VM HOST`, `migrated_live VM HOST`, `action VM poweroff-hard`, `cluster CLUSTER HA NO`,
/// `hooked NAME COMMAND`, `disarmed [CLUSTER]`, `armed [CLUSTER]`, `confirmed_off HOST`, `proceeded HOST`, `aborted HOST`. Front-ends: `front_end_dies 0`,
/// `front_end_returns 0`, `front_end_leads 1`, `leader_steps_down`, `oned_away 3m`, `oned_restarted`, `scheduler_stops`, `scheduler_starts`, `gateway_silent ADDRESS`, `gateway_answers ADDRESS`, `clock_jumps -3600`,
/// `document_damaged [HOST]`, `document_mended`, `document_newer`, `unreadable_deleted`, `recorded HOST open|held|fencing|off|closed 20m`,
/// `recorded_vm HOST VM HOST`, `evacuated HOST VM HOST`, `recorded_alive HOST`, `charged VM HOST`, `record_locked HOST`, `taken_over HOST`, `documents_widened`, `documents_made_wide`. An ordinary user:
/// `forged stopped HOST -d -u`, `forged at_work|looks|fenced|confirmed_off|proceeded|aborted HOST`, `forged disarmed|garbage|large`.
pub(super) fn read_event(text: &str, names: &Names) -> Result<Event, String> {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (object, more) = rest.split_once(' ').unwrap_or((rest, ""));
    let host = || names.host(object);
    let vm = || names.vm(object);
    let cluster = || names.cluster(object);
    let server = || object.parse().map_err(|_| format!("no such front-end: {object}"));
    Ok(match verb {
        "dies" => Event::Dies(host()?, death(more)?),
        "dumps" => Event::Dumps(host()?, duration(more)?),
        "returns" => Event::Returns(host()?),
        "power_on" => Event::PowerOn(host()?),
        "power_off" => Event::PowerOff(host()?),
        "probe_fails" => Event::ProbeFails(host()?, more.to_owned()),
        "enabled" => file::call("one.host.status", &[i64::from(host()?.0), 0]),
        "disabled" => file::call("one.host.status", &[i64::from(host()?.0), 1]),
        "offline" => file::call("one.host.status", &[i64::from(host()?.0), 2]),
        "terminated" => file::call("one.vm.recover", &[i64::from(vm()?.0), 3]),
        "recreated" => file::call("one.vm.recover", &[i64::from(vm()?.0), 4]),
        "locked" => file::call("one.vm.lock", &[i64::from(vm()?.0), 1]),
        "unlocked" => file::call("one.vm.unlock", &[i64::from(vm()?.0)]),
        "migrated" | "migrated_live" => {
            let to = *names.hosts.get(more).ok_or_else(|| format!("no such host: {more}"))?;
            file::migrate(vm()?, to, verb == "migrated_live")
        }
        "action" => file::action(more, vm()?),
        "sshd" => Event::SshdTurns(host()?, sshd(more)?),
        "driver" => {
            let (stage, driver) = more.split_once(' ').unwrap_or((more, ""));
            Event::DriverTurns(vm()?, file::stage(stage)?, file::driver(driver)?)
        }
        "guest" => Event::GuestTurns(vm()?, guest(more)?),
        "hooked" => hooked(object, more),
        "libvirt_ends" => Event::LibvirtEnds(host()?),
        "boots" => Event::HostDriverTurns(host()?, file::driver(more)?),
        "renamed" => Event::Renamed(host()?, more.to_owned()),
        "deleted" => Event::Deleted(host()?),
        "crashes" => Event::Crashes(vm()?),
        "destroyed" => Event::Destroyed(vm()?, names.host(more)?),
        "crash_all" => Event::CrashAll(host()?),
        "front_end_dies" => Event::FrontEndDies(server()?),
        "front_end_returns" => Event::FrontEndReturns(server()?),
        "front_end_leads" => Event::FrontEndLeads(server()?),
        "leader_steps_down" => Event::LeaderStepsDown,
        "oned_away" => Event::OnedAway(duration(object)?),
        "storage_returns" => Event::StorageReturns(host()?),
        "cluster" => attribute(cluster()?, more)?,
        "disarmed" => Event::Disarmed(if object.is_empty() { None } else { Some(cluster()?) }),
        "armed" => Event::Armed(if object.is_empty() { None } else { Some(cluster()?) }),
        "taken_over" => Event::TakenOver(host()?),
        "confirmed_off" => Event::ConfirmedOff(host()?),
        "proceeded" => Event::Proceeded(host()?),
        "aborted" => Event::Aborted(host()?),
        "document_damaged" => Event::DocumentDamaged(if object.is_empty() { None } else { Some(host()?) }),
        "document_mended" => Event::DocumentMended,
        "document_newer" => Event::DocumentNewer,
        "unreadable_deleted" => Event::UnreadableDeleted,
        "recorded" => recorded(host()?, more)?,
        "charged" => Event::Charged(vm()?, names.host(more)?),
        "evacuated" => {
            let (vm, to) = more.split_once(' ').unwrap_or((more, ""));
            Event::Evacuated(host()?, names.vm(vm)?, names.host(to)?)
        }
        "recorded_vm" => {
            let (vm, to) = more.split_once(' ').unwrap_or((more, ""));
            Event::RecordedVm(host()?, names.vm(vm)?, names.host(to)?)
        }
        "recorded_alive" => Event::RecordedAlive(host()?),
        "record_locked" => Event::RecordLocked(host()?),
        "forged" => Event::Forged(forgery(object, more, names)?),
        "documents_widened" => Event::DocumentsWidened,
        "documents_made_wide" => Event::DocumentsMadeWide,
        "oned_restarted" => Event::OnedRestarted,
        "scheduler_stops" => Event::SchedulerStops,
        "scheduler_starts" => Event::SchedulerStarts,
        "gateway_silent" | "gateway_answers" if object.is_empty() => return Err(format!("{verb} whom?")),
        "gateway_silent" => Event::GatewaySilent(object.to_owned()),
        "gateway_answers" => Event::GatewayAnswers(object.to_owned()),
        "clock_jumps" => {
            Event::ClockJumps(object.parse().map_err(|_| format!("not a number of seconds: {object}"))?)
        }
        other => return Err(format!("no such event: {other}")),
    })
}

/// A person's `onehook create`, for hosts that are MONITORED.
fn hooked(name: &str, command: &str) -> Event {
    let template = format!(
        "NAME=\"{name}\"\nTYPE=\"state\"\nRESOURCE=\"HOST\"\nSTATE=\"MONITORED\"\nCOMMAND=\"{command}\"\n"
    );
    Event::Call("one.hook.allocate".to_owned(), vec![Value::Text(template)])
}

fn death(word: &str) -> Result<Death, String> {
    match word {
        "" | "power_loss" => Ok(Death::PowerLoss),
        "network_cut" => Ok(Death::NetworkCut),
        "hang" => Ok(Death::Hang),
        "front_end_cut" => Ok(Death::FrontEndCut),
        other => Err(format!("no such death: {other}")),
    }
}

fn sshd(words: &str) -> Result<Sshd, String> {
    let (word, more) = words.split_once(' ').unwrap_or((words, ""));
    Ok(match word {
        "works" => Sshd::Works,
        "stopped" => Sshd::Stopped,
        "hangs" => Sshd::Hangs,
        "slow" => Sshd::Slow(duration(more)?),
        "loses" => Sshd::Loses(more.parse().map_err(|_| format!("not a number: {more}"))?),
        other => return Err(format!("no such sshd: {other}")),
    })
}

/// `stopped HOST -d -u`, `confirmed_off HOST`, `garbage`
fn forgery(what: &str, more: &str, names: &Names) -> Result<Forgery, String> {
    let (name, options) = more.split_once(' ').unwrap_or((more, ""));
    let host = || names.host(name);
    Ok(match what {
        "stopped" => Forgery::Stopped(host()?, options.split_whitespace().map(str::to_owned).collect()),
        "at_work" => Forgery::AtWork(host()?),
        "looks" => Forgery::Looks(host()?),
        "fenced" => Forgery::Fenced(host()?),
        "confirmed_off" => Forgery::ConfirmedOff(host()?),
        "proceeded" => Forgery::Proceeded(host()?),
        "aborted" => Forgery::Aborted(host()?),
        "disarmed" => Forgery::Disarmed,
        "garbage" => Forgery::Garbage,
        "large" => Forgery::Large,
        other => return Err(format!("no such forgery: {other}")),
    })
}

/// What another front-end has written about a host, and how long ago.
fn recorded(host: HostId, words: &str) -> Result<Event, String> {
    let (progress, ago) = words.split_once(' ').unwrap_or((words, "0s"));
    let progress = match progress {
        "open" => Progress::Open,
        "held" => Progress::Held,
        "fencing" => Progress::Fencing,
        "off" => Progress::Off,
        "closed" => Progress::Closed,
        other => return Err(format!("no such progress: {other}")),
    };
    Ok(Event::Recorded(host, progress, duration(ago)?))
}

/// A person's `onecluster update --append` with one attribute, `HA NO`.
fn attribute(cluster: ClusterId, words: &str) -> Result<Event, String> {
    let (name, value) =
        words.split_once(' ').ok_or_else(|| format!("an attribute and its value: {words}"))?;
    let template = Value::Text(format!("{name}=\"{value}\""));
    let params = vec![Value::Int(i64::from(cluster.0)), template, Value::Int(1)];
    Ok(Event::Call("one.cluster.update".to_owned(), params))
}

/// `15s`, `40d`
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    // A day has 24 hours here, which jiff leaves to its caller.
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok()) {
        return Ok(Duration::from_secs(days.saturating_mul(24 * 3600)));
    }
    let time: SignedDuration = text.parse().map_err(|error| format!("not a time: {text}: {error}"))?;
    Duration::try_from(time).map_err(|_| format!("not a time: {text}"))
}

/// How a guest is: `ready 40s`, `flaps 10s 7s`, `never`.
pub(super) fn guest(text: &str) -> Result<Guest, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["ready", after] => Ok(Guest::Ready(duration(after)?)),
        ["flaps", after, time] => Ok(Guest::Flaps(duration(after)?, duration(time)?)),
        ["never"] => Ok(Guest::Never),
        _ => Err(format!("no such guest: {text}")),
    }
}
