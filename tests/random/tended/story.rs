//! A story: plain values that become a scenario file.

use std::fmt::Write as _;

/// One VM. The first host is the one that the hook is about.
#[derive(Clone, Debug)]
pub(crate) struct VmStory {
    pub(crate) host: usize,
    /// `HISTORY/ACTION` of a VM that is POWEROFF from the beginning; none: it is RUNNING.
    pub(crate) off: Option<i64>,
    pub(crate) cpu: i64,
    pub(crate) locked: bool,
    /// `HA_POLICY = NONE`
    pub(crate) opted_out: bool,
    /// `boot = "fails 2"`
    pub(crate) driver: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// `host_back` or `vm_down`, the latter for the first VM.
    pub(crate) hook: &'static str,
    pub(crate) call: &'static str,
    pub(crate) settings: &'static str,
    /// Cores of each host.
    pub(crate) hosts: Vec<i64>,
    pub(crate) vms: Vec<VmStory>,
    /// Before the hook, in seconds; the verbs are those of a scenario file.
    pub(crate) earlier: Vec<(u64, String)>,
    /// What is written when the hook starts: `recorded node0 closed 10m`.
    pub(crate) before: Vec<String>,
    /// While it runs, in seconds.
    pub(crate) events: Vec<(u64, String)>,
    /// Method, kind, how many calls it spares, how many it hits.
    pub(crate) faults: Vec<(&'static str, &'static str, usize, usize)>,
    /// The step at which an earlier run was killed.
    pub(crate) killed: Option<usize>,
    /// So often `onerescue reconcile` has its turn after that.
    pub(crate) turns: usize,
}

/// When the hook starts.
pub(crate) const START: u64 = 300;

impl Story {
    /// The scenario file.
    pub(crate) fn toml(&self) -> String {
        let mut text = format!(
            "title = \"a random story\"\nhook = {:?}\ncall = {:?}\nhost = \"node0\"\nvm = \"vm0\"\nstart = \"{START}s\"\n\
             then = \"reconcile\"\nsettings = {:?}\n",
            self.hook, self.call, self.settings
        );
        let _ = writeln!(text, "before = {:?}", self.before);
        let timed = |events: &[(u64, String)]| {
            let lines: Vec<_> =
                events.iter().map(|(at, what)| format!("{{ at = \"{at}s\", do = {what:?} }}")).collect();
            lines.join(", ")
        };
        let mut earlier = self.earlier.clone();
        earlier.sort_by_key(|(at, _)| *at);
        let _ = writeln!(text, "earlier = [{}]\nevent = [{}]", timed(&earlier), timed(&self.events));
        let hosts: Vec<_> = self
            .hosts
            .iter()
            .enumerate()
            .map(|(at, cores)| format!("{{ name = \"node{at}\", cpu = {cores} }}"))
            .collect();
        let _ = writeln!(text, "hosts = [{}]", hosts.join(", "));
        for (at, vm) in self.vms.iter().enumerate() {
            let _ =
                writeln!(text, "[[vms]]\nname = \"vm{at}\"\nhost = \"node{}\"", vm.host % self.hosts.len());
            let _ = writeln!(text, "cpu = {}.0\nmemory_mib = 64", vm.cpu);
            if let Some(action) = vm.off {
                let _ = writeln!(text, "state = \"POWEROFF\"\nlast_action = {action}");
            }
            if vm.locked {
                text.push_str("lock = 1\n");
            }
            if vm.opted_out {
                text.push_str("attributes = { HA_POLICY = \"NONE\" }\n");
            }
            if let Some(driver) = vm.driver {
                let _ = writeln!(text, "drivers = {{ boot = \"{driver}\" }}");
            }
        }
        for (method, kind, skip, times) in &self.faults {
            let _ = writeln!(
                text,
                "[[fault]]\nmethod = \"{method}\"\nkind = \"{kind}\"\nskip = {skip}\ntimes = {times}"
            );
        }
        text
    }
}
