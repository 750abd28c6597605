//! Row 48: nobody else learns a secret. While the real `host_error` runs real agents, the arguments and the environment
//! of every process of this machine are read again and again, as any user could; afterwards everything that was said
//! and kept.
//!
//! Not only the processes of the run's session: an agent's children have sessions of their own.

use super::lab::{Lab, install};
use super::outlets::Pdu;
use super::processes::{Process, processes};
use super::rig::{Ended, Rig};
use crate::hooks::bench::{HOST_ERROR, write};
use onerescue::config::Config;
use onerescue::wire::xmlrpc::{Call, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::thread;
use std::time::Instant;

/// Programs that agents hand a secret to as an argument, and the option it follows. They overwrite it as soon as they
/// have read it, so it stands there from their start until then, and that moment is the agent's: it was met by 30 of
/// 4,500 looks at ipmitool 1.8.19 and by 21 of 209 at net-snmp 5.9.3. Anybody else's argument, or another one of theirs,
/// is a leak.
const MOMENTS: [(&str, &str); 4] = [
    ("/usr/bin/ipmitool", "-P"),
    ("/usr/bin/snmpget", "-c"),
    ("/usr/bin/snmpset", "-c"),
    ("/usr/bin/snmpwalk", "-c"),
];

/// What was seen of the processes.
#[derive(Debug, Default)]
struct Seen {
    /// Who showed a secret, and where.
    leaks: BTreeSet<String>,
    /// Programs that were looked at, by the first two words of their commands.
    programs: BTreeSet<String>,
    /// Looks at each program of [`MOMENTS`], and how many of them fell into its moment.
    looks: BTreeMap<&'static str, [usize; 2]>,
}

impl Seen {
    fn look(&mut self, process: &Process, secrets: &[String]) {
        let tells = |text: &str| secrets.iter().any(|secret| text.contains(secret));
        let words: Vec<&str> = process.command.split(' ').collect();
        self.programs.extend(words.iter().take(3).map(|word| (*word).to_owned()));
        let name = words[0].to_owned();
        if tells(&process.environment) {
            self.leaks.insert(format!("{name}: its environment"));
        }
        let own = MOMENTS.iter().find(|(program, _)| *program == name);
        let mut moment = false;
        for (at, _) in words.iter().enumerate().filter(|(_, word)| tells(word)) {
            match at.checked_sub(1).and_then(|before| words.get(before)) {
                Some(option) if own.is_some_and(|(_, own)| own == option) => moment = true,
                option => {
                    self.leaks.insert(format!("{name}: the argument after {option:?}"));
                }
            }
        }
        if let Some((program, _)) = own {
            let [looks, moments] = self.looks.entry(program).or_default();
            *looks += 1;
            *moments += usize::from(moment);
        }
    }

    fn program(&self, name: &str) -> bool {
        self.programs.iter().any(|program| program.ends_with(name))
    }
}

/// Recover with everybody watched, oned's password among the secrets. `devices` are the programs of the agents.
pub(crate) fn recover_watched(rig: &Rig, secrets: &[&str], programs: &[&str]) -> Ended {
    let password = format!("0n3d-s3cr3t-{}", rig.bench.address().replace(':', "-"));
    let session = format!("oneadmin:{password}");
    write(&rig.bench.folder.path().join("one_auth"), &format!("{session}\n"), 0o600);
    rig.bench.cloud.lock().unwrap().set_session(&session);
    let mut secrets: Vec<_> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    secrets.push(password);

    let begin = Instant::now();
    let child = rig.start(&["env", "RUST_LOG=trace", HOST_ERROR], " -m -p 0");
    let mut seen = Seen::default();
    let ended = thread::scope(|scope| {
        let running = scope.spawn(|| rig.end(begin, child));
        while !running.is_finished() {
            for process in processes() {
                seen.look(&process, &secrets);
            }
        }
        running.join().unwrap()
    });
    println!("looks at the agents' children, and with a secret: {:?}", seen.looks);
    assert_eq!(seen.leaks, BTreeSet::new());
    assert!(
        seen.program(HOST_ERROR) && programs.iter().all(|name| seen.program(name)),
        "{:?}",
        seen.programs
    );
    for (what, text) in [("what it said", &ended.said), ("the records", &records(rig, &session))] {
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{what}: {text}");
    }
    ended
}

/// The incidents' documents, as the cloud keeps them.
fn records(rig: &Rig, session: &str) -> String {
    let kind = Value::Int(Config::default().record.r#type);
    let all = [-2, -1, -1].map(Value::Int);
    let params = [&[Value::Text(session.to_owned())], &all[..], &[kind]].concat();
    let call = Call { method: "one.documentpool.info".to_owned(), params };
    format!("{:?}", rig.bench.cloud.lock().unwrap().call(0, &call))
}

/// The controller, the PDU and the operator's own program must all say off.
#[test]
fn row_48_no_secret_of_three_devices_is_told() {
    let (lab, pdu) = (Lab::start(48), Pdu::start(48));
    let own = r#"#!/bin/bash
        cd "$(dirname "$0")"
        { echo "$@"; cat; tr '\0' '\n' </proc/$$/environ; } >>told
        case $1 in
        off) ./chassis.sh "$PWD" set power 0 ;;
        status) [ "$(./chassis.sh "$PWD" get power)" = power:0 ] && echo off || echo on ;;
        esac
    "#;
    install(&lab.path("own"), own);
    let own = lab.path("own");
    let devices = lab.devices("fence_ipmilan", "30s", 10);
    let settings = devices.replace("devices = [\"ipmi\"]", "devices = [\"ipmi\", \"pdu\", \"own\"]");
    let settings = format!(
        "{}[device.own]\ndriver = \"command\"\noff = [{own:?}, \"off\"]\nstatus = [{own:?}, \"status\"]\n\
         {settings}[host.params.pdu]\nplug = \"7\"\n",
        pdu.device("pdu", "30s", 1)
    );
    let rig = Rig::new(lab);
    rig.bench.settings(&settings);
    let secrets = [rig.lab.password.as_str(), pdu.community.as_str()];
    let ended = recover_watched(
        &rig,
        &secrets,
        &["fence_ipmilan", "fence_apc_snmp", "/own", "/ipmitool", "/snmpget"],
    );
    rig.recovered(&ended);
    assert!(!pdu.is_on(7));
    let told = fs::read_to_string(rig.lab.path("told")).unwrap();
    assert!(told.starts_with("status\n") || told.starts_with("off\n"), "{told}");
    assert!(told.contains("LC_ALL=C") && !secrets.iter().any(|secret| told.contains(secret)), "{told}");
}

/// Errors quote what agents say, and an agent may say what it was told.
#[test]
fn row_48_no_secret_is_in_an_error() {
    let (lab, pdu) = (Lab::start(148), Pdu::start(148));
    lab.set_secret("not-the-password");
    pdu.set_secret("not-the-community");
    let devices = lab.devices("fence_ipmilan", "10s", 1);
    let settings = devices.replace("devices = [\"ipmi\"]", "devices = [\"ipmi\", \"pdu\"]");
    let rig = Rig::new(lab);
    rig.bench.settings(&format!(
        "attempts = 1\npatience = \"0s\"\n{}{settings}[host.params.pdu]\nplug = \"7\"\n",
        pdu.device("pdu", "10s", 1)
    ));
    let secrets = ["not-the-password", "not-the-community"];
    let ended = recover_watched(&rig, &secrets, &["fence_ipmilan", "fence_apc_snmp"]);
    rig.refused(&ended, "ipmi says unknown");
}
