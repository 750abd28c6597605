//! Tests of the patterns: what they come to, and what is refused, in its words.

use super::*;
use crate::config::{Config, Environment};
use crate::error::Error;
use crate::model::{ClusterId, HostState};
use std::path::Path;

const IPMI: &str = "[device.ipmi]\ndriver = \"agent\"\nagent = \"fence_ipmilan\"\nparams = { lanplus = \"1\" }\n\
                    secrets = { password = \"/etc/one/secrets/bmc-{n}\" }\n";

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("/etc/one/onerescue.toml"), &Environment::default())
}

fn why(text: &str) -> String {
    match parse(text) {
        Err(Error::Settings { why, .. }) => why,
        Err(other) => other.chain(),
        Ok(_) => panic!("{text} is not refused"),
    }
}

/// `[[host]]` with these lines, whose controllers have this address.
fn table(lines: &str, ip: &str) -> String {
    format!("[[host]]\n{lines}\ndevices = [\"ipmi\"]\n[host.params.ipmi]\nip = \"{ip}\"\n")
}

fn host(id: u32, name: &str, cluster: u32) -> Host {
    Host { cluster: ClusterId(cluster), ..Host::new(HostId(id), name, HostState::Monitored) }
}

/// What the settings come to, a line for each host: its target, or why it has none.
fn come_to(text: &str, hosts: &[Host]) -> Vec<String> {
    let config = parse(text).unwrap();
    let cluster = |id, name: &str| Cluster {
        id: ClusterId(id),
        name: name.to_owned(),
        hosts: Vec::new(),
        datastores: Vec::new(),
        attributes: BTreeMap::new(),
    };
    let clusters = [cluster(0, "default"), cluster(100, "prod")];
    let met = meet(&config.hosts, &config.patterns, &config.devices, hosts, &clusters);
    let line = |host: &Host| match (met.refused.get(&host.id), met.entries.get(&host.id)) {
        (Some(why), _) => why.clone(),
        (None, None) => "nothing".to_owned(),
        (None, Some(entry)) => {
            let target = |name| entry.target(name, &config.devices[name]);
            entry.devices().map(target).collect::<Vec<_>>().join("; ")
        }
    };
    hosts.iter().map(line).collect()
}

#[test]
fn each_host_that_matches_has_its_own_devices() {
    let text = format!("{IPMI}{}", table("names = \"kvm*\"", "10.8.{id}.{n+100}"));
    let hosts = [host(3, "kvm12", 0), host(4, "kvm013", 0), host(5, "lxc1", 0)];
    let expected =
        ["fence_ipmilan ip=10.8.3.112 lanplus=1", "fence_ipmilan ip=10.8.4.113 lanplus=1", "nothing"];
    assert_eq!(come_to(&text, &hosts), expected);
    // In the parameters that every host has it is filled as well, and in those of one host.
    let shared = IPMI.replace("lanplus = \"1\"", "ip = \"bmc-{host}\"");
    let list = format!("{shared}[[host]]\nnames = [\"kvm1?\", \"lxc*\"]\ndevices = [\"ipmi\"]\n");
    let expected = ["fence_ipmilan ip=bmc-kvm12", "nothing", "fence_ipmilan ip=bmc-lxc1"];
    assert_eq!(come_to(&list, &hosts), expected);
    let one = format!("{IPMI}{}", table("id = 3\nname = \"kvm12\"", "10.8.0.{n}"));
    assert_eq!(come_to(&one, &hosts[..1]), ["fence_ipmilan ip=10.8.0.12 lanplus=1"]);
}

#[test]
fn a_cluster_is_a_pattern_and_both_must_match_where_both_are_given() {
    let hosts = [host(1, "kvm1", 100), host(2, "kvm2", 0), host(3, "lxc3", 100), host(4, "kvm4", 101)];
    let ipmi = |n: u32| format!("fence_ipmilan ip=10.8.0.{n} lanplus=1");
    let prod = format!("{IPMI}{}", table("clusters = [\"prod\"]", "10.8.0.{n}"));
    assert_eq!(come_to(&prod, &hosts), [&ipmi(1), "nothing", &ipmi(3), "nothing"]);
    let both = prod.replace("[[host]]\n", "[[host]]\nnames = \"kvm*\"\n");
    assert_eq!(come_to(&both, &hosts), [&ipmi(1), "nothing", "nothing", "nothing"]);
}

#[test]
fn id_and_name_win_and_never_for_another_host() {
    let pattern = table("names = \"kvm*\"", "10.8.0.{n}");
    let one = table("id = 1\nname = \"kvm1\"", "10.9.9.9");
    let text = format!("{IPMI}{pattern}{one}");
    assert_eq!(come_to(&text, &[host(1, "kvm1", 0)]), ["fence_ipmilan ip=10.9.9.9 lanplus=1"]);
    // The host of that id has another name now: whoever uses the entry sees that it is kvm1's.
    assert_eq!(come_to(&text, &[host(1, "kvm7", 0)]), ["fence_ipmilan ip=10.9.9.9 lanplus=1"]);
    let expected = "[[host]] id = 1 has its name, and its id is 8";
    assert_eq!(come_to(&text, &[host(8, "kvm1", 0)]), [expected]);
}

