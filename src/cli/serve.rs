//! `onerescue drill --serve`: the simulated cloud stays up, so that real executables can be tried on it.

use crate::error::{Error, Result};
use crate::finish;
use crate::sim::{Clock, Scenario, Server};
use crate::wire::hook_call::HookCall;
use crate::wire::xml::Limits;
use crate::wire::xmlrpc::{Call, Reply, Value};
use crate::world::oned::{Http, Transport as _};
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Serve the scenario's cloud until the process is ended.
pub(super) fn serve(scenario: &Scenario, port: u16) -> Result<u8> {
    let cloud = scenario.world.transport().shared_cloud();
    let io = |why| {
        Error::instead(
            format!("cannot listen on 127.0.0.1:{port}: {why}"),
            "give another --port, or 0 for any",
        )
    };
    let server = Server::start(Arc::clone(&cloud), 0, port, Clock::Live).map_err(io)?;
    let folder = write_settings(scenario, &server)?;
    let count = cloud.lock().unwrap_or_else(PoisonError::into_inner).front_ends();
    let mut others = Vec::new();
    for at in 1..count {
        others.push(Server::start(Arc::clone(&cloud), at, 0, Clock::Live).map_err(io)?);
    }
    let told: String = others.iter().map(|other| format!("  ONE_XMLRPC={}\n", other.endpoint())).collect();
    let told = if told.is_empty() {
        told
    } else {
        format!("\nThe zone's other front-ends, which follow:\n\n{told}")
    };
    finish::say(&format!(
        "{}\n\nThe simulated cloud listens on {}. In another terminal:\n\n  export ONE_XMLRPC={} \
         ONE_AUTH={folder}/one_auth ONERESCUE_CONFIG={folder}/onerescue.toml\n  host_error --host {} -m -p 0\n{told}\nCtrl-C \
         ends it.\n",
        scenario.title,
        server.endpoint(),
        server.endpoint(),
        scenario.subject.name,
        folder = folder.display()
    ));
    loop {
        std::thread::park();
    }
}

/// What a client needs: credentials, and settings with a fence device that switches the simulated machines.
fn write_settings(scenario: &Scenario, server: &Server) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("onerescue-drill-{}", std::process::id()));
    let failed = |doing| {
        let path = folder.clone();
        move |source| Error::File { doing, path, source }
    };
    DirBuilder::new().mode(0o700).create(&folder).map_err(failed("create"))?;
    let program = std::env::current_exe().map_err(failed("find the program for"))?;
    let (program, port) = (program.display(), server.port());
    let hosts = scenario.world.zone().hosts().unwrap_or_default();
    let mut settings = format!(
        "log = \"{folder}/host_error.log\"\nrun_dir = \"{folder}\"\n\n\
         # Nobody was there to see these machines on.\n[fence]\nseen_on = \"waived\"\n\n[device.machine]\ndriver = \"command\"\n\
         off = [\"{program}\", \"drill-power\", \"--port\", \"{port}\", \"off\"]\n\
         status = [\"{program}\", \"drill-power\", \"--port\", \"{port}\", \"status\"]\n",
        folder = folder.display()
    );
    for host in hosts {
        let _ = write!(
            settings,
            "\n[[host]]\nid = {}\nname = \"{}\"\ndevices = [\"machine\"]\nsame_power_accepted = true\n",
            host.id.0, host.name
        );
    }
    create(&folder.join("onerescue.toml"), &settings).map_err(failed("write in"))?;
    create(&folder.join("one_auth"), "oneadmin:password\n").map_err(failed("write in"))?;
    fs::canonicalize(&folder).map_err(failed("find"))
}

fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// The fence program of a served drill: the HOST document in base64 on stdin, as every fence program gets it
#[derive(Clone, Debug, Args)]
pub(super) struct DrillPower {
    #[arg(long)]
    port: u16,
    verb: Verb,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Verb {
    Off,
    Status,
}

/// Switch or read the simulated machine, and print what its power is.
pub(super) fn drill_power(options: &DrillPower) -> Result<u8> {
    let mut document = Vec::new();
    let most = u64::try_from(HookCall::MAX_INPUT).unwrap_or(u64::MAX);
    let read = std::io::stdin().lock().take(most).read_to_end(&mut document);
    read.map_err(|error| Error::HookCall(format!("standard input: {error}")))?;
    let call = HookCall::read(&document, &[])?;
    let host = call.document.ok_or_else(|| Error::HookCall("there is no template".to_owned()))?.host;
    let verb = match options.verb {
        Verb::Off => "off",
        Verb::Status => "status",
    };
    let call = Call {
        method: "sim.power".to_owned(),
        params: vec![Value::Int(i64::from(host.id.0)), Value::Text(verb.to_owned())],
    };
    let endpoint = format!("http://127.0.0.1:{}/RPC2", options.port);
    let answer = Http::default().post(&endpoint, &call.write(), Duration::from_secs(10));
    let answer = answer.map_err(|source| Error::Oned { method: call.method, source })?;
    match Reply::read(&answer, Limits::HOOK) {
        Ok(Reply::Value(Value::Text(power))) => {
            finish::say(&format!("{power}\n"));
            Ok(0)
        }
        other => Err(Error::Scenario(format!("the simulated machine answers {other:?}"))),
    }
}
