//! Setting up a cloud for a scenario, directly in the database and on the machines.

use super::cloud::Cloud;
use super::spec::{DatastoreSpec, HostSpec, PciSpec, VmSpec};
use super::state::{Cluster, Datastore, Group, History, Host, HostPci, LockInfo, Role, Vm};
use super::template::{Attribute, Template};
use super::version::Version;
use crate::model::{ClusterId, DatastoreId, GroupId, HostId, HostState, LcmState, VmGroup, VmId, VmState};
use std::collections::{BTreeMap, BTreeSet};

impl Cloud {
    /// A zone as a fresh installation has it: one front-end, the default cluster, datastores 0 (system), 1 (image)
    /// and 2 (file), no hosts.
    #[must_use]
    pub fn new(version: Version) -> Cloud {
        let mut cloud = Cloud::empty(version);
        let mut template = Template::default();
        template.set("RESERVED_CPU", "");
        template.set("RESERVED_MEM", "");
        let name = "default".to_owned();
        cloud.state.clusters.insert(ClusterId(0), Cluster { name, template });
        let files = if version >= Version::V7_0 { "local" } else { "ssh" };
        for (id, name, tm_mad, kind) in
            [(0, "system", "dummy", 1), (1, "default", "dummy", 0), (2, "files", files, 2)]
        {
            let mut spec = DatastoreSpec::system(name, tm_mad);
            spec.kind = kind;
            cloud.insert_datastore(DatastoreId(id), spec, Template::default());
        }
        cloud
    }

    /// Add a cluster; the first new id is 100, as in OpenNebula.
    pub fn add_cluster(&mut self, name: &str) -> ClusterId {
        let last = self.state.clusters.keys().next_back().map_or(0, |id| id.0);
        let id = ClusterId((last + 1).max(100));
        let cluster = Cluster { name: name.to_owned(), template: Template::default() };
        self.state.clusters.insert(id, cluster);
        id
    }

    /// Set one attribute of a cluster's template, for example `HA`.
    pub fn set_cluster_attribute(&mut self, cluster: ClusterId, name: &str, value: &str) {
        if let Some(cluster) = self.state.clusters.get_mut(&cluster) {
            cluster.template.set(name, value);
        }
    }

    /// Add a host that is MONITORED.
    pub fn add_host(&mut self, spec: HostSpec) -> HostId {
        let id = HostId(self.state.hosts.keys().next_back().map_or(0, |id| id.0 + 1));
        let mut template = Template::default();
        for (name, value) in [
            ("ARCH", "x86_64"),
            ("CPUSPEED", "2200"),
            ("HOSTNAME", spec.name.as_str()),
            ("HYPERVISOR", "dummy"),
            ("IM_MAD", "dummy"),
            ("MODELNAME", "Lab"),
            ("RESERVED_CPU", "0"),
            ("RESERVED_MEM", "0"),
            ("VERSION", &self.version.to_string()),
            ("VM_MAD", "dummy"),
        ] {
            template.set(name, value);
        }
        for (name, value) in &spec.attributes {
            template.set(name, value);
        }
        let host = Host {
            id,
            name: spec.name,
            state: HostState::Monitored,
            previous: HostState::Init,
            cluster: spec.cluster,
            cpu: spec.cpu,
            memory_kib: spec.memory_kib,
            used_cpu: 0,
            used_memory_kib: 0,
            vms: BTreeSet::new(),
            pci: spec.pci.into_iter().map(device).collect(),
            template,
            monitored_at: self.epoch(),
        };
        self.state.hosts.insert(id, host);
        self.physics.add(id);
        self.show_capacity(id);
        id
    }

    /// 7.x keeps the totals in the template too; OFFLINE takes them away.
    pub(crate) fn show_capacity(&mut self, host: HostId) {
        let Some(host) = self.state.hosts.get_mut(&host) else {
            return;
        };
        host.template.remove("TOTALCPU");
        host.template.remove("TOTALMEMORY");
        if self.version >= Version::V7_0 && host.state != HostState::Offline {
            host.template.set("TOTALCPU", host.cpu.to_string());
            host.template.set("TOTALMEMORY", host.memory_kib.to_string());
        }
    }