#[test]
fn two_tables_for_one_host_are_refused_by_name() {
    let (names, clusters) =
        (table("names = \"kvm*\"", "10.8.0.{n}"), table("clusters = \"prod\"", "10.9.0.{n}"));
    let hosts = [host(1, "kvm1", 100), host(2, "kvm2", 0), host(3, "lxc3", 100)];
    let expected = [
        "[[host]] names = \"kvm*\" (line 6) and [[host]] clusters = \"prod\" (line 11) match it",
        "fence_ipmilan ip=10.8.0.2 lanplus=1",
        "fence_ipmilan ip=10.9.0.3 lanplus=1",
    ];
    assert_eq!(come_to(&format!("{IPMI}{names}{clusters}"), &hosts), expected);
}

#[test]
fn row_53_two_hosts_that_come_to_one_outlet_are_refused_both() {
    let same = |label: &str, other: u32| {
        format!(
            "[[host]] {label}: device \"ipmi\" would power off the same machine for host {other}: \
             give each its own ip, plug, system or uuid in [host.params.ipmi]"
        )
    };
    let names = |other| same("names = \"kvm*\" (line 6)", other);
    let pattern = format!("{IPMI}{}", table("names = \"kvm*\"", "10.8.0.{n}"));
    let hosts = [host(1, "kvm7", 0), host(2, "kvm07", 0), host(3, "kvm8", 0)];
    assert_eq!(come_to(&pattern, &hosts), [&names(2), &names(1), "fence_ipmilan ip=10.8.0.8 lanplus=1"]);
    let one = table("id = 9\nname = \"old9\"", "10.8.0.8");
    let hosts = [host(3, "kvm8", 0), host(9, "old9", 0)];
    assert_eq!(come_to(&format!("{pattern}{one}"), &hosts), [names(9), same("id = 9", 3)]);
    // As it is where OpenNebula does not have that host.
    assert_eq!(come_to(&format!("{pattern}{one}"), &hosts[..1]), [names(9)]);
}

#[test]
fn a_host_that_cannot_be_filled_in_is_refused_and_no_other_one() {
    let text = format!("{IPMI}{}", table("names = [\"*\"]", "10.8.0.{n}"));
    let hosts = [host(1, "gateway", 0), host(2, "kvm2", 0), host(3, "../kvm3", 0), host(4, "kvm 4", 0)];
    let label = "[[host]] names = [\"*\"] (line 6)";
    let expected = [
        format!(
            "{label}: {{n}} in `password` of [device.ipmi] is the number at the end of a host's name, \
             and \"gateway\" has none there that can be used"
        ),
        "fence_ipmilan ip=10.8.0.2 lanplus=1".to_owned(),
        format!("{label}: the name: \"../kvm3\" is not a host name or an address"),
        format!("{label}: the name: \"kvm 4\" is not a host name or an address"),
    ];
    assert_eq!(come_to(&text, &hosts), expected);
    let one = format!("{IPMI}{}", table("id = 1\nname = \"gateway\"", "10.8.0.1"));
    assert!(why(&one).starts_with("[[host]] id = 1: {n} in `password` of [device.ipmi] is"), "{}", why(&one));
    let redfish = "[device.bmc]\ndriver = \"redfish\"\nparams = { username = \"fence\", system = \"/redfish/v1/Systems/1\" }\n\
                   secrets = { password = \"/etc/one/secrets/bmc\" }\n[[host]]\nnames = \"*\"\ndevices = [\"bmc\"]\n\
                   [host.params.bmc]\nurl = \"https://{host}.bmc\"\n";
    let expected = "[[host]] names = \"*\" (line 5): device \"bmc\": driver = \"redfish\" needs `uuid` or `serial` of the \
                    machine, so that no other one is switched off";
    assert_eq!(come_to(redfish, &[host(2, "kvm2", 0)]), [expected]);
}

/// Somebody who was seen ON as kvm1 proves nothing about the machine that the program switches for kvm2.
#[test]
fn a_program_has_another_target_when_its_host_has_another_name() {
    let text = "[device.own]\ndriver = \"command\"\noff = [\"/sbin/fence\", \"off\"]\nstatus = [\"/sbin/fence\"]\n\
                [[host]]\nnames = \"*\"\ndevices = [\"own\"]\n";
    let come = |name| come_to(text, &[host(1, name, 0)]);
    assert_eq!(
        (come("kvm1"), come("kvm2")),
        (vec!["/sbin/fence off for kvm1".to_owned()], vec!["/sbin/fence off for kvm2".to_owned()])
    );
    let one = text.replace("names = \"*\"", "id = 1\nname = \"kvm1\"");
    assert_eq!(come_to(&one, &[host(1, "kvm1", 0)]), ["/sbin/fence off"]);
}

