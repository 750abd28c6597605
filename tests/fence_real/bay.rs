//! A machine whose controller speaks Redfish, as the settings see it.

use super::lab::{DOCUMENT, host, unknown};
use crate::hooks::bench::write;
use onerescue::config::{Config, Environment};
use onerescue::model::{DeviceName, NotOff, PowerState};
use onerescue::world::fence::Fence;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Whoever sees this in a text has found a leak.
pub(crate) const PASSWORD: &str = "s3cr3t-redfish";

/// A folder with the certificates and the secret of one controller.
pub(crate) struct Bay {
    folder: TempDir,
    /// The parameters of the host, but for the URL; `ca_file` and `fingerprint` too.
    parameters: Vec<(&'static str, String)>,
    timeout: &'static str,
    /// One more line of the device.
    line: &'static str,
}

impl Bay {
    /// The folder, and what every controller needs.
    pub(crate) fn new(system: &str, identity: (&'static str, &str)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("secret"), &format!("{PASSWORD}\n"), 0o600);
        let parameters = vec![("system", system.to_owned()), (identity.0, identity.1.to_owned())];
        Self { folder, parameters, timeout: "20s", line: "" }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One more parameter, or another value of one.
    #[must_use]
    pub(crate) fn with(self, key: &'static str, value: &str) -> Self {
        let mut bay = self.without(key);
        bay.parameters.push((key, value.to_owned()));
        bay
    }

    /// One parameter less.
    #[must_use]
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.parameters.retain(|(known, _)| *known != key);
        self
    }

    /// Another end of one call than 20 seconds.
    #[must_use]
    pub(crate) fn ending_after(self, timeout: &'static str) -> Self {
        Self { timeout, ..self }
    }

    /// One more line of the device.
    #[must_use]
    pub(crate) fn saying(self, line: &'static str) -> Self {
        Self { line, ..self }
    }

    /// A certificate of this folder's authority is believed.
    #[must_use]
    pub(crate) fn trusting(self, name: &str) -> Self {
        let path = self.folder().join(name).display().to_string();
        self.with("ca_file", &path)
    }

    /// The sections of the settings that declare this controller and its host.
    pub(crate) fn devices(&self, url: &str) -> String {
        let own: Vec<_> = self.parameters.iter().map(|(key, value)| format!("{key} = \"{value}\"")).collect();
        let own = own.join("\n");
        format!(
            "[device.bmc]\ndriver = \"redfish\"\ntimeout = \"{}\"\n{}\nparams = {{ username = \"fence\" }}\n\
             secrets = {{ password = \"{}/secret\" }}\n\
             [[host]]\nid = 0\nname = \"node0\"\ndevices = [\"bmc\"]\n[host.params.bmc]\nurl = \"{url}\"\n{own}\n",
            self.timeout,
            self.line,
            self.folder().display(),
        )
    }

    /// Our driver for the controller at this URL.
    pub(crate) fn fence(&self, url: &str) -> Fence {
        fence(self.folder(), &self.devices(url))
    }
}

/// The devices of these sections.
pub(crate) fn fence(folder: &Path, devices: &str) -> Fence {
    let text = format!("run_dir = {folder:?}\n{devices}");
    let config = Config::parse(&text, Path::new("onerescue.toml"), &Environment::default());
    Fence::new(&config.unwrap_or_else(|error| panic!("{}", error.chain())))
}

fn device() -> DeviceName {
    DeviceName("bmc".to_owned())
}

pub(crate) fn off(fence: &Fence) -> Result<(), String> {
    fence.off(&host(), DOCUMENT, &device(), None).map_err(|failed| checked(failed.why().to_owned()))
}

/// Why nothing was sent, for an order that has certainly not left.
pub(crate) fn not_sent(fence: &Fence) -> String {
    match fence.off(&host(), DOCUMENT, &device(), None) {
        Err(NotOff::NotSent { not_sent }) => not_sent,
        told => panic!("it may have been sent: {told:?}"),
    }
}

/// What came back from an order that may have left.
pub(crate) fn sent(fence: &Fence) -> String {
    match fence.off(&host(), DOCUMENT, &device(), None) {
        Err(NotOff::Sent(why)) => checked(why),
        told => panic!("nothing came back: {told:?}"),
    }
}

pub(crate) fn status(fence: &Fence) -> PowerState {
    match fence.status(&host(), DOCUMENT, &device(), None) {
        PowerState::Unknown(why) => PowerState::Unknown(checked(why)),
        known @ (PowerState::On | PowerState::Off) => known,
    }
}

/// The reason of a status that must be unknown.
pub(crate) fn why_unknown(fence: &Fence) -> String {
    unknown(status(fence))
}

/// Every reason is one short line without secrets.
fn checked(why: String) -> String {
    assert!(why.chars().count() <= 200 && !why.contains(char::is_control), "{why}");
    assert!(!why.contains(PASSWORD) && !why.contains("https://"), "{why}");
    why
}

/// What it returned, if that took no longer than this.
pub(crate) fn in_time<T>(most: Duration, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let done = work();
    let took = begin.elapsed();
    assert!(took < most, "{took:?}");
    done
}
