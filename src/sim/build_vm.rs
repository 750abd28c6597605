//! Setting up VMs, in whatever state a scenario or `one.vm.allocate` wants them.

use super::build_topology;
use super::cloud::Cloud;
use super::spec::{PciSpec, VmSpec};
use super::state::{History, LockInfo, Vm};
use super::steps::{self, Domain};
use super::template::{Attribute, Template};
use crate::model::{LcmState, VmId, VmState};
use std::collections::BTreeMap;

/// Seconds for which a VM that is made as stopped has been so: it did not end with a host that dies now.
const OFF_FOR: i64 = 3600;

impl Cloud {
    /// Add a VM in the state that the spec says.
    #[expect(clippy::needless_pass_by_value, reason = "a spec is made for one object and given away")]
    pub fn add_vm(&mut self, spec: VmSpec) -> VmId {
        let mut template = Template::default();
        template.set("CPU", format!("{}.{:02}", spec.cpu / 100, spec.cpu % 100).trim_end_matches(".00"));
        template.set("MEMORY", (spec.memory_kib / 1024).to_string());
        template.set("VCPU", "1");
        for pci in &spec.pci {
            template.push("PCI", Attribute::Vector(request(pci)));
        }
        build_topology::add_devices(&self.state, &mut template, &spec.disks, &spec.networks);
        if let Some((group, role)) = &spec.group {
            let pairs = [("ROLE", role.clone()), ("VMGROUP_ID", group.0.to_string())];
            let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
            template.push("VMGROUP", Attribute::Vector(pairs.into()));
        }
        template.merge(spec.template.clone());
        let mut user_template = Template::default();
        for (name, value) in &spec.attributes {
            user_template.set(name, value);
        }
        let id = self.insert_vm(&spec.name, spec.state, template, user_template);
        if let Some(vm) = self.state.vms.get_mut(&id) {
            vm.owner = spec.owner;
            vm.owner_group.clone_from(&spec.owner_group);
        }
        self.place(id, &spec);
        id
    }

    /// Set an attribute of a VM's user template.
    pub fn set_user_attribute(&mut self, vm: VmId, name: &str, value: &str) {
        if let Some(vm) = self.state.vms.get_mut(&vm) {
            vm.user_template.set(name, value);
        }
    }

    /// A VM as `one.vm.allocate` makes it, in the state given.
    pub(crate) fn insert_vm(
        &mut self,
        name: &str,
        state: VmState,
        mut template: Template,
        user_template: Template,
    ) -> VmId {
        let id = VmId(self.state.vms.keys().next_back().map_or(0, |id| id.0 + 1));
        template.set("VMID", id.0.to_string());
        let uuid = self.uuid();
        let mut os = template.vectors("OS").next().cloned().unwrap_or_default();
        os.insert("UUID".to_owned(), uuid);
        template.set_vectors("OS", vec![os]);
        let pci = template.vectors("PCI").enumerate().map(|(at, pci)| guest_side(at, pci)).collect();
        template.set_vectors("PCI", pci);
        if !template.vectors("PCI").any(|_| true) {
            template.remove("PCI");
        }
        let mut vm = Vm {
            id,
            name: name.to_owned(),
            owner: 0,
            owner_group: "oneadmin".to_owned(),
            state,
            before: state,
            torn: None,
            step: 0,
            busy: false,
            resched: false,
            stime: self.epoch(),
            etime: 0,
            deploy_id: String::new(),
            lock: None,
            cpu: hundredths(template.get("CPU").unwrap_or("0")),
            memory_kib: template.get("MEMORY").and_then(|text| text.parse::<i64>().ok()).unwrap_or(0) << 10,
            monitoring: None,
            template,
            user_template,
            history: Vec::new(),
            disks_on: None,
        };
        build_topology::add_virtual_nodes(&mut vm);
        build_topology::add_requirements(self.version, &self.state, &mut vm);
        if let Some((group, role)) = vm.group() {
            let roles = self.state.groups.get_mut(&group).map(|group| group.roles.iter_mut());
            for role in roles.into_iter().flatten().filter(|other| other.name() == role) {
                role.vms.insert(id);
            }
        }
        self.state.vms.insert(id, vm);
        id
    }

    fn place(&mut self, id: VmId, spec: &VmSpec) {
        let (now, request) = (self.epoch(), self.request_id());
        let no_host =
            [VmState::Init, VmState::Pending, VmState::Hold, VmState::Cloning, VmState::CloningFailure];
        let Some(vm) = self.state.vms.get_mut(&id) else {
            return;
        };
        vm.lock = spec.lock.map(|level| LockInfo { level, time: now, request });
        let Some(host) = self.state.hosts.get(&spec.host).filter(|_| !no_host.contains(&spec.state)) else {
            return;
        };
        let tm_mad = self.state.datastores.get(&spec.datastore).map_or("", |datastore| &datastore.tm_mad);
        let mut record = History::open(host, spec.datastore, tm_mad);
        (record.stime, record.pstime, record.petime, record.rstime) = (now, now, now, now);
        if spec.last_action != 0 {
            record.act(spec.last_action, request);
        }
        vm.deploy_id = format!("{}:{}:dummy", host.name, vm.name);
        vm.template.set("TM_MAD_SYSTEM", tm_mad);
        vm.disks_on = Some(spec.host);
        let charged = matches!(spec.state, VmState::Active(_) | VmState::Poweroff | VmState::Suspended);
        if !charged {
            record.close(now);
        } else if !matches!(spec.state, VmState::Active(_)) {
            record.retime = now - OFF_FOR;
        }
        vm.history.push(record);
        if charged {
            self.state.charge(spec.host, id);
        }
        if has_domain(spec.state) {
            self.physics.start(id, spec.host, self.now, &[]);
        }
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.random(), self.random());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }
}

/// Does the hypervisor have a domain of a VM in this state?
fn has_domain(state: VmState) -> bool {
    let VmState::Active(lcm) = state else { return false };
    if matches!(lcm, LcmState::Running | LcmState::Unknown) {
        return true;
    }
    steps::step(lcm).is_some_and(|step| match step.domain {
        Domain::StartsHere => false,
        Domain::Same => step.good == VmState::RUNNING,
        Domain::StopsHere | Domain::StopsAtSource | Domain::Moves => true,
    })
}

fn request(spec: &PciSpec) -> BTreeMap<String, String> {
    [
        ("VENDOR", &spec.vendor),
        ("DEVICE", &spec.device),
        ("CLASS", &spec.class),
        ("SHORT_ADDRESS", &spec.short_address),
        ("PROFILE", &spec.profiles),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value.clone()))
    .collect()
}

/// The request with the place that oned gives the device inside the VM.
fn guest_side(at: usize, request: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let slot = at + 1;
    let mut pci = request.clone();
    for (name, value) in [
        ("PCI_ID", at.to_string()),
        ("VM_ADDRESS", format!("01:{slot:02x}.0")),
        ("VM_BUS", "0x01".to_owned()),
        ("VM_DOMAIN", "0x0000".to_owned()),
        ("VM_FUNCTION", "0".to_owned()),
        ("VM_SLOT", format!("0x{slot:02x}")),
    ] {
        pci.insert(name.to_owned(), value);
    }
    pci
}

/// `"1.5"` as 150.
pub(crate) fn hundredths(text: &str) -> i64 {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    whole.parse::<i64>().unwrap_or(0).saturating_mul(100) + part.parse::<i64>().unwrap_or(0)
}
