//! What decides when oned sees a dead host: the monitoring daemon's settings, oneadmin's ssh, the kernel.

use super::ssh_config::{self, SshConfig};
use super::watching;
use crate::config::{Config, Environment};
use crate::model::{Host, HostId, Monitord};
use crate::policy::check::{BudgetFacts, Watcher};
use crate::section::check_address;
use crate::wire::monitord;
use crate::world::clock::now;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The end of all questions to ssh.
const ALL: Duration = Duration::from_secs(15);

/// The unit of `onerescue watch`.
const WATCHER: &str = "onerescue-watch.service";

/// Where units are installed.
const UNITS: [&str; 2] = ["/etc/systemd/system", "/usr/lib/systemd/system"];

/// More than the file has.
const LONGEST: u64 = 1024 * 1024;

/// Read what there is for these hosts. What cannot be read is OpenNebula's default, and is named.
#[must_use]
pub fn budget(environment: &Environment, config: &Config, hosts: &[Host]) -> BudgetFacts {
    let path = environment.monitord_conf();
    let (monitord, unread) = match monitord_conf(&path) {
        Ok(monitord) => (monitord, None),
        Err(why) => (Monitord::default(), Some(why)),
    };
    BudgetFacts {
        monitord,
        file: (path.display().to_string(), unread),
        connect: connect(config, hosts),
        kernel: kernel(),
        watcher: watcher(config),
        witness: config.witness.timeout,
    }
}

fn monitord_conf(path: &Path) -> Result<Monitord, String> {
    let text = || -> io::Result<String> {
        let length = std::fs::metadata(path)?.len();
        if length > LONGEST {
            return Err(io::Error::other(format!("it has {length} bytes")));
        }
        std::fs::read_to_string(path)
    };
    monitord::read(&text().map_err(|error| error.to_string())?)
}

/// One runs while it has its lock.
fn watcher(config: &Config) -> Watcher {
    let silence = config.watch.silence.saturating_add(config.watch.every);
    if watching::watcher(&config.paths.run_dir).is_some() {
        return Watcher::Runs(silence);
    }
    let installed = UNITS.iter().any(|folder| Path::new(folder).join(WATCHER).symlink_metadata().is_ok());
    if installed { Watcher::Installed(silence) } else { Watcher::None }
}

/// The `ConnectTimeout` of each host. oned's ssh is called with the host's name, and no other address.
fn connect(config: &Config, hosts: &[Host]) -> BTreeMap<HostId, Result<Option<u64>, String>> {
    let ssh = ssh_config::program(config);
    let until = now() + ALL;
    let ask = |host: &Host| {
        check_address("its name", &host.name)?;
        if now() >= until {
            return Err("there was no time to ask".to_owned());
        }
        timeout(&ssh, &host.name)
    };
    hosts.iter().map(|host| (host.id, ask(host))).collect()
}

/// Shape: `connecttimeout 5`, or `connecttimeout none`.
fn timeout(ssh: &Path, name: &str) -> Result<Option<u64>, String> {
    let config = SshConfig::of(ssh, name)?;
    match config.value("connecttimeout") {
        Some("0") => Ok(None),
        Some(seconds) => seconds.parse().map(Some).map_err(|_| format!("`ssh -G` says {seconds:?}")),
        None if config.names("connecttimeout") => Ok(None),
        None => Err("`ssh -G` says nothing of it".to_owned()),
    }
}

/// How long a connection is tried for: a second for each of the first tries, then twice as long each time, up to 120 s.
/// Source: `tcp_syn_retries` and `tcp_syn_linear_timeouts` in the kernel's `ip-sysctl`.
fn kernel() -> Duration {
    let figure = |name: &str, default: u64| {
        let text = std::fs::read_to_string(Path::new("/proc/sys/net/ipv4").join(name));
        text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(default)
    };
    connecting(figure("tcp_syn_retries", 6), figure("tcp_syn_linear_timeouts", 0))
}

fn connecting(retries: u64, linear: u64) -> Duration {
    let doubling = (0..=retries.min(127)).map(|tried| if tried < 7 { 1 << tried } else { 120 });
    Duration::from_secs(doubling.sum::<u64>().saturating_add(linear))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_gives_up_as_its_documentation_says() {
        assert_eq!(connecting(6, 0), Duration::from_secs(127));
        assert_eq!(connecting(6, 4), Duration::from_secs(131));
        assert_eq!(connecting(2, 0), Duration::from_secs(7));
        assert_eq!(connecting(8, 0), Duration::from_secs(367));
    }
}