    /// Set one attribute of a host's template, for example `HA_STANDBY`.
    pub fn set_host_attribute(&mut self, host: HostId, name: &str, value: &str) {
        if let Some(host) = self.state.hosts.get_mut(&host) {
            host.template.set(name, value);
        }
    }

    /// Add a datastore; the first new id is 100.
    pub fn add_datastore(&mut self, spec: DatastoreSpec) -> DatastoreId {
        let last = self.state.datastores.keys().next_back().map_or(0, |id| id.0);
        let id = DatastoreId((last + 1).max(100));
        self.insert_datastore(id, spec, Template::default());
        id
    }

    pub(crate) fn insert_datastore(&mut self, id: DatastoreId, spec: DatastoreSpec, more: Template) {
        let mut template = driver_attributes(self.version, &spec);
        template.merge(more);
        match spec.shared.as_deref() {
            Some("") => drop(template.remove("SHARED")),
            Some(text) => template.set("SHARED", text),
            None => {}
        }
        let ds_mad = match spec.kind {
            1 => "-",
            2 => "fs",
            _ => "dummy",
        };
        let datastore = Datastore {
            id,
            name: spec.name,
            ds_mad: ds_mad.to_owned(),
            tm_mad: spec.tm_mad,
            kind: spec.kind,
            clusters: spec.clusters.into_iter().collect(),
            template,
        };
        self.state.datastores.insert(id, datastore);
    }

    /// Add a VM group; its id and the members in its roles are ignored, VMs join by [`VmSpec::group`].
    pub fn add_vm_group(&mut self, group: &VmGroup) -> GroupId {
        let mut template = Template::default();
        for (name, sets) in [("AFFINED", &group.affined), ("ANTI_AFFINED", &group.anti_affined)] {
            for roles in sets {
                template.push(name, Attribute::Single(roles.join(",")));
            }
        }
        let roles = group.roles.iter().enumerate().map(role).collect();
        self.insert_group(&group.name, roles, template)
    }

