//! A real Prometheus reads a real `node_exporter` that reads the file of a served cloud in which a host dies: the alert of
//! the template fires there, and ends.

use super::bench::{Bench, err, write};
use super::metrics::{dead, installed};
use crate::fence_real::processes::within;
use serde_json::Value as Json;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// It ends when it is dropped.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start(bench: &Bench, log: &str, command: &mut Command) -> Daemon {
    let log = std::fs::File::create(bench.path(log)).unwrap();
    let command = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    Daemon(command.spawn().unwrap())
}

/// What a server on this machine answers.
fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    // Without keep-alive and without chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

/// The rules of the template with times for a test: a minute is no time, and five minutes are one second.
fn quick_rules() -> String {
    let template = include_str!("../../templates/prometheus/onerescue-rules.yml");
    let lines = template.lines().filter(|line| !line.trim().starts_with("for: "));
    let text: String = lines.map(|line| line.replace(" > 300", " > 1") + "\n").collect();
    assert!(text.contains("onerescue_incident_held_timestamp_seconds > 1\n"), "{text}");
    text
}

fn exporter(bench: &Bench, port: u16) -> Daemon {
    let mut exporter = Command::new("prometheus-node-exporter");
    exporter.args(["--collector.disable-defaults", "--collector.textfile"]);
    exporter.arg(format!("--collector.textfile.directory={}", bench.path("textfile").display()));
    exporter.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    start(bench, "exporter.log", &mut exporter)
}

fn prometheus(bench: &Bench, port: u16, target: u16) -> Daemon {
    write(&bench.path("rules.yml"), &quick_rules(), 0o644);
    let config = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [ rules.yml ]\n\
         scrape_configs:\n- job_name: node_exporter\n  static_configs:\n  - targets: [ '127.0.0.1:{target}' ]\n"
    );
    write(&bench.path("prometheus.yml"), &config, 0o644);
    let mut prometheus = Command::new("prometheus");
    prometheus.arg(format!("--config.file={}", bench.path("prometheus.yml").display()));
    prometheus.arg(format!("--storage.tsdb.path={}", bench.path("tsdb").display()));
    prometheus.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    start(bench, "prometheus.log", &mut prometheus)
}

/// The alerts that fire, with the host of each.
fn firing(port: u16) -> Vec<(String, String)> {
    let text = get(port, "/api/v1/alerts").unwrap_or_default();
    let json: Json = serde_json::from_str(&text).unwrap_or_default();
    let alerts = json["data"]["alerts"].as_array().cloned().unwrap_or_default();
    let firing = alerts.into_iter().filter(|alert| alert["state"] == "firing");
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    firing.map(|one| (word(&one["labels"]["alertname"]), word(&one["labels"]["one_host_id"]))).collect()
}

/// Send alerts to an Alertmanager.
fn post(port: u16, alerts: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let head = format!("Content-Type: application/json\r\nContent-Length: {}", alerts.len());
    write!(stream, "POST /api/v2/alerts HTTP/1.0\r\nHost: 127.0.0.1\r\n{head}\r\n\r\n{alerts}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n").map(|(first, _)| first.to_owned())
}

#[test]
fn open_nebula_s_own_alert_is_inhibited_for_a_host_that_we_have_disabled_and_no_other() {
    if !installed("prometheus-alertmanager", "the inhibit rule for OpenNebula's HostDown") {
        return;
    }
    let bench = dead();
    let rule = include_str!("../../templates/prometheus/onerescue-alertmanager.yml");
    let config = format!("route: {{ receiver: none }}\nreceivers: [ {{ name: none }} ]\n{rule}");
    write(&bench.path("alertmanager.yml"), &config, 0o644);
    let port = free_port();
    let mut alertmanager = Command::new("prometheus-alertmanager");
    alertmanager.arg(format!("--config.file={}", bench.path("alertmanager.yml").display()));
    alertmanager.arg(format!("--storage.path={}", bench.path("alertmanager").display()));
    alertmanager.args([&format!("--web.listen-address=127.0.0.1:{port}"), "--cluster.listen-address="]);
    let _alertmanager = start(&bench, "alertmanager.log", &mut alertmanager);
    let alert = |name: &str, host: u32| {
        format!("{{\"labels\":{{\"alertname\":\"{name}\",\"one_host_id\":\"{host}\",\"job\":\"{name}\"}}}}")
    };
    let alerts = [alert("OneRescueHostDisabled", 0), alert("HostDown", 0), alert("HostDown", 1)];
    let alerts = format!("[{}]", alerts.join(","));
    let minute = Duration::from_secs(60);
    let log = || std::fs::read_to_string(bench.path("alertmanager.log")).unwrap_or_default();
    let taken = || post(port, &alerts).is_some_and(|first| first.ends_with("200 OK"));
    assert!(within(minute, taken), "{}", log());
    let inhibited = || {
        let json: Json =
            serde_json::from_str(&get(port, "/api/v2/alerts").unwrap_or_default()).unwrap_or_default();
        let is = |alert: &Json| !alert["status"]["inhibitedBy"].as_array().is_none_or(Vec::is_empty);
        let name =
            |alert: &Json| format!("{} {}", alert["labels"]["alertname"], alert["labels"]["one_host_id"]);
        let alerts = json.as_array().cloned().unwrap_or_default();
        (alerts.len(), alerts.iter().filter(|alert| is(alert)).map(name).collect::<Vec<_>>())
    };
    let only = (3, vec!["\"HostDown\" \"0\"".to_owned()]);
    assert!(within(minute, || inhibited() == only), "{:?}\n{}", inhibited(), log());
}

#[test]
fn the_alert_of_a_held_recovery_fires_in_a_real_prometheus_and_ends_with_it() {
    let what = "alerts in a real Prometheus that reads a real node_exporter";
    if !installed("prometheus", what) || !installed("prometheus-node-exporter", what) {
        return;
    }
    let bench = dead();
    assert!(bench.run(&["disarm", "--reason", "switches"]).status.success());
    assert_eq!(bench.run(&["reconcile"]).status.code(), Some(7));
    let (port, target) = (free_port(), free_port());
    let (_exporter, _prometheus) = (exporter(&bench, target), prometheus(&bench, port, target));
    let fires = |name: &str, host: &str| firing(port).contains(&(name.to_owned(), host.to_owned()));
    let minute = Duration::from_secs(60);
    let log = |name: &str| std::fs::read_to_string(bench.path(name)).unwrap_or_default();
    let scraped = || get(target, "/metrics").unwrap_or_default();
    assert!(
        within(minute, || scraped().contains("onerescue_leads 1")),
        "{}{}",
        scraped(),
        log("exporter.log")
    );
    assert!(scraped().contains("node_textfile_scrape_error 0"), "{}", scraped());
    let held = within(minute, || fires("OneRescueIncidentHeld", "0"));
    assert!(held, "{:?}\n{}", firing(port), log("prometheus.log"));
    assert!(fires("OneRescueFencingDisarmed", ""), "{:?}", firing(port));
    assert!(!fires("OneRescueRecordUnreadable", ""), "{:?}", firing(port));

    assert!(bench.run(&["arm", "--reason", "done"]).status.success());
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    // It is scraped anew, and nothing is left of the alerts about it.
    let ended = || {
        scraped().contains("onerescue_incident_vms{fate=\"recovered\"} 1")
            && !fires("OneRescueIncidentHeld", "0")
            && !fires("OneRescueFencingDisarmed", "")
            && !fires("OneRescueVmsDown", "0")
    };
    assert!(within(minute, ended), "{:?}\n{}", firing(port), log("prometheus.log"));
}
