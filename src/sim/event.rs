//! Things that happen to the simulated cloud while a recovery runs: people, machines, front-ends.

use super::cloud::Cloud;
use super::forgery::Forgery;
use super::guest::Guest;
use super::physics::Death;
use super::sshd::Sshd;
use super::timings::{Driver, Stage};
use crate::model::{ClusterId, DatastoreId, HostId, Progress, VmId};
use crate::wire::xmlrpc::{Call, Value};
use std::time::Duration;

/// What `umask` 0 makes: everybody may see and change it.
pub(super) const WIDE: [u8; 9] = [1, 1, 0, 1, 1, 0, 1, 1, 0];

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A machine loses its power.
    PowerOff(HostId),
    /// A machine gets power and boots.
    PowerOn(HostId),
    /// A host dies.
    Dies(HostId, Death),
    /// A crashed host saves its crash dump for so long, and says so.
    Dumps(HostId, Duration),
    /// Whatever ailed a host is over.
    Returns(HostId),
    /// Its monitoring fails with this text although it is well.
    ProbeFails(HostId, String),
    /// A domain ends by itself on a healthy host.
    Crashes(VmId),
    /// A person ends a domain on a host, with `virsh destroy`.
    Destroyed(VmId, HostId),
    /// Every domain of a host ends at once, and the host goes on: its storage was away, or it ran out of memory.
    CrashAll(HostId),
    /// A driver changes its ways for one VM.
    DriverTurns(VmId, Stage, Driver),
    /// The guest of a VM changes its ways.
    GuestTurns(VmId, Guest),
    /// Every domain that is started on this host from now on ends like this.
    HostDriverTurns(HostId, Driver),
    /// Its libvirt ends, and its domains run on. Before 6.4 oned is told that none runs.
    LibvirtEnds(HostId),
    /// An administrator renames a host.
    Renamed(HostId, String),
    /// An administrator deletes a host; oned refuses that while VMs are charged to it.
    Deleted(HostId),
    /// A front-end dies.
    FrontEndDies(usize),
    /// A front-end returns.
    FrontEndReturns(usize),
    /// Another front-end leads; the one before it lives.
    FrontEndLeads(usize),
    /// The leader steps down without dying; there is another election.
    LeaderStepsDown,
    /// No front-end answers for this long.
    OnedAway(Duration),
    /// A host's sshd changes.
    SshdTurns(HostId, Sshd),
    /// A host is cut off from datastores.
    StorageCut(HostId, Vec<DatastoreId>),
    /// A host has all of its datastores again.
    StorageReturns(HostId),
    /// Nothing may be fenced in a cluster, or in the whole zone.
    Disarmed(Option<ClusterId>),
    /// That is over.
    Armed(Option<ClusterId>),
    /// A person confirms in the open incident that a host is off.
    ConfirmedOff(HostId),
    /// Another front-end's run writes itself down as the owner of the open incident of a host.
    TakenOver(HostId),
    /// A person takes the brakes off the open incident of a host.
    Proceeded(HostId),
    /// A person ends the open incident of a host.
    Aborted(HostId),
    /// A record of ours cannot be read any more: a host's last incident, or the newest of all.
    DocumentDamaged(Option<HostId>),
    /// A person writes back what stood in damaged documents.
    DocumentMended,
    /// Another version has left a document of ours in a format that this one does not know.
    DocumentNewer,
    /// A person deletes every document of ours that cannot be read.
    UnreadableDeleted,
    /// Another front-end has worked on a host's failure: how far it came, and how long ago.
    Recorded(HostId, Progress, Duration),
    /// The host's last incident is open, because the host ran while VMs of it were moved away.
    RecordedAlive(HostId),
    /// oned charges this VM to this host, wherever it is.
    Charged(VmId, HostId),
    /// The host's last incident says that it has recovered this VM on another host.
    RecordedVm(HostId, VmId, HostId),
    /// `onerescue evacuate` has moved a VM off a host, onto another one.
    Evacuated(HostId, VmId, HostId),
    /// An ordinary user makes documents of our type.
    Forged(Forgery),
    /// An administrator lets others change every document of ours that there is.
    DocumentsWidened,
    /// An administrator's documents are made so that others may change them, from now on.
    DocumentsMadeWide,
    /// A person locks the record of a host's open incident, at the level that `onevm lock` uses too.
    RecordLocked(HostId),
    /// The front-end's clock is set forward by this many seconds, or back.
    ClockJumps(i64),
    /// An address does not answer the front-end any more.
    GatewaySilent(String),
    /// An address answers the front-end.
    GatewayAnswers(String),
    /// oned of the front-end is started again, without being missed.
    OnedRestarted,
    /// The scheduler stops; the rest of oned goes on.
    SchedulerStops,
    /// The scheduler is started again.
    SchedulerStarts,
    /// A person calls oned, for example `one.host.status` with 0 and 1.
    Call(String, Vec<Value>),
}

