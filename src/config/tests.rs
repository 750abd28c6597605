//! Tests of the settings: what is refused, what the template says.

use super::*;
use crate::policy::FenceRules;
use std::time::Duration;

const TEMPLATE: &str = include_str!("../../templates/onerescue.toml");

pub(super) fn parse(text: &str) -> Result<Config> {
    Config::parse(text, Path::new("/etc/one/onerescue.toml"), &Environment::default())
}

pub(super) fn why(text: &str) -> String {
    let Err(Error::Settings { why, .. }) = parse(text) else {
        panic!("{text} is not refused");
    };
    why
}

/// The template with every line that may be added.
fn whole_template() -> String {
    let line = |line: &'static str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest,
        Some(_) | None => line,
    };
    TEMPLATE.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_template_is_the_default() {
    let file = PathBuf::from("/etc/one/onerescue.toml");
    let default = Config { origin: Origin::Found, ..Config::without_file(file, &Environment::default()) };
    assert_eq!(parse(TEMPLATE).unwrap(), default);
    assert_eq!(parse("").unwrap(), default);
}

#[test]
fn the_whole_template_can_be_used() {
    let config = parse(&whole_template()).unwrap();
    assert_eq!(config.paths, Paths::default());
    let names: Vec<_> = config.devices.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["blind", "ceph", "ipmi", "pdu", "redfish", "script"]);
    assert_eq!(config.hosts[&HostId(12)].name, "kvm12");
    assert_eq!(config.devices[&DeviceName("ipmi".into())].timeout, Duration::from_secs(75));
}

/// The lines of a section of the template, from its header to the next one.
fn lines_of(header: &str) -> Vec<String> {
    let mut current = String::new();
    let mut lines = Vec::new();
    for line in whole_template().lines() {
        if line.starts_with('[') {
            current = line.to_owned();
        }
        let nested = current.trim_matches(['[', ']']).starts_with("host.") && header == "[[host]]";
        let device = current.starts_with("[device.") && header == "[device.x]";
        if current == header || nested || device {
            lines.push(line.trim_start_matches("[host.").to_owned());
        }
    }
    lines
}

/// The comment above a setting is the first paragraph of its doc comment, but for line breaks and backticks. A setting without
/// one belongs to the setting above it.
#[test]
fn the_template_says_of_each_setting_what_its_declaration_says() {
    let mut all: Vec<_> = SECTIONS.to_vec();
    all.push(("witness.consul", |config| config.witness.consul.get_or_insert_default().settings()));
    let (mut config, mut found, mut told) = (Config::default(), comments(), Vec::new());
    for (section, settings) in all {
        for setting in settings(&mut config).iter().filter(|setting| setting.name != "consul") {
            let first = setting.doc.iter().map(|line| line.trim()).take_while(|line| !line.is_empty());
            let doc = first.collect::<Vec<_>>().join(" ").replace('`', "");
            let comment = found.remove(&format!("{section}.{}", setting.name));
            if comment.as_ref().is_none_or(|comment| !comment.is_empty() && *comment != doc) {
                told.push(format!(
                    "[{section}] {}\n  template:    {comment:?}\n  declaration: {doc}",
                    setting.name
                ));
            }
        }
    }
    let tables = ["device.", "host.", "notify."];
    found.retain(|key, _| !tables.iter().any(|table| key.starts_with(table)));
    assert!(told.is_empty() && found.is_empty(), "{}\nnot declared: {found:?}", told.join("\n"));
}

/// The comment above each setting of the template, in one line.
fn comments() -> BTreeMap<String, String> {
    let (mut section, mut comment, mut found) = (String::new(), String::new(), BTreeMap::new());
    for line in TEMPLATE.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment = format!("{comment} {text}");
            continue;
        }
        let line = line.strip_prefix('#').unwrap_or(line);
        if line.starts_with('[') {
            section = line.trim_start_matches('[').trim_end_matches(']').to_owned();
        } else if let Some((key, _)) = line.split_once(" = ") {
            found.insert(format!("{section}.{key}"), comment.trim().replace('`', ""));
        }
        comment.clear();
    }
    found
}

/// Ask the parser itself which keys there are: its error about an unknown one lists them.
#[test]
fn every_key_of_a_device_and_a_host_is_in_the_template() {
    for section in ["[device.x]", "[[host]]", "[[notify]]"] {
        let error = why(&format!("{section}\nno_such_key = 1\n"));
        let (_, list) = error.split_once("expected one of ").expect(&error);
        let keys: Vec<_> = list.split('`').skip(1).step_by(2).collect();
        assert!(keys.len() > 2, "{section}: {keys:?}");
        let lines = lines_of(section);
        let is_key = |line: &str, key: &str| {
            ["=", "."].iter().any(|end| line.replace(' ', "").starts_with(&format!("{key}{end}")))
        };
        for key in keys {
            assert!(lines.iter().any(|line| is_key(line, key)), "{section} {key} is not in the template");
        }
    }
}

