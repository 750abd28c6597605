//! A real Alertmanager sees an incident, as long as it stands, and its end.

use super::lab::{Lab, held, open};
use crate::fence_real::processes::{kill, within};
use onerescue::model::{DocumentId, Incident, Progress};
use serde_json::Value as Json;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where `tests/run` puts it, after the package's own place.
const PROGRAMS: [&str; 2] = [
    "/usr/bin/prometheus-alertmanager",
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/.alertmanager/usr/bin/prometheus-alertmanager"),
];

/// It ends when it is dropped.
struct Alertmanager {
    child: Child,
    port: u16,
}

impl Alertmanager {
    /// Nothing, said loudly, if it is not installed.
    fn start(folder: &Path) -> Option<Self> {
        let Some(program) = PROGRAMS.into_iter().find(|program| Path::new(program).exists()) else {
            let _ = writeln!(
                std::io::stderr(),
                "NOT CHECKED: prometheus-alertmanager is missing (tests/run gets it): alerts in a real Alertmanager"
            );
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = folder.join("alertmanager.yml");
        fs::write(&settings, "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n").unwrap();
        let log = File::create(folder.join("alertmanager.log")).unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", settings.display()))
            .arg(format!("--storage.path={}", folder.join("alertmanager").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let manager = Self { child, port };
        let ready = || manager.get("/-/ready").starts_with("HTTP/1.0 200");
        assert!(
            within(Duration::from_secs(60), ready),
            "{}",
            fs::read_to_string(folder.join("alertmanager.log")).unwrap()
        );
        Some(manager)
    }

    fn get(&self, path: &str) -> String {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return String::new() };
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        let mut answer = String::new();
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
        answer
    }

    /// Its alerts, by their host, with when they end.
    fn alerts(&self) -> Vec<Json> {
        let answer = self.get("/api/v2/alerts");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }

    fn receiver(&self) -> String {
        format!("[[notify]]\nname = \"alerts\"\nalertmanager = \"http://127.0.0.1:{}\"\n", self.port)
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        kill("TERM", &self.child.id().to_string());
        let _ = self.child.wait();
    }
}

fn replace(lab: &Lab, document: DocumentId, incident: Incident) {
    super::once::replace(lab, document, incident);
}

#[test]
fn an_incident_is_one_alert_from_its_begin_to_its_end() {
    let lab = Lab::with(|_| String::new());
    let Some(manager) = Alertmanager::start(lab.bench.folder.path()) else { return };
    lab.settings(&manager.receiver());
    assert_eq!(lab.notify().0, Some(0));
    assert_eq!(manager.alerts(), Vec::<Json>::new());

    let document = lab.remember(open(7, "node7"));
    assert_eq!(lab.notify().0, Some(0));
    let first = manager.alerts();
    assert_eq!(first.len(), 1);
    let labels = &first[0]["labels"];
    assert_eq!((&labels["alertname"], &labels["one_host_id"]), (&"OnerescueIncident".into(), &"7".into()));
    assert_eq!((&labels["host"], &labels["incident"]), (&"node7".into(), &document.0.to_string().into()));
    assert_eq!(first[0]["status"]["state"], "active");

    // Held, it is the same alert with another text.
    replace(&lab, document, held(7, "node7", "its controller says on"));
    assert_eq!(lab.notify().0, Some(0));
    let now = manager.alerts();
    assert_eq!((now.len(), &now[0]["fingerprint"]), (1, &first[0]["fingerprint"]));
    let title = now[0]["annotations"]["title"].as_str().unwrap();
    assert!(title.starts_with("node7 is held: its controller says on"), "{title}");

    // Nothing new: it is told again, so that it does not end by itself.
    let before = now[0]["endsAt"].as_str().unwrap().to_owned();
    std::thread::sleep(Duration::from_millis(1100));
    let (code, said) = lab.notify();
    assert_eq!((code, said.as_str()), (Some(0), "alerts: nothing new; 1 alerts stand\n"));
    assert!(*manager.alerts()[0]["endsAt"].as_str().unwrap() > *before, "{:?}", manager.alerts());

    replace(&lab, document, Incident { progress: Progress::Closed, ..open(7, "node7") });
    let (code, said) = lab.notify();
    assert_eq!(code, Some(0), "{said}");
    assert!(within(Duration::from_secs(20), || manager.alerts().is_empty()), "{:?}", manager.alerts());
    assert_eq!(lab.notify().1, "alerts: nothing new\n");
    // It has really got the end: with the inactive ones it is there, resolved.
    assert_eq!(lab.run(&["notify", "--test"]).status.code(), Some(0));
    assert_eq!(manager.alerts()[0]["labels"]["alertname"], "OnerescueTest");
}

/// It was away: the alert comes when it is back, and one that is refused is said.
#[test]
fn one_that_was_away_is_told_when_it_is_back() {
    let lab = Lab::with(|_| String::new());
    let Some(manager) = Alertmanager::start(lab.bench.folder.path()) else { return };
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    lab.settings(&format!("[[notify]]\nname = \"alerts\"\nalertmanager = \"http://{gone}\"\n"));
    lab.notify();
    lab.remember(open(7, "node7"));
    let (code, said) = lab.notify();
    assert!(code == Some(1) && said.contains("no connection: Connection refused"), "{said}");
    lab.settings(&manager.receiver());
    lab.let_time_pass();
    assert_eq!(lab.notify().0, Some(0));
    assert_eq!(manager.alerts().len(), 1);
    lab.settings(
        &manager.receiver().replace(&format!("{}\"", manager.port), &format!("{}/nothing\"", manager.port)),
    );
    let (code, said) = lab.notify();
    assert!(code == Some(1) && said.contains("its alerts were not told again: HTTP status 404"), "{said}");
}
