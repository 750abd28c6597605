//! Tests of what a controller's settings must say.

use super::*;
use crate::config::{Config, Environment};
use crate::error::Error;

const SHARED: &str = "[device.bmc]\ndriver = \"redfish\"\nparams = { username = \"fence\" }\n\
                      secrets = { password = \"/etc/one/secrets/bmc-{host}\" }\n";
const UUID_1: &str = "4c4c4544-0037-4210-8054-b7c04f383431";
const UUID_2: &str = "4c4c4544-0037-4210-8054-b7c04f383432";

fn entry(id: u32, lines: &str) -> String {
    format!("[[host]]\nid = {id}\nname = \"kvm{id}\"\ndevices = [\"bmc\"]\n[host.params.bmc]\n{lines}\n")
}

fn good(id: u32, uuid: &str) -> String {
    entry(
        id,
        &format!("url = \"https://10.8.1.{id}\"\nsystem = \"/redfish/v1/Systems/1\"\nuuid = \"{uuid}\""),
    )
}

fn parse(text: &str) -> Result<Config, String> {
    let config = Config::parse(text, Path::new("/etc/one/onerescue.toml"), &Environment::default());
    config.map_err(|error| {
        let Error::Settings { why, .. } = error else {
            panic!("{error}");
        };
        why
    })
}

fn refused(text: &str, expected: &str) {
    let why = parse(text).expect_err(text);
    assert!(why.contains(expected), "{text}: {why}");
}

#[test]
fn row_20_a_controller_without_a_system_an_identity_or_tls_is_refused() {
    let one = good(1, UUID_1);
    assert!(parse(&format!("{SHARED}{one}")).is_ok());
    let bad = [
        ("/redfish/v1/Systems/1", "/redfish/v1/Systems", "list of all systems"),
        ("/redfish/v1/Systems/1", "/redfish/v1/Systems/", "list of all systems"),
        ("/redfish/v1/Systems/1", "redfish/v1/Systems/1", "path of one system"),
        ("/redfish/v1/Systems/1", "/redfish/v1/Systems/../Systems/1", "path of one system"),
        ("/redfish/v1/Systems/1", "//10.8.1.2/redfish/v1/Systems/1", "path of one system"),
        ("/redfish/v1/Systems/1", "/redfish/v1/Systems/1?x", "path of one system"),
        ("/redfish/v1/Systems/1", "/", "path of one system"),
        ("https://10.8.1.1", "http://10.8.1.1", "does not begin with https://"),
        ("https://10.8.1.1", "10.8.1.1", "`url` cannot be read"),
        ("https://10.8.1.1", "https://fence:x@10.8.1.1", "has a user or a password"),
        ("https://10.8.1.1", "https://10.8.1.1/redfish", "more than a host and a port"),
        (UUID_1, "4c4c4544", "is not a UUID"),
        (UUID_1, "4c4c4544-0037-4210-8054-b7c04f38343g", "is not a UUID"),
        (UUID_1, "00000000-0000-0000-0000-000000000000", "nobody gave them one"),
        (UUID_1, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "nobody gave them one"),
    ];
    for (old, new, expected) in bad {
        refused(&format!("{SHARED}{}", one.replace(old, new)), expected);
    }
    for key in ["url", "system", "uuid"] {
        let without = one.lines().filter(|line| !line.starts_with(key)).collect::<Vec<_>>().join("\n");
        refused(&format!("{SHARED}{without}"), &format!("needs `{key}`"));
    }
    refused(&format!("{}{one}", SHARED.replace("username", "uuid")), "needs `username`");
    refused(&format!("{}{one}", SHARED.replace("\"fence\"", "\"a:b\"")), "must not have a colon");
    refused(&format!("{SHARED}[[host]]\nid = 1\nname = \"a\"\ndevices = [\"bmc\"]\n"), "needs `");
}

#[test]
fn an_unknown_parameter_is_refused_with_the_list_of_those_that_there_are() {
    let one = good(1, UUID_1);
    for stranger in ["insecure = \"1\"", "ssl_insecure = \"1\"", "ip = \"10.8.1.1\"", "systems_uri = \"/x\""]
    {
        refused(&format!("{SHARED}{one}{stranger}\n"), "it has url, system, uuid, serial, username, ca_file");
    }
    let shared = SHARED.replace("username = ", "user = \"x\", username = ");
    refused(&format!("{shared}{one}"), "has no parameter `user`");
    refused(&format!("{}{one}", SHARED.replace("password =", "token =")), "needs one secret");
    let without = SHARED.lines().filter(|line| !line.starts_with("secrets")).collect::<Vec<_>>().join("\n");
    refused(&format!("{without}\n{one}"), "needs one secret");
    refused(&format!("{SHARED}{one}password = \"x\"\n"), "is a secret");
    refused(&format!("{SHARED}{one}session = \"0\"\n"), "`session` is a switch");
    refused(&format!("{SHARED}{one}ca_file = \"ca.pem\"\n"), "`ca_file` must be an absolute path");
    refused(&format!("{SHARED}ca_file = \"/ca.pem\"\n{one}"), "does not belong to this driver");
}

