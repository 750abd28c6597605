//! A served cloud with receivers, and what they have got.

use crate::hooks::bench::{Bench, DEAD_NODE0, err, out, write};
use onerescue::model::{DocumentId, Epoch, Held, HostId, Incident, Notices, Progress};
use onerescue::sim::Server;
use onerescue::wire::record::{NOTICES, Record};
use onerescue::world::Zone;
use onerescue::world::oned::{Credentials, Http, Oned, Patience, Session};
use serde_json::Value as Json;
use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::time::UNIX_EPOCH;

pub(super) const ONERESCUE: &str = env!("CARGO_BIN_EXE_onerescue");

/// Writes down what it reads, one line for each message, and some of its environment beside it.
const TAKES: &str = "#!/bin/sh\ncat >>\"$0.got\"\necho >>\"$0.got\"\nenv >>\"$0.env\"\n";

/// A cloud, and the program `take` in its folder, which is a receiver called `ops`.
pub(super) struct Lab {
    pub(super) bench: Bench,
}

impl Lab {
    pub(super) fn new() -> Lab {
        let lab = Lab::with(|_| String::new());
        lab.settings(&lab.ops(""));
        lab
    }

    /// With these receivers; what is written for them may name the lab's folder.
    pub(super) fn with(receivers: impl Fn(&Lab) -> String) -> Lab {
        let bench = Bench::without_devices(DEAD_NODE0);
        let script = format!("#!/bin/sh\nexec {} \"$1\"\n", bench.power_switch());
        write(&bench.fence_program(), &script, 0o755);
        let lab = Lab { bench };
        lab.program("take", TAKES);
        lab.settings(&receivers(&lab));
        lab
    }

    /// `command = …/take`, with more lines.
    pub(super) fn ops(&self, more: &str) -> String {
        format!("[[notify]]\nname = \"ops\"\ncommand = [{:?}]\n{more}\n", self.path("take"))
    }

    pub(super) fn settings(&self, receivers: &str) {
        self.bench.settings(&format!(
            "[device.machine]\ndriver = \"command\"\noff = [{0:?}, \"off\"]\nstatus = [{0:?}, \"status\"]\n\
             [[host]]\nid = 0\nname = \"node0\"\ndevices = [\"machine\"]\n{receivers}",
            self.bench.fence_program()
        ));
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.bench.folder.path().join(name)
    }

    pub(super) fn program(&self, name: &str, text: &str) {
        write(&self.path(name), text, 0o755);
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.bench.run(ONERESCUE, arguments, "")
    }

    /// `onerescue notify`; its exit code, and all it said.
    pub(super) fn notify(&self) -> (Option<i32>, String) {
        said(&self.run(&["notify"]))
    }

    pub(super) fn notify_at(&self, server: &Server) -> (Option<i32>, String) {
        said(&self.bench.start_at(&server.endpoint(), ONERESCUE, &["notify"], "").wait_with_output().unwrap())
    }

    /// Messages that `ops` has got.
    pub(super) fn got(&self) -> Vec<Json> {
        let text = fs::read_to_string(self.path("take.got")).unwrap_or_default();
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        text.lines().filter(|line| !line.is_empty()).map(line).collect()
    }

    /// Every change of an incident in them: incident, event, whether it may be a repetition.
    pub(super) fn changes(&self) -> Vec<(u64, String, bool)> {
        let one = |change: &Json| {
            let text = |key: &str| change[key].as_str().unwrap().to_owned();
            (change["incident"].as_u64().unwrap(), text("event"), change["maybe_repeated"] == true)
        };
        let got = self.got();
        let all = got.iter().flat_map(|message| message["changes"].as_array().unwrap());
        all.filter(|change| !change["incident"].is_null()).map(one).collect()
    }

    /// An incident that a run of another front-end has written.
    pub(super) fn remember(&self, incident: Incident) -> DocumentId {
        self.bench.cloud.lock().unwrap().add_record(&Record::Incident(Box::new(incident)))
    }

    fn zone(&self) -> Zone<Http> {
        let session = Session::new("oneadmin:password".to_owned());
        let credentials = Credentials { endpoint: format!("http://{}/RPC2", self.bench.address()), session };
        Zone::new(Oned::new(Http::default(), credentials, Patience::default()), NOTICES)
    }

    pub(super) fn notices(&self) -> Vec<(DocumentId, Notices)> {
        self.zone().notices().unwrap()
    }

    /// The time before what has failed is sent again has passed.
    pub(super) fn let_time_pass(&self) {
        for (document, notices) in self.notices() {
            let past = Notices { until: None, ..notices };
            self.zone().record_notices(Some(document), &past).unwrap();
        }
    }
}

pub(super) fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), format!("{}{}", out(output), err(output)))
}

pub(super) fn now() -> Epoch {
    Epoch(i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap())
}

pub(super) fn held(host: u32, name: &str, why: &str) -> Incident {
    let held = Held { why: why.to_owned(), advice: "look at it".to_owned(), since: now() };
    Incident { progress: Progress::Held, held: Some(held), ..open(host, name) }
}

pub(super) fn open(host: u32, name: &str) -> Incident {
    Incident {
        host: HostId(host),
        name: name.to_owned(),
        owner: "elsewhere 4711 1".to_owned(),
        opened: now(),
        updated: now(),
        ..Incident::default()
    }
}
