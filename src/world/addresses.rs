//! Where hosts are looked for, and what Consul calls them: as their entries say, else their own names.
//!
//! What a pattern says of a host is known where all hosts are: two that come to the same have none. Before that, and for
//! these, nobody is asked: another host's answer could pass for this one's.

use crate::config::{Config, HostEntry, Met, Pattern};
use crate::model::{Host, HostId};
use std::collections::BTreeMap;

type Of = fn(&HostEntry) -> Option<&String>;

/// One of the two, of every host.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    of: Of,
    /// Those of entries with id and name.
    declared: BTreeMap<(HostId, String), String>,
    /// Those that say it.
    patterns: Vec<Pattern>,
    /// What these come to.
    met: BTreeMap<(HostId, String), Result<String, String>>,
}

impl Addresses {
    pub(super) fn new(config: &Config, of: Of) -> Self {
        let declared = |entry: &HostEntry| Some(((entry.id, entry.name.clone()), of(entry)?.clone()));
        Self {
            of,
            declared: config.hosts.values().filter_map(declared).collect(),
            patterns: config.patterns.iter().filter(|pattern| pattern.says(of)).cloned().collect(),
            met: BTreeMap::new(),
        }
    }

    /// Whether all hosts must be known before it is.
    pub(super) fn need_hosts(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// From here on each of these hosts has what the settings come to for it.
    pub(super) fn meet(&mut self, met: &Met, hosts: &[Host]) {
        if !self.need_hosts() {
            return;
        }
        let come = |host: &Host| {
            let found = match (met.refused.get(&host.id), met.entries.get(&host.id)) {
                (Some(why), _) if self.said_by(&host.name).is_some() => Err(why.clone()),
                (_, Some(entry)) => Ok((self.of)(entry).unwrap_or(&host.name).clone()),
                (_, None) => Ok(host.name.clone()),
            };
            ((host.id, host.name.clone()), found)
        };
        self.met = hosts.iter().map(come).collect();
    }

    /// Of this host.
    ///
    /// # Errors
    /// Why it is not known.
    pub(super) fn find<'a>(&'a self, id: HostId, name: &'a str) -> Result<&'a str, String> {
        let key = (id, name.to_owned());
        if let Some(declared) = self.declared.get(&key) {
            return Ok(declared);
        }
        match (self.met.get(&key), self.said_by(name)) {
            (Some(Ok(found)), _) => Ok(found),
            (Some(Err(why)), _) => Err(why.clone()),
            (None, Some(pattern)) => Err(format!("{} is not read for {id} yet", pattern.label())),
            (None, None) => Ok(name),
        }
    }

    /// Do the settings say it?
    pub(super) fn is_said(&self, id: HostId, name: &str) -> bool {
        let key = (id, name.to_owned());
        let met = || self.met.get(&key).is_some_and(|met| met.as_ref().is_ok_and(|found| found != name));
        self.declared.contains_key(&key) || met()
    }

    /// A pattern that may say it.
    fn said_by(&self, name: &str) -> Option<&Pattern> {
        self.patterns.iter().find(|pattern| pattern.may_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, meet};
    use crate::model::HostState;
    use std::path::Path;

    #[test]
    fn what_a_pattern_says_counts_where_all_hosts_are_known() {
        let text = "[device.own]\ndriver = \"command\"\noff = [\"/bin/false\"]\n\
                    [[host]]\nnames = \"kvm*\"\ndevices = [\"own\"]\naddress = \"10.7.0.{n}\"\n\
                    [[host]]\nid = 9\nname = \"kvm9\"\ndevices = [\"own\"]\naddress = \"10.9.9.9\"\n";
        let config = Config::parse(text, Path::new("onerescue.toml"), &Environment::default()).unwrap();
        let mut addresses = Addresses::new(&config, |entry| entry.address.as_ref());
        let find = |addresses: &Addresses, id, name: &'static str| {
            addresses.find(HostId(id), name).map(str::to_owned)
        };
        assert_eq!(find(&addresses, 9, "kvm9").unwrap(), "10.9.9.9");
        assert_eq!(find(&addresses, 1, "lxc1").unwrap(), "lxc1");
        assert!(
            find(&addresses, 1, "kvm1")
                .unwrap_err()
                .contains("names = \"kvm*\" (line 4) is not read for host 1")
        );
        let host = |id, name| Host::new(HostId(id), name, HostState::Monitored);
        let hosts = [host(1, "kvm1"), host(2, "kvm2"), host(3, "kvm02"), host(4, "lxc4"), host(9, "kvm9")];
        let met = meet(&config.hosts, &config.patterns, &config.devices, &hosts, &[]);
        addresses.meet(&met, &hosts);
        assert_eq!(find(&addresses, 1, "kvm1").unwrap(), "10.7.0.1");
        for (id, name) in [(2, "kvm2"), (3, "kvm02")] {
            assert!(find(&addresses, id, name).unwrap_err().contains("`address` is 10.7.0.2 for host "));
        }
        assert_eq!(find(&addresses, 4, "lxc4").unwrap(), "lxc4");
        let said =
            [(1, "kvm1"), (4, "lxc4"), (9, "kvm9")].map(|(id, name)| addresses.is_said(HostId(id), name));
        assert_eq!(said, [true, false, true]);
        assert!(find(&addresses, 1, "kvm5").is_err(), "it was renamed since");
    }
}