impl Event {
    pub(super) fn happen(self, cloud: &mut Cloud) {
        match self {
            Self::PowerOff(host) => cloud.power_off(host),
            Self::PowerOn(host) => cloud.power_on(host),
            Self::Dies(host, death) => cloud.host_dies(host, death),
            Self::Dumps(host, time) => cloud.host_dumps(host, time),
            Self::Returns(host) => cloud.host_returns(host),
            Self::ProbeFails(host, text) => cloud.monitoring_fails(host, &text),
            Self::Crashes(vm) => cloud.vm_crashes(vm),
            Self::Destroyed(vm, host) => cloud.physics.stop(vm, host),
            Self::CrashAll(host) => {
                let vms: Vec<_> = cloud.physics.domains_on(host).collect();
                for vm in vms {
                    cloud.vm_crashes(vm);
                }
            }
            Self::DriverTurns(vm, stage, driver) => cloud.set_driver(vm, stage, driver),
            Self::GuestTurns(vm, guest) => cloud.turn_guest(vm, guest),
            Self::LibvirtEnds(host) => cloud.end_libvirt(host),
            Self::HostDriverTurns(host, driver) => cloud.set_host_driver(host, driver),
            Self::Renamed(host, name) => {
                if let Some(host) = cloud.state.hosts.get_mut(&host) {
                    host.name = name;
                }
            }
            Self::Deleted(host) => {
                if cloud.state.hosts.get(&host).is_some_and(|host| host.vms.is_empty()) {
                    cloud.state.hosts.remove(&host);
                }
            }
            Self::FrontEndDies(server) => cloud.server_dies(server),
            Self::FrontEndLeads(server) => cloud.leads(server),
            Self::TakenOver(host) => cloud.taken_over(host),
            Self::LeaderStepsDown => cloud.leader_steps_down(),
            Self::OnedAway(time) => cloud.away_for(time),
            Self::FrontEndReturns(server) => cloud.server_returns(server),
            Self::SshdTurns(host, sshd) => cloud.set_sshd(host, sshd),
            Self::StorageCut(host, datastores) => cloud.storage_cut(host, &datastores),
            Self::StorageReturns(host) => cloud.storage_returns(host),
            Self::Disarmed(cluster) => cloud.disarm(cluster),
            Self::Armed(cluster) => cloud.arm(cluster),
            Self::ConfirmedOff(host) => cloud.confirm_off(host),
            Self::Proceeded(host) => cloud.proceed(host),
            Self::Aborted(host) => cloud.abort(host),
            Self::DocumentDamaged(host) => cloud.damage_record(host),
            Self::DocumentMended => cloud.mend_records(),
            Self::DocumentNewer => cloud.add_newer_record(),
            Self::UnreadableDeleted => cloud.delete_unreadable(),
            Self::Recorded(host, progress, ago) => cloud.recorded(host, progress, ago),
            Self::RecordedAlive(host) => cloud.recorded_alive(host),
            Self::Charged(vm, host) => {
                if let Some(on) = cloud.vm_host(vm) {
                    cloud.state.release(on, vm);
                }
                cloud.state.charge(host, vm);
            }
            Self::RecordedVm(host, vm, to) => cloud.recorded_vm(host, vm, to),
            Self::Evacuated(host, vm, to) => cloud.evacuated(host, vm, to),
            Self::Forged(forgery) => cloud.forged(&forgery),
            Self::DocumentsWidened => cloud.widen_documents(),
            Self::DocumentsMadeWide => cloud.make_documents_with(WIDE),
            Self::RecordLocked(host) => cloud.lock_record(host),
            Self::ClockJumps(seconds) => cloud.clock_jumps(seconds),
            Self::GatewaySilent(address) => cloud.gateway_silent(&address),
            Self::GatewayAnswers(address) => cloud.gateway_answers(&address),
            Self::OnedRestarted => {
                cloud.set_oned_runs_for(Duration::ZERO);
                // That of a follower has nobody at work.
                if cloud.front.is_solo() {
                    cloud.tear();
                }
                cloud.calm_down();
            }
            Self::SchedulerStops => cloud.stop_scheduler(),
            Self::SchedulerStarts => cloud.start_scheduler(),
            Self::Call(method, mut params) => {
                params.insert(0, Value::Text(cloud.session.clone()));
                let server = cloud.leader().unwrap_or(0);
                if method == "one.host.status" {
                    cloud.person_sets(&params);
                }
                let _ = cloud.call(server, &Call { method, params });
            }
        }
    }
}
