//! A list of hosts in the settings file: what is meant is written, everything else stays.

use super::*;
use crate::model::{HostId, HostState};
use std::path::Path;

const SETTINGS: &str = r#"# The night shift's file.
[wait]
cycles = 3 # not 2

[device.pdu]
driver = "agent"
agent = "fence_apc"
power = "external"
params = { ip = "10.9.0.11", username = "fence" }
secrets = { password = "/etc/one/secrets/pdu" }

# Rack 1
[[host]]
id = 0
name = "kvm0"
devices = ["pdu"]
[host.params.pdu]
plug = "1" # the lower one

# Rack 2
[[host]]
id = 1
name = "kvm1"
devices = ["pdu"]
params = { pdu = { plug = "2" } }
# the end
"#;

fn hosts() -> Vec<Host> {
    (0..5).map(|id| Host::new(HostId(id), &format!("kvm{id}"), HostState::Monitored)).collect()
}

fn listed(text: &str, list: &str) -> Result<Changed, String> {
    let config = Config::parse(text, Path::new("/etc/one/onerescue.toml"), &Environment::default()).unwrap();
    let list = if list.starts_with('[') { List::Json(list) } else { List::Csv(list) };
    with_list(text, &config, &hosts(), &[], list)
}

#[track_caller]
fn refused(list: &str, why: &str) -> String {
    let found = listed(SETTINGS, list).unwrap_err();
    assert!(found.contains(why), "{list}: {found}");
    found
}

#[test]
fn what_differs_is_written_and_every_comment_stays() {
    let list = "host,driver,plug\nkvm0,pdu,7\n1,pdu,8\nkvm2,pdu,9\n";
    let changed = listed(SETTINGS, list).unwrap();
    let expected = SETTINGS
        .replace("plug = \"1\" # the", "plug = \"7\" # the")
        .replace("plug = \"2\"", "plug = \"8\"")
        .replace(
            "# the end\n",
            "\n[[host]]\nid = 2\nname = \"kvm2\"\ndevices = [\"pdu\"]\n\n[host.params.pdu]\nplug = \"9\"\n# the end\n",
        );
    assert_eq!(changed.text, expected);
    let again = listed(&changed.text, list).unwrap();
    assert_eq!((again.text, again.left.len()), (expected, 0));
}