/// As the parser of TOML would say it, with the line.
#[test]
fn what_is_not_known_or_of_another_type_is_shown() {
    for (text, said) in [
        ("nosuch = 1", "unknown field `nosuch`, expected one of `log`, `run_dir`, `oned`, `wait`, "),
        (
            "[hold]\nnosuch = 1",
            "unknown field `nosuch`, expected one of `look`, `longest`, `deadline`, `vms`\n",
        ),
        ("wait = 5", "invalid type: integer `5`, expected a section"),
        ("[wait]\ncycles = \"5\"", "invalid type: string \"5\", expected u32"),
        ("[wait]\ncycles = -1", "invalid value: integer `-1`, expected u32"),
        ("[plan]\nstandby = \"First\"", "unknown variant `First`, expected one of `first`, `only`, `last`"),
        ("[host_back]\nfailback = \"now\"", "unknown variant `now`, expected `never` or `after`"),
        ("[exclude]\nvms = [\"web\"]", "invalid type: string \"web\", expected u32"),
        (
            "[witness.consul]\nport = 1",
            "unknown field `port`, expected one of `url`, `ca_file`, `token_file`",
        ),
    ] {
        let error = why(text);
        assert!(error.contains(said) && error.contains("line "), "{text}: {error}");
    }
}

#[test]
fn an_error_shows_its_line() {
    let error = why("[fence]\nsample = 3\n");
    assert!(error.contains("line 2") && error.contains("unknown field `sample`"), "{error}");
    let error = why("[wait]\ncycle = \"90\"\n");
    assert!(error.contains("line 2") && error.contains('^'), "{error}");
    let error = why("[oned]\ndeadline = 30\n");
    assert!(error.contains("line 2"), "{error}");
    let error = why("[wait]\nlook = \"1s\"\ncycles = 5000\n");
    let named = error.contains("wait.cycles is 5000; it must be between 0 and 1000");
    assert!(named && error.contains("3 | cycles = 5000"), "{error}");
}

#[test]
fn a_line_with_a_secret_is_not_shown() {
    for line in [
        "password = \"hunter2\"",
        "pasword = \"hunter2\"",
        "passwort = \"hunter2\"",
        "secrets = { password = hunter2 }",
        "community = 'hunter2",
    ] {
        let error = why(&format!("[device.x]\ndriver = \"agent\"\n{line}\n"));
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("line 3"), "{error}");
    }
}

#[test]
fn values_out_of_bounds_are_refused_by_name() {
    let bad = [
        ("[fence]\nsamples = 0", "fence.samples"),
        ("[fence]\ninterval = \"0s\"", "fence.interval"),
        ("[fence]\nattempts = 0", "fence.attempts"),
        ("[fence]\nsamples = 100\ninterval = \"5m\"", "fence.deadline"),
        ("[fence]\nagents_dir = [\"bin\"]", "fence.agents_dir"),
        ("[vm_down]\ncrowd = 1", "vm_down.crowd"),
        ("[vm_down]\ncrowd_time = \"20s\"", "shorter than vm_down.wait_interval"),
        ("[vm_down]\nretry_count = 21", "vm_down.retry_count"),
        ("[host_back]\nquarantine = \"30m\"", "shorter than brake.flap_time"),
        ("[host_back]\nstable = \"0s\"", "host_back.stable"),
        ("[settle]\nparallel = 0", "settle.parallel"),
        ("[settle]\nparallel = 11", "settle.parallel"),
        ("[wait]\nlook = \"0s\"", "wait.look"),
        ("[oned]\nreads = 0", "oned.reads"),
        ("[oned]\nconnect = \"40s\"", "oned.connect"),
        ("[oned]\nendpoint = \"localhost\"", "oned.endpoint"),
        ("log = \"onerescue.log\"", "log"),
        ("[witness.consul]", "witness.consul.url is missing"),
        ("[witness.consul]\nca_file = \"ca.pem\"", "witness.consul.ca_file must be an absolute path"),
        ("[exclude]\nnames = [\"\"]", "exclude.names has an empty entry"),
    ];
    for (text, key) in bad {
        let error = why(text);
        assert!(error.starts_with(key) || error.contains(key), "{text}: {error}");
    }
}

const IPMI: &str =
    "[device.ipmi]\ndriver = \"agent\"\nagent = \"fence_ipmilan\"\nparams = { lanplus = \"1\" }\n";

