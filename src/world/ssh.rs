//! Programs on other hosts, over the operator's ssh.
//!
//! Names come from oned, where anybody who may rename a host chooses them, so what is not plainly a host name or
//! an address reaches neither ssh nor a remote shell. What a program's end means is for whoever asked; exit code
//! 255 is ssh's own, for a peer that could not be reached.
//!
//! A connection that is cut at its deadline ends ssh here. The program on the peer is not ended by that: it may
//! go on until it notices by itself. ssh closes what it inherits, so it does not hold a host's lock as other fence
//! programs do.

use super::runner::{Call, Ran, run};
use crate::config::{Config, trust};
use crate::model::{Host, HostId, Peer};
use crate::section::check_address;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How other hosts are reached.
#[derive(Clone, Debug)]
pub(super) struct Ssh {
    /// The program and its options; at least one word, the settings were checked for that.
    words: Vec<String>,
    /// Hosts with an `address` in their entry.
    addresses: BTreeMap<(HostId, String), String>,
}

impl Ssh {
    /// ssh as these settings want it.
    pub(super) fn new(config: &Config) -> Self {
        let address =
            |entry: &crate::config::HostEntry| Some(((entry.id, entry.name.clone()), entry.address.clone()?));
        Self {
            words: config.witness.ssh.clone(),
            addresses: config.hosts.values().filter_map(address).collect(),
        }
    }

    /// Whether ssh may be started.
    ///
    /// # Errors
    /// A text that names the program and says why not.
    pub(super) fn check(&self) -> Result<(), String> {
        let program = self.words.first().ok_or("no ssh program is named")?;
        trust::check_program(Path::new(program))
    }

    /// Where a host is looked for: the `address` of its entry if that has its id and its name, else its name.
    ///
    /// # Errors
    /// A text that shows the name, if it is not plainly a host name or an address.
    pub(super) fn address(&self, host: &Host) -> Result<String, String> {
        self.address_of(host.id, &host.name)
    }

    /// Has the host an `address` in its entry?
    pub(super) fn is_declared(&self, id: HostId, name: &str) -> bool {
        self.addresses.contains_key(&(id, name.to_owned()))
    }

    pub(super) fn address_of(&self, id: HostId, name: &str) -> Result<String, String> {
        let declared = self.addresses.get(&(id, name.to_owned()));
        let address = declared.map_or(name, String::as_str);
        check_address(&format!("the address of {id}"), address)?;
        Ok(address.to_owned())
    }

    /// Run a program on a peer: an absolute path, then arguments. They can be read by everybody on both
    /// machines; secrets belong on `stdin`.
    ///
    /// # Errors
    /// Why ssh was not even started, on one line.
    pub(super) fn run(
        &self,
        peer: &Peer,
        command: &[String],
        stdin: &[u8],
        deadline: Duration,
    ) -> Result<Ran, String> {
        let address = self.address_of(peer.id, &peer.name)?;
        self.check()?;
        let (program, options) = self.words.split_first().ok_or("no ssh program is named")?;
        let arguments = [options, &[address, remote(command)]].concat();
        Ok(run(&Call { program: Path::new(program), arguments: &arguments, stdin, deadline, ca_file: None }))
    }
}

/// A command for the peer's login shell, which gets it as one text and takes it apart again.
fn remote(command: &[String]) -> String {
    let words: Vec<_> = command.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// A word that no shell changes. Plain ones stay as they are, so that `command="…"` in `authorized_keys` can
/// name them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:,@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    fn ssh() -> Ssh {
        let text = "[device.own]\ndriver = \"command\"\noff = [\"/bin/false\"]\n\
                    [[host]]\nid = 12\nname = \"kvm12\"\ndevices = [\"own\"]\naddress = \"10.7.0.12\"\n";
        Ssh::new(&Config::parse(text, Path::new("onerescue.toml"), &Environment::default()).unwrap())
    }

    #[test]
    fn row_52_an_address_counts_only_for_its_id_and_its_name() {
        assert_eq!(ssh().address_of(HostId(12), "kvm12").unwrap(), "10.7.0.12");
        assert_eq!(ssh().address_of(HostId(12), "kvm13").unwrap(), "kvm13");
        assert_eq!(ssh().address_of(HostId(13), "kvm12").unwrap(), "kvm12");
        assert_eq!(ssh().address_of(HostId(13), "fe80::1").unwrap(), "fe80::1");
    }

    #[test]
    fn a_name_that_a_shell_or_ssh_would_understand_is_refused() {
        let long = "a".repeat(254);
        for name in
            ["", "-oProxyCommand=x", "a b", "a;b", "$(a)", "a`b`", "a\nb", "root@a", "a/b", "ä", &long]
        {
            let why = ssh().address_of(HostId(3), name).unwrap_err();
            assert!(why.starts_with("the address of host 3: "), "{why}");
            assert!(!why.contains('\n'), "{why}");
            let peer = Peer { id: HostId(3), name: name.to_owned() };
            assert_eq!(ssh().run(&peer, &[], b"", Duration::from_secs(1)), Err(why));
        }
    }

    #[test]
    fn a_remote_shell_takes_a_command_apart_into_its_words_again() {
        let words =
            ["/usr/bin/printf", "%s|", "", "a b", "it's", "$HOME", "`x`", "\\", "*", "~", "a=b", "#", "é\n"];
        let words = words.map(str::to_owned);
        let shell = ["-c".to_owned(), remote(&words)];
        let call = Call {
            program: Path::new("/bin/sh"),
            arguments: &shell,
            stdin: b"",
            deadline: Duration::from_secs(30),
            ca_file: None,
        };
        assert_eq!(run(&call).stdout, "|a b|it's|$HOME|`x`|\\|*|~|a=b|#|é\n|");
        assert_eq!(remote(&["/bin/ping", "-c", "10.0.0.1"].map(str::to_owned)), "/bin/ping -c 10.0.0.1");
    }
}
