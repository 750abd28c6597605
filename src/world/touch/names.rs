//! Names of hosts, as the system resolves them for ssh: /etc/hosts, DNS. They are asked for in a thread of its own, because an
//! answer may take seconds, and asked for again now and then.

use super::super::clock::now;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// A name is asked for again after this long.
const AGAIN: Duration = Duration::from_secs(300);

type Answer = Result<Vec<IpAddr>, String>;

#[derive(Debug)]
pub(super) struct Names {
    known: BTreeMap<String, (Answer, Instant)>,
    asked: BTreeSet<String>,
    questions: Sender<String>,
    answers: Receiver<(String, Answer)>,
}

impl Names {
    pub(super) fn new() -> Self {
        let (questions, asked) = channel::<String>();
        let (answer, answers) = channel();
        let ask = move || {
            for name in asked {
                let found = (name.as_str(), 0).to_socket_addrs();
                let found = found.map(|all| all.map(|address| address.ip()).collect());
                if answer.send((name, found.map_err(|error| error.to_string()))).is_err() {
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
    pub(super) fn ask<'a>(&mut self, names: impl Iterator<Item = &'a str>, until: Instant) {
        for name in names.filter(|name| name.parse::<IpAddr>().is_err()) {
            let fresh = self.known.get(name).is_some_and(|(_, at)| at.elapsed() < AGAIN);
            if !fresh && self.asked.insert(name.to_owned()) {
                let _ = self.questions.send(name.to_owned());
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

    /// Where the host of this name is; of several addresses another one each time, as ssh tries them in turn.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) fn find(&self, name: &str, port: u16, turn: usize) -> Result<SocketAddr, String> {
        if let Ok(address) = name.parse::<IpAddr>() {
            return Ok(SocketAddr::new(address, port));
        }
        match self.known.get(name) {
            Some((Ok(all), _)) => {
                let place = turn.checked_rem(all.len()).ok_or_else(|| format!("{name} has no address"))?;
                let address = all.get(place).ok_or_else(|| format!("{name} has no address"))?;
                Ok(SocketAddr::new(*address, port))
            }
            Some((Err(why), _)) => Err(format!("{name}: {why}")),
            None => Err(format!("{name} is not resolved yet")),
        }
    }
}
