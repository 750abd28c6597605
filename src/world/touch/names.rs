//! Where hosts are, as oned's ssh finds them: by oneadmin's own settings of ssh, then /etc/hosts and DNS.
//!
//! They are asked for in a thread of its own, because an answer may take seconds, and asked for again now and then. An address
//! of the settings is taken as it is.

use super::super::clock::now;
use super::super::ssh_config::SshConfig;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// An address is asked for again after this long.
const AGAIN: Duration = Duration::from_secs(300);

/// What ssh says of a host is asked for again after this long: that starts a program for each.
const SSH_AGAIN: Duration = Duration::from_secs(3600);

/// The port of ssh where nobody says another one.
const SSH: u16 = 22;

/// How a host is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    /// By oned: with this name its ssh is called.
    Host(String),
    /// By `[[host]] address`.
    Address(String),
}

/// Where a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    addresses: Vec<IpAddr>,
    /// What ssh says.
    port: Option<u16>,
}

type Answer = Result<Place, String>;

#[derive(Debug)]
pub(super) struct Names {
    known: BTreeMap<Name, (Answer, Instant)>,
    asked: BTreeSet<Name>,
    questions: Sender<Name>,
    answers: Receiver<(Name, Answer)>,
}

impl Names {
    /// Names that this ssh knows.
    pub(super) fn new(ssh: PathBuf) -> Self {
        let (questions, asked) = channel::<Name>();
        let (answer, answers) = channel();
        let ask = move || {
            let mut resolver = Resolver { ssh, said: BTreeMap::new() };
            for name in asked {
                let found = resolver.resolve(&name);
                if answer.send((name, found)).is_err() {
                    return;
                }
            }
        };
        // Without it no name is resolved, and that is said of each host.
        if let Err(error) = Builder::new().name("names".to_owned()).spawn(ask) {
            log::warn!("no thread can be had, so no name is resolved: {error}");
        }
        Self { known: BTreeMap::new(), asked: BTreeSet::new(), questions, answers }
    }

    /// Ask for these, and wait for answers until then at most where a name is not known at all.
    pub(super) fn ask<'a>(&mut self, names: impl Iterator<Item = &'a Name>, until: Instant) {
        for name in names {
            let fresh = self.known.get(name).is_some_and(|(_, at)| at.elapsed() < AGAIN);
            if !fresh && self.asked.insert(name.clone()) {
                let _ = self.questions.send(name.clone());
            }
        }
        loop {
            let unknown = self.asked.iter().any(|name| !self.known.contains_key(name));
            let left = if unknown { until.saturating_duration_since(now()) } else { Duration::ZERO };
            let Ok((name, answer)) = self.answers.recv_timeout(left) else { return };
            self.asked.remove(&name);
            let old = self.known.remove(&name).map(|(old, _)| old);
            // A name server that is away takes nothing back.
            let answer = match (answer, old) {
                (Err(_), Some(Ok(old))) => Ok(old),
                (answer, _) => answer,
            };
            self.known.insert(name, (answer, now()));
        }
    }

    /// Where the host of this name is; of several addresses another one each time, as ssh tries them in turn. A port of ours that
    /// is not 22 wins over the one that ssh says.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) fn find(&self, name: &Name, port: u16, turn: usize) -> Result<SocketAddr, String> {
        let (Name::Host(text) | Name::Address(text)) = name;
        match self.known.get(name) {
            Some((Ok(place), _)) => {
                let which = turn.checked_rem(place.addresses.len()).unwrap_or(0);
                let address = place.addresses.get(which).ok_or_else(|| format!("{text} has no address"))?;
                let port = if port == SSH { place.port.unwrap_or(port) } else { port };
                Ok(SocketAddr::new(*address, port))
            }
            Some((Err(why), _)) => Err(format!("{text}: {why}")),
            None => Err(format!("{text} is not resolved yet")),
        }
    }
}

/// The thread's own memory.
struct Resolver {
    ssh: PathBuf,
    said: BTreeMap<String, (Result<SshConfig, String>, Instant)>,
}

impl Resolver {
    fn resolve(&mut self, name: &Name) -> Answer {
        let (name, config) = match name {
            Name::Address(address) => (address, None),
            Name::Host(name) => (name, self.ssh(name)),
        };
        let Some(config) = config else { return Ok(Place { addresses: addresses(name)?, port: None }) };
        if let Some(keyword) =
            ["proxyjump", "proxycommand"].into_iter().find(|word| config.value(word).is_some())
        {
            return Err(format!(
                "ssh reaches it through another host ({keyword}), so its port is not seen from here"
            ));
        }
        let port = config.value("port").and_then(|port| port.parse().ok());
        Ok(Place { addresses: addresses(config.value("hostname").unwrap_or(name))?, port })
    }

    /// What ssh says of this name; nothing where it cannot be asked: then the name is taken as it is.
    fn ssh(&mut self, name: &str) -> Option<&SshConfig> {
        let old = self.said.get(name).is_none_or(|(_, at)| at.elapsed() >= SSH_AGAIN);
        if old {
            self.said.insert(name.to_owned(), (SshConfig::of(&self.ssh, name), now()));
        }
        self.said.get(name).and_then(|(said, _)| said.as_ref().ok())
    }
}

fn addresses(name: &str) -> Result<Vec<IpAddr>, String> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![address]);
    }
    let found = (name, 0).to_socket_addrs().map_err(|error| error.to_string())?;
    Ok(found.map(|all| all.ip()).collect())
}