    pub(crate) fn insert_group(&mut self, name: &str, roles: Vec<Role>, template: Template) -> GroupId {
        let id = GroupId(self.state.groups.keys().next_back().map_or(0, |id| id.0 + 1));
        let group = Group { name: name.to_owned(), roles, template, lock: None };
        self.state.groups.insert(id, group);
        id
    }

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
        if let Some((group, role)) = &spec.group {
            let pairs = [("ROLE", role.clone()), ("VMGROUP_ID", group.0.to_string())];
            let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
            template.push("VMGROUP", Attribute::Vector(pairs.into()));
        }
        let mut user_template = Template::default();
        for (name, value) in &spec.attributes {
            user_template.set(name, value);
        }
        let id = self.insert_vm(&spec.name, spec.state, template, user_template);
        self.place(id, &spec);
        id
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
        let requirements = if self.version >= Version::V7_0 {
            "!(PIN_POLICY = PINNED)"
        } else {
            "!(PUBLIC_CLOUD = YES) & !(PIN_POLICY = PINNED)"
        };
        template.set("AUTOMATIC_REQUIREMENTS", requirements);
        template.set("VMID", id.0.to_string());
        let uuid = self.uuid();
        template.set_vectors("OS", vec![BTreeMap::from([("UUID".to_owned(), uuid)])]);
        let pci = template.vectors("PCI").enumerate().map(|(at, pci)| guest_side(at, pci)).collect();
        template.set_vectors("PCI", pci);
        if !template.vectors("PCI").any(|_| true) {
            template.remove("PCI");
        }
        let vm = Vm {
            id,
            name: name.to_owned(),
            state,
            before: state,
            step: 0,
            busy: false,
            resched: false,
            stime: self.epoch(),
            etime: 0,
            deploy_id: String::new(),
            lock: None,
            cpu: hundredths(template.get("CPU").unwrap_or("0")),
            memory_kib: template.get("MEMORY").and_then(|text| text.parse::<i64>().ok()).unwrap_or(0) << 10,
            template,
            user_template,
            history: Vec::new(),
            disks_on: None,
        };
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
            record.retime = now;
        }
        vm.history.push(record);
        if charged {
            self.state.charge(spec.host, id);
        }
        if has_domain(spec.state) {
            self.physics.start(id, spec.host, self.now);
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

/// ACTIVE states in which the hypervisor has a domain of the VM.
fn has_domain(state: VmState) -> bool {
    let VmState::Active(lcm) = state else { return false };
    let before = [
        LcmState::Prolog,
        LcmState::Boot,
        LcmState::PrologFailure,
        LcmState::BootFailure,
        LcmState::BootPoweroff,
        LcmState::BootSuspended,
    ];
    let moving =
        [LcmState::Epilog, LcmState::EpilogStop, LcmState::PrologMigrate, LcmState::PrologMigrateUnknown];
    !before.contains(&lcm) && !moving.contains(&lcm) && !lcm.to_string().ends_with("_POWEROFF")
        || lcm == LcmState::ShutdownPoweroff
}

/// What oned copies from `TM_MAD_CONF` into a datastore. SHARED follows the driver, whatever the client says.
pub(crate) fn driver_attributes(version: Version, spec: &DatastoreSpec) -> Template {
    let mut template = Template::default();
    let local = matches!(spec.tm_mad.as_str(), "ssh" | "local");
    let mut pairs = vec![
        ("ALLOW_ORPHANS", if spec.kind == 2 { "FORMAT" } else { "NO" }),
        ("RESTRICTED_DIRS", "/"),
        ("SAFE_DIRS", "/var/tmp"),
        ("TM_MAD", spec.tm_mad.as_str()),
        (
            "TYPE",
            ["IMAGE_DS", "SYSTEM_DS", "FILE_DS"]
                .get(usize::try_from(spec.kind).unwrap_or(9))
                .unwrap_or(&"BACKUP_DS"),
        ),
    ];
    if version >= Version::V7_0 {
        pairs.push(("PERSISTENT_SNAPSHOTS", "YES"));
    }
    if spec.kind != 2 {
        pairs.push(("DISK_TYPE", "FILE"));
    }
    if spec.kind == 1 {
        pairs.extend([("DS_MIGRATE", "YES"), ("SHARED", if local { "NO" } else { "YES" })]);
        if version >= Version::V7_0 {
            pairs.extend([("DS_LIVE_MIGRATE", "YES"), ("DS_MIGRATE_SNAP", "YES")]);
        }
    } else {
        let links = if spec.kind == 2 { "SYSTEM" } else { "NONE" };
        let driver = if spec.kind == 2 { "fs" } else { "dummy" };
        pairs.extend([("CLONE_TARGET", "SYSTEM"), ("LN_TARGET", links), ("DS_MAD", driver)]);
    }
    for (name, value) in pairs {
        template.set(name, value);
    }
    template
}

fn device(spec: PciSpec) -> HostPci {
    HostPci {
        vendor: spec.vendor,
        device: spec.device,
        class: spec.class,
        short_address: spec.short_address,
        vm: None,
    }
}

fn request(spec: &PciSpec) -> BTreeMap<String, String> {
    [
        ("VENDOR", &spec.vendor),
        ("DEVICE", &spec.device),
        ("CLASS", &spec.class),
        ("SHORT_ADDRESS", &spec.short_address),
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

fn role((at, role): (usize, &crate::model::Role)) -> Role {
    let ids = |hosts: &[HostId]| {
        let ids: Vec<String> = hosts.iter().map(|host| host.0.to_string()).collect();
        ids.join(",")
    };
    let policy = match &role.policy {
        crate::model::GroupPolicy::None => String::new(),
        crate::model::GroupPolicy::Affined => "AFFINED".to_owned(),
        crate::model::GroupPolicy::AntiAffined => "ANTI_AFFINED".to_owned(),
        crate::model::GroupPolicy::Unknown(text) => text.clone(),
    };
    let attributes = [
        ("ID", at.to_string()),
        ("NAME", role.name.clone()),
        ("POLICY", policy),
        ("HOST_AFFINED", ids(&role.host_affined)),
        ("HOST_ANTI_AFFINED", ids(&role.host_anti_affined)),
    ];
    Role {
        attributes: attributes
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        vms: BTreeSet::new(),
    }
}