#[test]
fn a_table_is_for_one_host_or_for_many() {
    let bad = [
        (
            "id = 1\nnames = \"kvm*\"",
            "10.8.0.{n}",
            "[[host]] in line 6: give it `id` and `name` of one host, or `names` or `clusters`",
        ),
        ("name = \"kvm1\"\nclusters = [\"prod\"]", "10.8.0.1", "[[host]] in line 6: give it"),
        ("id = 1", "10.8.0.1", "[[host]] in line 6: give it"),
        ("same_power_accepted = true", "10.8.0.1", "[[host]] in line 6: give it"),
        ("names = []", "10.8.0.{n}", "[[host]] names = [] (line 6): `names` has an empty entry"),
        ("clusters = [\"prod\", \"\"]", "10.8.0.{n}", "`clusters` has an empty entry"),
        (
            "names = \"kvm*\"\naddress = \"10.7.0.1\"",
            "10.8.0.{n}",
            "`address` would be the same for every host",
        ),
        (
            "names = \"kvm*\"\nconsul_node = \"x\"",
            "10.8.0.{n}",
            "`consul_node` would be the same for every host",
        ),
        ("names = \"kvm*\"\naddress = \"10.7.0.{m}\"", "10.8.0.{n}", "{m} in `address` is none of {host}"),
        (
            "names = \"kvm*\"",
            "10.8.0.{n-1}",
            "(line 6): {n-1} in `ip` of [host.params.ipmi] is none of {host}, {id}, {n} and {n+100}",
        ),
        ("names = 7", "10.8.0.{n}", "a pattern such as \"kvm*\", or a list of them"),
    ];
    for (lines, ip, expected) in bad {
        let error = why(&format!("{IPMI}{}", table(lines, ip)));
        assert!(error.contains(expected), "{lines}: {error}");
    }
}

/// What is said of where these hosts are: address and name in Consul, or why nothing is.
fn found(lines: &str, hosts: &[Host]) -> Vec<String> {
    let config = parse(&format!("{IPMI}{}", table(lines, "10.8.0.{id}"))).unwrap();
    let met = meet(&config.hosts, &config.patterns, &config.devices, hosts, &[]);
    let line = |host: &Host| match (met.refused.get(&host.id), met.entries.get(&host.id)) {
        (Some(why), _) => why.clone(),
        (None, None) => "nothing".to_owned(),
        (None, Some(entry)) => format!("{:?} {:?}", entry.address, entry.consul_node),
    };
    hosts.iter().map(line).collect()
}

#[test]
fn each_host_has_an_address_of_its_own_or_none() {
    let text = "names = \"kvm*\"\naddress = \"10.7.0.{n}\"\nconsul_node = \"{host}.hall\"";
    let hosts = [host(1, "kvm1", 0), host(2, "kvm2", 0), host(3, "lxc3", 0)];
    assert_eq!(
        found(text, &hosts),
        ["Some(\"10.7.0.1\") Some(\"kvm1.hall\")", "Some(\"10.7.0.2\") Some(\"kvm2.hall\")", "nothing"]
    );
    let label = "[[host]] names = \"kvm*\" (line 6)";
    // kvm01 and kvm1 have the same number, and kvm is none.
    let hosts = [host(1, "kvm1", 0), host(2, "kvm01", 0), host(3, "kvm", 0)];
    let refused = found(&text.replace("{n}", "{n+10}"), &hosts);
    let in_password = format!("{label}: {{n}} in ");
    assert!(refused[2].starts_with(&in_password), "{refused:?}");
    assert_eq!(
        refused[..2],
        [
            format!("{label}: `address` is 10.7.0.11 for host 2 too"),
            format!("{label}: `address` is 10.7.0.11 for host 1 too")
        ]
    );
    // The name of another host is that one's address.
    let hosts = [host(1, "kvm1", 0), host(2, "10.7.0.1", 0)];
    assert_eq!(
        found(text, &hosts),
        [format!("{label}: `address` is 10.7.0.1 for host 2 too"), "nothing".to_owned()]
    );
    let next = text.replace("{host}.hall", "kvm{n+1}");
    let hosts = [host(1, "kvm1", 0), host(2, "kvm2", 0)];
    assert!(found(&next, &hosts).iter().all(|line| line.starts_with("Some")), "each has another one");
    let other = [host(1, "kvm1", 0), host(2, "KVM2", 0)];
    assert_eq!(found(&next, &other)[0], format!("{label}: `consul_node` is kvm2 for host 2 too"));
    let one = found("id = 1\nname = \"kvm1\"\naddress = \"{host}.hall\"", &other[..1]);
    assert_eq!(one, ["Some(\"kvm1.hall\") None"]);
}
