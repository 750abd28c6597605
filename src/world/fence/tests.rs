//! Tests of the devices as the procedure uses them, with small stand-ins for agents.

use super::runner::{Call, run};
use super::*;
use crate::config::Environment;
use crate::model::{HostState, NotOff, ReadBack};
use crate::world::reading::Reading;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Says what it was told, secret included, and fails.
const TELLTALE: &str = "#!/bin/sh\ncat >&2\nexit 1\n";
/// Says off whatever it is asked.
const SAYS_OFF: &str = "#!/bin/sh\ncat >/dev/null\necho 'Status: OFF'\nexit 2\n";

struct Lab {
    dir: TempDir,
}

impl Lab {
    /// A place with one agent, `fence_test`, and the secret of kvm12.
    fn new(agent: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let lab = Self { dir };
        lab.program("fence_test", agent);
        let secret = lab.path("bmc-kvm12");
        fs::write(&secret, "s3cr3t Pw\n").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Another process writes the program: a fork of ours in between would hold it open for writing, and
    /// then it cannot be started.
    fn program(&self, name: &str, text: &str) {
        let arguments = ["-m", "0755", "/dev/stdin", self.path(name).to_str().unwrap()].map(str::to_owned);
        let ran = run(&Call {
            program: Path::new("/usr/bin/install"),
            arguments: &arguments,
            stdin: text.as_bytes(),
            deadline: Duration::from_secs(30),
            ca_file: None,
        });
        assert_eq!(ran.stderr, "");
    }

    fn fence(&self, devices: &str) -> Fence {
        let text = format!(
            "run_dir = \"{dir}\"\n[fence]\nagents_dir = [\"{dir}\"]\n\
             [device.bmc]\ndriver = \"agent\"\nagent = \"fence_test\"\ntimeout = \"10s\"\n\
             params = {{ login = \"fence\" }}\nsecrets = {{ passwd = \"{dir}/bmc-{{host}}\" }}\n\
             [device.script]\ndriver = \"command\"\noff = [\"{dir}/script\", \"now\"]\n\
             status = [\"{dir}/script\", \"--status\"]\n\
             [device.blind]\ndriver = \"command\"\noff = [\"{dir}/script\"]\naccept_exit_code = true\n\
             [device.mute]\ndriver = \"command\"\noff = [\"{dir}/script\"]\n\
             [[host]]\nid = 12\nname = \"kvm12\"\ndevices = {devices}\n",
            dir = self.dir.path().display()
        );
        Fence::new(
            &Config::parse(&text, Path::new("/etc/one/onerescue.toml"), &Environment::default()).unwrap(),
        )
    }
}

fn host(id: u32, name: &str) -> Host {
    Host::new(HostId(id), name, HostState::Error)
}

fn named(name: &str) -> DeviceName {
    DeviceName(name.to_owned())
}

fn unknown(state: PowerState) -> String {
    match state {
        PowerState::Unknown(why) => why,
        PowerState::On | PowerState::Off => panic!("{state} is known"),
    }
}

#[test]
fn row_52_id_and_name_must_both_be_the_hosts() {
    let fence = Lab::new(SAYS_OFF).fence("[\"bmc\"]");
    for (stranger, expected) in [
        (host(12, "kvm13"), "host 12 is kvm13 in OpenNebula but kvm12 in /etc/one/onerescue.toml"),
        (host(13, "kvm12"), "no fence device is declared for host 13, kvm12, in /etc/one/onerescue.toml"),
    ] {
        assert_eq!(fence.plan(&stranger).unwrap_err().to_string(), expected);
        assert_eq!(fence.off(&stranger, "", &named("bmc"), None).unwrap_err(), NotOff::not_sent(expected));
        assert_eq!(unknown(fence.status(&stranger, "", &named("bmc"), None)), expected);
    }
}

/// What a pattern has come to stays that host's, whatever happens to its name before something is sent.
#[test]
fn row_52_a_host_that_is_renamed_is_not_the_one_that_a_pattern_was_met_for() {
    let text = "[device.own]\ndriver = \"command\"\noff = [\"/bin/false\"]\naccept_exit_code = true\n\
                [[host]]\nnames = \"kvm*\"\ndevices = [\"own\"]\n";
    let config = Config::parse(text, Path::new("/etc/one/onerescue.toml"), &Environment::default()).unwrap();
    let mut fence = Fence::new(&config);
    let (kvm12, renamed) = (host(12, "kvm12"), host(12, "kvm13"));
    assert!(
        fence.plan(&kvm12).unwrap_err().to_string().starts_with("no fence device is declared for host 12")
    );
    fence.meet(std::slice::from_ref(&kvm12), &[]);
    assert_eq!(fence.plan(&kvm12).unwrap()[0].0[0].target, "/bin/false for kvm12");
    let expected = "host 12 is kvm13 in OpenNebula but kvm12 in /etc/one/onerescue.toml";
    assert_eq!(fence.off(&renamed, "", &named("own"), None).unwrap_err(), NotOff::not_sent(expected));
    fence.meet(std::slice::from_ref(&renamed), &[]);
    assert_eq!(fence.plan(&renamed).unwrap()[0].0[0].target, "/bin/false for kvm13");
}

#[test]
fn a_host_that_a_pattern_is_not_enough_for_is_refused_with_what_to_do() {
    let text = "[device.own]\ndriver = \"agent\"\nagent = \"fence_test\"\nparams = { ip = \"10.8.0.{n}\" }\n\
                [[host]]\nnames = \"*\"\ndevices = [\"own\"]\n";
    let config = Config::parse(text, Path::new("/etc/one/onerescue.toml"), &Environment::default()).unwrap();
    let mut fence = Fence::new(&config);
    let gateway = host(7, "gateway");
    fence.meet(std::slice::from_ref(&gateway), &[]);
    let error = fence.plan(&gateway).unwrap_err();
    let expected = "no fence device is used for host 7, gateway, by /etc/one/onerescue.toml: [[host]] names = \"*\" (line 5): \
                    {n} in `ip` of [device.own] is the number at the end of a host's name, and \"gateway\" has none there that \
                    can be used";
    assert_eq!(error.to_string(), expected);
    let advice = "correct that in /etc/one/onerescue.toml, or add a `[[host]]` with id = 7 and name = \"gateway\", which wins \
                  over a pattern";
    assert_eq!((error.advice().as_str(), error.exit_code()), (advice, 6));
}

#[test]
fn the_advice_for_a_host_without_a_device_is_lines_that_can_be_used() {
    let config = Config { file: "/etc/one/onerescue.toml".into(), ..Config::default() };
    let fence = Fence::new(&config);
    let advice = fence.plan(&host(7, "node7")).unwrap_err().advice();
    let (first, lines) = advice.split_once('\n').unwrap();
    assert!(first.contains("/etc/one/onerescue.toml"), "{first}");
    let config = Config::parse(lines, Path::new("x"), &Environment::default()).unwrap();
    assert_eq!(config.hosts[&HostId(7)].name, "node7");
}

#[test]
fn the_plan_says_what_each_device_can_show() {
    let lab = Lab::new(SAYS_OFF);
    lab.program("script", SAYS_OFF);
    let plan = lab.fence("[\"mute\", \"bmc\", \"blind\", \"script\"]").plan(&host(12, "kvm12")).unwrap();
    let plan: Vec<_> = plan
        .iter()
        .flat_map(|level| &level.0)
        .map(|device| (device.name.0.as_str(), device.read_back))
        .collect();
    let expected = [
        ("mute", ReadBack::ExitCodeOnly),
        ("bmc", ReadBack::Status),
        ("blind", ReadBack::ExitCodeAccepted),
        ("script", ReadBack::Status),
    ];
    assert_eq!(plan, expected);
}

#[test]
fn a_plan_with_a_device_that_cannot_prove_anything_is_refused() {
    let lab = Lab::new(SAYS_OFF);
    let fence = lab.fence("[\"bmc\", \"script\"]");
    let error = fence.plan(&host(12, "kvm12")).unwrap_err().to_string();
    assert!(error.starts_with("fence device \"script\" of host 12 cannot be used: "), "{error}");

    fs::set_permissions(lab.path("bmc-kvm12"), fs::Permissions::from_mode(0o644)).unwrap();
    let error = fence.plan(&host(12, "kvm12")).unwrap_err().to_string();
    assert!(
        error.ends_with("bmc-kvm12 cannot be used: group or others may use it: its mode is 0644"),
        "{error}"
    );

    fs::remove_file(lab.path("fence_test")).unwrap();
    let error = fence.plan(&host(12, "kvm12")).unwrap_err().to_string();
    assert!(error.contains("there is no program fence_test in "), "{error}");
    assert!(
        unknown(fence.status(&host(12, "kvm12"), "", &named("bmc"), None)).contains("no program fence_test")
    );
}

#[test]
fn a_parameter_that_the_agent_does_not_have_is_refused() {
    let metadata = |names: &[&str]| {
        let line = |name: &&str| format!("echo '<parameter name=\"{name}\" unique=\"0\">'\n");
        format!("#!/bin/sh\n{}", names.iter().map(line).collect::<String>())
    };
    let lab = Lab::new(&metadata(&["ip", "login"]));
    let fence = lab.fence("[\"bmc\"]");
    let error = fence.plan(&host(12, "kvm12")).unwrap_err().to_string();
    assert!(error.ends_with("fence_test has no parameter `passwd`"), "{error}");
    lab.program("fence_test", &metadata(&["passwd", "login"]));
    assert!(fence.plan(&host(12, "kvm12")).is_ok());
}

#[test]
fn row_48_a_secret_is_in_no_answer_and_no_debug() {
    let fence = Lab::new(TELLTALE);
    let fence = fence.fence("[\"bmc\"]");
    let said = fence.off(&host(12, "kvm12"), "", &named("bmc"), None).unwrap_err();
    assert_eq!(said, NotOff::Sent("exit code 1: action=off".to_owned()));
    assert!(!format!("{fence:?}").contains("s3cr3t"));

    let loud = Lab::new("#!/bin/sh\ngrep passwd >&2\nexit 1\n");
    let fence = loud.fence("[\"bmc\"]");
    let why = unknown(fence.status(&host(12, "kvm12"), "", &named("bmc"), None));
    assert_eq!(why, "exit code 1: passwd=(redacted)");
}

#[test]
fn an_agent_gets_its_lines_as_the_operator_wrote_them() {
    let lab = Lab::new("#!/bin/sh\ntr '\\n' ' ' | tr -d P >&2\nexit 1\n");
    let fence = lab.fence("[\"bmc\"]");
    let why = unknown(fence.status(&host(12, "kvm12"), "", &named("bmc"), None));
    assert_eq!(why, "exit code 1: login=fence passwd=s3cr3t w action=status");
}

#[test]
fn a_bad_secret_is_refused_before_an_agent_sees_it() {
    let lab = Lab::new(SAYS_OFF);
    fs::write(lab.path("bmc-kvm12"), "x\naction=on\n").unwrap();
    let fence = lab.fence("[\"bmc\"]");
    let why = fence.plan(&host(12, "kvm12")).unwrap_err().to_string();
    assert!(why.ends_with("has a line break or another control character"), "{why}");
    assert!(!why.contains("action"), "{why}");
}

#[test]
fn a_command_reads_the_document_as_the_stock_script_does() {
    let lab = Lab::new(SAYS_OFF);
    lab.program("script", "#!/bin/sh\nbase64 -d >&2\n[ \"$1\" = now ] && exit 3\necho OFF\n");
    let fence = lab.fence("[\"script\"]");
    let kvm12 = host(12, "kvm12");
    let document = "<HOST><ID>12</ID></HOST>";
    let told = fence.off(&kvm12, document, &named("script"), None);
    assert_eq!(told, Err(NotOff::Sent(format!("exit code 3: {document}"))));
    assert_eq!(fence.status(&kvm12, document, &named("script"), None), PowerState::Off);
}

/// The device takes four calls; all its places are taken.
#[test]
fn a_call_waits_for_its_turn_and_time_in_the_queue_counts() {
    let lab = Lab::new(SAYS_OFF);
    let fence = lab.fence("[\"bmc\"]");
    let (kvm12, bmc) = (host(12, "kvm12"), named("bmc"));
    assert_eq!(fence.status(&kvm12, "", &bmc, None), PowerState::Off);
    let place = |number| fs::File::create(lab.path(&format!("onerescue-device-bmc-{number}.lock"))).unwrap();
    let places = [1, 2, 3, 4].map(place);
    for place in &places {
        place.lock().unwrap();
    }
    let busy = "it is busy: all of its 4 places stayed taken for 1s";
    let mut hasty = fence.clone();
    hasty.devices.get_mut(&bmc).unwrap().timeout = Duration::from_secs(1);
    assert_eq!(unknown(hasty.status(&kvm12, "", &bmc, None)), busy);
    assert_eq!(hasty.off(&kvm12, "", &bmc, None).unwrap_err(), NotOff::not_sent(busy));
    drop(places);
    assert_eq!(hasty.status(&kvm12, "", &bmc, None), PowerState::Off);
}

/// An agent that would take longer than what waiting has left of its ten seconds is ended.
#[test]
fn a_program_gets_the_time_that_waiting_has_left() {
    let lab = Lab::new("#!/bin/sh\nexec sleep 1000\n");
    let mut fence = lab.fence("[\"bmc\"]");
    let (kvm12, bmc) = (host(12, "kvm12"), named("bmc"));
    let device = fence.devices.get_mut(&bmc).unwrap();
    (device.concurrency, device.timeout) = (1, Duration::from_secs(3));
    let began = crate::world::clock::now();
    let place = fs::File::create(lab.path("onerescue-device-bmc-1.lock")).unwrap();
    place.lock().unwrap();
    let answers = std::thread::scope(|scope| {
        let second = scope.spawn(|| unknown(fence.status(&kvm12, "", &bmc, None)));
        // The first one gives up, so the second one has waited long by then.
        let mut hasty = fence.clone();
        hasty.devices.get_mut(&bmc).unwrap().timeout = Duration::from_secs(2);
        let first = unknown(hasty.status(&kvm12, "", &bmc, None));
        drop(place);
        [first, second.join().unwrap()]
    });
    assert_eq!(answers, ["it is busy: all of its 1 places stayed taken for 2s", "no answer in time"]);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_device_without_a_status_or_of_another_host_has_no_answer() {
    let lab = Lab::new(SAYS_OFF);
    lab.program("script", "#!/bin/sh\nexit 0\n");
    let fence = lab.fence("[\"blind\"]");
    let kvm12 = host(12, "kvm12");
    assert_eq!(fence.off(&kvm12, "", &named("blind"), None), Ok(()));
    assert_eq!(unknown(fence.status(&kvm12, "", &named("blind"), None)), "the device has no status program");
    assert_eq!(
        fence.off(&kvm12, "", &named("bmc"), None).unwrap_err(),
        NotOff::not_sent("device \"bmc\" is not one of kvm12")
    );
}

#[test]
fn a_device_is_asked_beside_something_else_and_its_program_does_not_outlive_that() {
    let lab =
        Lab::new("#!/bin/sh\ncat >/dev/null\nsleep 1\n: >\"${0%/*}/ended\"\necho 'Status: OFF'\nexit 2\n");
    let (fence, bmc) = (Arc::new(lab.fence("[\"bmc\"]")), DeviceName("bmc".to_owned()));
    let begin = || {
        let suspect = (host(12, "kvm12"), String::new());
        Reading::begin(Arc::clone(&fence), suspect, vec![(bmc.clone(), None)])
    };
    let reading = begin();
    assert!(!reading.is_in());
    assert_eq!(reading.answers(), [(bmc.clone(), PowerState::Off)]);
    fs::remove_file(lab.path("ended")).unwrap();
    drop(begin());
    assert!(lab.path("ended").exists());
}