#[test]
fn devices_are_declared_once_and_several_lines_of_a_host_are_levels() {
    let list = "Host,Driver,Address,User,Secret file,System,UUID\n\
        kvm2,ipmi,10.8.0.2,fence,/etc/one/secrets/bmc-kvm2,,\n\
        kvm3,fence_ipmilan,10.8.0.3,root,/etc/one/secrets/bmc-kvm3,,\n\
        kvm3,redfish,10.8.1.3,fence,/etc/one/secrets/rf-kvm3,/redfish/v1/Systems/1,4c4c4544-0037-4210-8054-b7c04f383432\n";
    let text = listed(SETTINGS, list).unwrap().text;
    for part in [
        "\n[device.ipmi]\ndriver = \"agent\"\nagent = \"fence_ipmilan\"\nparams = { lanplus = \"1\", username = \"fence\" }\n\
         secrets = { password = \"/etc/one/secrets/bmc-{host}\" }\n",
        "\n[device.redfish]\ndriver = \"redfish\"\n",
        "\nname = \"kvm2\"\ndevices = [\"ipmi\"]\n\n[host.params.ipmi]\nip = \"10.8.0.2\"\n",
        "levels = [[\"ipmi\"], [\"redfish\"]]\n\n[host.params.ipmi]\nip = \"10.8.0.3\"\nusername = \"root\"\n",
        "url = \"https://10.8.1.3\"\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert_eq!(listed(&text, list).unwrap().text, text);
    let json = r#"[{"host": "kvm4", "driver": "ipmi", "address": "10.8.0.4", "secret_file": "/etc/one/secrets/bmc-{host}"}]"#;
    assert_eq!(listed(&text, json).unwrap().text.matches("[device.ipmi").count(), 1);
}

#[test]
fn an_entry_with_other_devices_is_named_and_stays() {
    let changed =
        listed(SETTINGS, "host,driver,address,secret_file\nkvm0,ipmi,10.8.0.9,/etc/one/secrets/b\n").unwrap();
    assert_eq!(changed.text, SETTINGS);
    assert_eq!(changed.left, ["kvm0 (host 0) has an entry without the device ipmi: it stays as it is"]);
}

#[test]
fn what_cannot_be_used_is_refused_by_name_and_no_secret_is_shown() {
    refused("host,driver\nkvm9,pdu\n", "line 2: there is no host \"kvm9\"");
    refused("host,driver\nkvm2,bmc\n", "line 2: driver \"bmc\" is not known");
    refused("host,driver\nkvm2,ipmi\n", "needs a `secret_file`");
    refused("host,driver,rack\nkvm2,pdu,7\n", "column \"rack\" is not known");
    refused("host,plug\nkvm2,7\n", "line 2: `host` and `driver` must both be given");
    refused("host,driver,plug\nkvm2,pdu,7\nkvm2,pdu,8\n", "line 3: host kvm2 has the device pdu twice");
    refused("host,driver,plug\nkvm2,pdu,1\n", "would power off the same machine");
    refused("host,driver\nkvm2\n", "another number of fields");
    refused("[{\"host\": [1]}]", "entry 1: `host` is neither");
    refused(
        "host,driver,secret_file\nkvm2,pdu,/etc/one/secrets/other\n",
        "[device.pdu] does not have the secret file",
    );
    let both = refused("host,driver\nkvm8,pdu\nkvm9,pdu\n", "\"kvm8\"; line 3: there is no host \"kvm9\"");
    assert!(!both.contains("more"), "{both}");
    let secret = "hunter2";
    for list in [
        format!("host,driver,password\nkvm2,pdu,{secret}\n"),
        format!("host,driver,Community\nkvm2,pdu,{secret}\n"),
        format!("host,driver,secret_file\nkvm2,ipmi,{secret}\n"),
        format!("host,driver,address,secret_file\nkvm2,ipmi,root:{secret}@10.8.0.2,/etc/one/secrets/b\n"),
        format!("[{{\"host\": \"kvm2\", \"driver\": \"pdu\", \"passwd\": \"{secret}\"}}]"),
        format!("[{{\"host\": \"kvm2\", {secret}"),
    ] {
        let found = listed(SETTINGS, &list).unwrap_err();
        assert!(!found.contains(secret), "{found}");
    }
}

#[test]
fn hosts_without_an_entry_get_lines_to_fill_in() {
    let of = |text: &str| {
        let config =
            Config::parse(text, Path::new("/etc/one/onerescue.toml"), &Environment::default()).unwrap();
        missing(&config, &hosts(), &[])
    };
    let many = format!(
        "{SETTINGS}\n[[host]]\nnames = \"kvm*\"\ndevices = [\"pdu\"]\n[host.params.pdu]\nip = \"10.9.0.{{n}}\"\n"
    );
    assert_eq!(of(&many), "");
    let lines = of(SETTINGS);
    assert!(
        lines.contains("id = 4\nname = \"kvm4\"\ndevices = [\"pdu\"]\n[host.params.pdu]\nip = \"ADDRESS\"\n"),
        "{lines}"
    );
    assert!(!lines.contains("kvm1") && !lines.contains("[device"), "{lines}");
    let lines = of("");
    assert!(lines.contains("[device.ipmi]\n") && lines.matches("[[host]]").count() == 5, "{lines}");
    assert!(lines.parse::<toml_edit::DocumentMut>().is_ok(), "{lines}");
}

#[test]
fn what_a_pattern_gives_already_is_not_written_and_what_differs_wins_over_it() {
    let ipmi = "[device.ipmi]\ndriver = \"agent\"\nagent = \"fence_ipmilan\"\n\
        params = { lanplus = \"1\", username = \"fence\" }\nsecrets = { password = \"/etc/one/secrets/bmc\" }\n\
        [[host]]\nnames = \"kvm*\"\ndevices = [\"ipmi\"]\naddress = \"10.7.0.{n}\"\n[host.params.ipmi]\nip = \"10.8.0.{n}\"\n";
    let text = ipmi.to_owned();
    let one = |host: &str, ip: &str| {
        format!("host,driver,address,user,secret_file\n{host},ipmi,{ip},fence,/etc/one/secrets/bmc\n")
    };
    let same = listed(&text, &one("kvm2", "10.8.0.2")).unwrap();
    assert_eq!(
        (same.text.as_str(), same.has),
        (text.as_str(), vec![(HostId(2), DeviceName("ipmi".to_owned()))])
    );
    assert_eq!(
        same.left,
        ["kvm2 (host 2): [[host]] names = \"kvm*\" (line 6) gives it exactly this, so nothing is written"]
    );
    let other = listed(&text, &one("kvm2", "10.8.0.77")).unwrap();
    let entry = "\n[[host]]\nid = 2\nname = \"kvm2\"\ndevices = [\"ipmi\"]\n\n[host.params.ipmi]\nip = \"10.8.0.77\"\n";
    assert_eq!(other.text, format!("{text}{entry}"));
    assert_eq!(
        other.left,
        ["kvm2 (host 2): its own entry wins over [[host]] names = \"kvm*\" (line 6), which gave it \
          ipmi: fence_ipmilan ip=10.8.0.2 lanplus=1 username=fence; the address 10.7.0.2"]
    );
    // Another device than the pattern's, and a host that its pattern refuses.
    let redfish = "host,driver,address,user,secret_file,system,uuid\n\
        kvm2,redfish,10.8.0.2,fence,/etc/one/secrets/rf,/redfish/v1/Systems/1,4c4c4544-0037-4210-8054-b7c04f383432\n";
    assert!(listed(&text, redfish).unwrap().left[0].contains("its own entry wins over"));
    let refused = text.replace("10.8.0.{n}", "10.8.0.1");
    let told = listed(&refused, &one("kvm2", "10.8.0.2")).unwrap();
    assert!(
        told.text.contains("id = 2\n") && told.left[0].contains("of which nothing was used: "),
        "{:?}",
        told.left
    );
    // An entry of its own is changed, whatever a pattern says.
    let own = listed(&other.text, &one("kvm2", "10.8.0.2")).unwrap();
    assert!(own.left.is_empty() && own.text.contains("ip = \"10.8.0.2\"\n"), "{own:?}");
}