#[test]
fn row_53_two_hosts_do_not_share_a_system_or_an_identity() {
    let two = |second: &str| format!("{SHARED}{}{second}", good(1, UUID_1));
    assert!(parse(&two(&good(2, UUID_2))).is_ok());
    refused(&two(&good(2, &UUID_1.to_uppercase())), "the same machine for host 1");
    let same = [
        "https://10.8.1.1",
        "https://10.8.1.1:443",
        "https://10.8.1.1/",
        "https://0x0a.8.1.1",
        "HTTPS://10.8.1.1",
    ];
    for url in same {
        refused(&two(&good(2, UUID_2).replace("https://10.8.1.2", url)), "the same machine for host 1");
        let slash = good(2, UUID_2).replace("https://10.8.1.2", url).replace("Systems/1", "Systems/1/");
        refused(&two(&slash), "the same machine for host 1");
    }
    // Several systems of one controller, as a chassis of blades has them.
    let blade = good(2, UUID_2).replace("10.8.1.2", "10.8.1.1").replace("Systems/1", "Systems/2");
    assert!(parse(&two(&blade)).is_ok());
    // Under another device it is the same machine still.
    let again = SHARED.replace("[device.bmc]", "[device.bmc2]");
    refused(
        &format!("{again}{}", two(&good(2, UUID_1).replace("bmc", "bmc2"))),
        "the same machine for host 1",
    );
    let serial = |id: u32| {
        let line = format!("url = \"https://10.8.1.{id}\"\nsystem = \"/s/1\"\nserial = \"CZ1234\"");
        entry(id, &line)
    };
    refused(&format!("{SHARED}{}{}", serial(1), serial(2)), "the same machine for host 1");
    // Two ways to one machine are no contradiction.
    let both = good(1, UUID_1).replace("[\"bmc\"]", "[\"bmc\", \"bmc2\"]");
    let own =
        both.lines().skip_while(|line| !line.starts_with("[host.params")).collect::<Vec<_>>().join("\n");
    assert!(parse(&format!("{SHARED}{again}{both}{}", own.replace("bmc", "bmc2"))).is_ok());
}

#[test]
fn a_fingerprint_is_64_digits_with_or_without_colons_and_counts_before_a_ca_file() {
    let pin =
        "7F:83:b1:65:7f:f1:fc:53:b9:2d:c1:81:48:a1:d6:5d:fc:2d:4b:1f:a3:d6:77:28:4a:dd:d2:00:12:6d:90:69";
    let Ok(Trust::Fingerprint(bytes)) = trust(Some("/ca.pem"), Some(pin)) else {
        panic!("{pin} is refused");
    };
    assert_eq!((bytes[0], bytes[31]), (0x7f, 0x69));
    assert_eq!(trust(None, Some(&pin.replace(':', ""))), Ok(Trust::Fingerprint(bytes)));
    for bad in
        ["", "7f83", &pin[3..], &pin.replace("69", "6g"), &pin.replace("69", "+9"), &format!("{pin}00"), "ä"]
    {
        assert!(trust(None, Some(bad)).is_err(), "{bad}");
    }
    assert_eq!(trust(Some("/ca.pem"), None), Ok(Trust::Authorities("/ca.pem".into())));
    assert_eq!(trust(None, None), Ok(Trust::System));
}

#[test]
fn the_hosts_name_and_id_are_filled_in() {
    let text = format!(
        "{}{}",
        SHARED.replace("username", "url = \"https://bmc-{host}:8{id}\", system = \"/s/{id}\", username"),
        entry(12, "serial = \"CZ12\"")
    );
    let config = parse(&text).unwrap();
    let entry = config.hosts.values().next().unwrap();
    let (name, device) = config.devices.iter().next().unwrap();
    let crate::config::Driver::Redfish { params, .. } = &device.driver else {
        panic!("{device:?}");
    };
    let controller = Controller::read(&entry.parameters(name, params)).unwrap();
    assert_eq!(controller.url.as_str(), "https://bmc-kvm12:812/");
    assert_eq!(controller.system, "/s/12");
}