fn entry(id: u32, name: &str, ip: &str) -> String {
    format!(
        "[[host]]\nid = {id}\nname = \"{name}\"\ndevices = [\"ipmi\"]\n[host.params.ipmi]\nip = \"{ip}\"\n"
    )
}

#[test]
fn row_53_two_hosts_do_not_share_an_outlet() {
    let same = format!("{IPMI}{}{}", entry(1, "a", "10.0.0.1"), entry(2, "b", "10.0.0.1"));
    let error = why(&same);
    assert!(error.contains("would power off the same machine for host 1"), "{error}");
    let other = format!("{IPMI}{}{}", entry(1, "a", "10.0.0.1"), entry(2, "b", "10.0.0.2"));
    assert_eq!(parse(&other).unwrap().hosts.len(), 2);
    let old_name = same.replacen("ip = ", "ipaddr = ", 1);
    assert!(why(&old_name).contains("same machine"), "an old name of ip hides it");
}

/// Calls are counted per controller: hosts share a PDU, and each has a management controller of its own.
#[test]
fn a_device_with_an_address_of_each_host_is_many_controllers() {
    let (a, b) = (entry(1, "a", "10.0.0.1"), entry(2, "b", "10.0.0.2"));
    let more = "devices = [\"ipmi\", \"pdu\"]";
    let plug = |entry: &str, plug| {
        format!("{}[host.params.pdu]\nplug = \"{plug}\"\n", entry.replace("devices = [\"ipmi\"]", more))
    };
    let pdu = "[device.pdu]\ndriver = \"agent\"\nagent = \"fence_apc_snmp\"\naccept_all_else_as_off = true\nparams = { ipaddr = \"10.9.0.1\" }\n";
    let config = parse(&format!("{IPMI}{pdu}{}{}", plug(&a, 1), plug(&b, 2))).unwrap();
    let controllers = |host| {
        let name = |(name, device)| config.hosts[&HostId(host)].controller(name, device);
        config.devices.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(controllers(1), ["ipmi-10.0.0.1", "pdu-10.9.0.1"]);
    assert_eq!(controllers(2), ["ipmi-10.0.0.2", "pdu-10.9.0.1"]);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let one = entry(1, "a", "10.0.0.1");
    let bad = [
        (one.clone(), "there is no [device.ipmi]"),
        (format!("{IPMI}{one}{}", entry(1, "b", "10.0.0.2")), "stands there twice"),
        (format!("{IPMI}{one}{}", entry(2, "a", "10.0.0.2")), "has the name \"a\" too"),
        (format!("{IPMI}[[host]]\nid = 1\nname = \"a\"\ndevices = []"), "a level is empty"),
        (format!("{IPMI}{}", one.replace("\"a\"", "\"../a\"")), "is not the name of a host"),
        (format!("{IPMI}{}", one.replace("10.0.0.1", "10.0.0.1 -v")), "has a blank"),
        (format!("{IPMI}{one}password = \"x\""), "is a secret"),
        (format!("{IPMI}{one}ipaddr = \"10.0.0.3\""), "is given twice"),
        (IPMI.replace("ipmilan", "redfish") + &one, "needs `systems_uri`"),
        (IPMI.replace("ipmilan", "dummy"), "it powers nothing off"),
        (IPMI.replace("device.ipmi", "device.\"../ipmi\""), "[device.\"../ipmi\"]: a device's name has"),
        (IPMI.replace("fence_ipmilan", "../bin/sh"), "file name of an agent"),
        (IPMI.replace("lanplus", "ipmitool_path"), "is not allowed"),
        (format!("{IPMI}off = [\"/bin/x\"]"), "does not belong to this driver"),
        (format!("{IPMI}secrets = {{ password = \"bmc\" }}"), "absolute path"),
        (format!("{IPMI}timeout = \"0s\""), "timeout is 0ns"),
        ("[device.x]\ndriver = \"command\"".to_owned(), "needs `off`"),
        ("[device.x]\ndriver = \"command\"\noff = [\"fence\"]".to_owned(), "absolute path"),
        (
            "[device.x]\ndriver = \"command\"\noff = [\"/f\"]\nstatus = [\"/f\"]\naccept_exit_code = true"
                .to_owned(),
            "has no meaning beside `status`",
        ),
    ];
    for (text, expected) in bad {
        let error = why(&text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}

/// Agents whose "off" is something else than a host without power, and the parameter that makes one say off about
/// a machine that it does not find.
#[test]
fn row_58_what_proves_nothing_is_refused() {
    let error = why(&IPMI.replace("ipmilan", "sbd"));
    let expected = "fence_sbd does not prove that a host is off: \
                    it is proof only if the host's watchdog is known to run";
    assert!(error.contains(expected), "{error}");
    let nothing = [
        ("dummy", "it powers nothing off"),
        ("ack_manual", "it asks somebody"),
        ("heuristics_ping", "it powers nothing off"),
        ("crosslink", "it says off of a host that answers no ping"),
        ("watchdog", "the host's watchdog"),
        ("kdump", "`[wait] dump` waits for that"),
        ("scsi", "leaves it running"),
        ("mpath", "leaves it running"),
        ("brocade", "leaves it running"),
        ("cisco_mds", "leaves it running"),
        ("ifmib", "leaves it running"),
        ("sanbox2", "leaves it running"),
        ("lpar", "\"Error\" and \"Not Available\" among it"),
        ("skalar", "NODE_OFFLINE"),
        ("compute", "it tells a cloud"),
        ("evacuate", "it tells a cloud"),
    ];
    let accepted = format!("{IPMI}accept_all_else_as_off = true\n");
    for (agent, expected) in nothing {
        for device in [IPMI, &accepted] {
            let error = why(&device.replace("ipmilan", agent));
            assert!(error.contains("does not prove that a host is off: it "), "{error}");
            assert!(error.contains(expected), "{error}");
        }
    }
    for key in ["missing_as_off", "missing-as-off"] {
        let error = why(&accepted.replace("ipmilan", "virsh").replace("lanplus", key));
        assert!(error.contains(&format!("the parameter `{key}` is not allowed")), "{error}");
    }
}

/// Their devices do power hosts off, and they say off of everything else too: a person has to name that.
#[test]
fn row_21_an_agent_that_takes_all_else_for_off_is_named_or_refused() {
    let accepted = format!("{IPMI}accept_all_else_as_off = true\n");
    for agent in ["apc_snmp", "amt", "ilo4_ssh", "virsh", "vmware_soap", "rhevm", "zvmip"] {
        for device in [IPMI.to_owned(), accepted.replace("true", "false")] {
            let error = why(&device.replace("ipmilan", agent));
            assert!(error.contains("says off of everything that is not on"), "{error}");
        }
        assert!(parse(&accepted.replace("ipmilan", agent)).is_ok(), "{agent}");
    }
    let error = why(&accepted);
    assert!(error.contains("`accept_all_else_as_off` has no meaning for fence_ipmilan"), "{error}");
    let command = "[device.x]\ndriver = \"command\"\noff = [\"/f\"]\naccept_all_else_as_off = true";
    assert!(why(command).contains("does not belong to this driver"), "{}", why(command));
}

/// Sent to a machine that says off, it is an order as any other: only where it can be read, and where it is sent at all.
#[test]
fn a_device_that_is_told_all_the_same_can_be_read_and_sends_it() {
    let command =
        |status: &str| format!("[device.x]\ndriver = \"command\"\noff = [\"/f\"]\n{status}off_anyway = true");
    let config = parse(&command("status = [\"/f\"]\n")).unwrap();
    assert!(config.devices.values().all(|device| device.off_anyway));
    assert!(why(&command("")).contains("`off_anyway` is for a device that can be asked"));
    let error = why(&format!("{IPMI}off_anyway = true"));
    assert!(error.contains("an agent sends nothing to a machine whose status is off"), "{error}");
}

#[test]
fn a_host_needs_both_its_id_and_its_name() {
    for one in ["id = 1", "name = \"a\"", ""] {
        let error = why(&format!("{IPMI}[[host]]\n{one}\ndevices = [\"ipmi\"]"));
        assert!(error.contains("in line 5: give it `id` and `name` of one host"), "{error}");
    }
}

#[test]
fn only_the_default_place_may_be_empty() {
    let dir = tempfile::tempdir().unwrap();
    let environment = Environment { one_location: Some(dir.path().to_owned()), ..Environment::default() };
    let config = Config::load(&environment, None).unwrap();
    assert_eq!(config.file, dir.path().join("etc/onerescue.toml"));
    assert_eq!(config.paths.run_dir, dir.path().join("var"));
    assert_eq!(config.rules.fence, FenceRules::default());

    let missing = dir.path().join("missing.toml");
    let error = Config::load(&environment, Some(&missing)).unwrap_err();
    assert!(error.chain().contains("missing.toml"), "{}", error.chain());
    let by_variable = Environment { onerescue_config: Some(missing), ..environment };
    assert!(Config::load(&by_variable, None).is_err());
}

#[test]
fn row_55_settings_that_others_may_write_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("onerescue.toml");
    std::fs::write(&path, "[fence]\nsamples = 5\n").unwrap();
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o664);
    let error = Config::load(&Environment::default(), Some(&path)).unwrap_err();
    assert!(error.chain().ends_with("its mode is 0664"), "{}", error.chain());
    mode(0o640);
    let config = Config::load(&Environment::default(), Some(&path)).unwrap();
    assert_eq!(config.rules.fence.samples, 5);
}
