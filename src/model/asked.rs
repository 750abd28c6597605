//! What a run was asked to do with the VMs of a dead host.

use serde::{Deserialize, Serialize};

/// What happens to the VMs of a dead host. Exactly one is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// `-m`: the same VM, with its disks, on another host.
    Migrate,
    /// `-r`: the VM from its images again; what was not saved is lost.
    Recreate,
    /// `-d`: the VM is deleted.
    Delete,
}

/// Whether SUSPENDED and POWEROFF VMs are touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Force {
    /// Without `-f` no mode touches them.
    RunningOnly,
    /// `-f`
    AlsoStopped,
}

/// Whether the host must be proven off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fencing {
    /// The default: no VM is touched without a proof.
    Required,
    /// `-u`: the operator takes that on; every report says so.
    Waived,
}

/// The options of a run, as its record keeps them. Shape: `["-m","-f"]`: a mode, then `-f` and `-u` if they were given.
/// No other word is read, so a record can ask for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Asked {
    /// `-m`, `-r` or `-d`
    pub mode: Mode,
    /// `-f`
    pub force: Force,
    /// `-u`
    pub fencing: Fencing,
}

impl Asked {
    /// `-m -f`
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        let mode = match self.mode {
            Mode::Migrate => "-m",
            Mode::Recreate => "-r",
            Mode::Delete => "-d",
        };
        let force = (self.force == Force::AlsoStopped).then_some("-f");
        let waived = (self.fencing == Fencing::Waived).then_some("-u");
        [Some(mode), force, waived].into_iter().flatten().collect()
    }

    /// `host_error --host node7 -m -f`
    #[must_use]
    pub fn command(self, host: &str) -> String {
        format!("host_error --host {host} {}", self.words().join(" "))
    }

    /// Does it only move VMs of a host that is proven off? Nothing is lost by that, whoever asks.
    #[must_use]
    pub fn only_moves(self) -> bool {
        self.mode == Mode::Migrate && self.fencing == Fencing::Required
    }
}

impl From<Asked> for Vec<String> {
    fn from(asked: Asked) -> Self {
        asked.words().into_iter().map(str::to_owned).collect()
    }
}

impl TryFrom<Vec<String>> for Asked {
    type Error = String;

    /// # Errors
    /// Any other word, a word twice, and another number of modes than one.
    fn try_from(words: Vec<String>) -> Result<Self, String> {
        let (mut mode, mut force, mut fencing) = (None, Force::RunningOnly, Fencing::Required);
        for word in &words {
            let fresh = match word.as_str() {
                "-m" => mode.replace(Mode::Migrate).is_none(),
                "-r" => mode.replace(Mode::Recreate).is_none(),
                "-d" => mode.replace(Mode::Delete).is_none(),
                "-f" => std::mem::replace(&mut force, Force::AlsoStopped) == Force::RunningOnly,
                "-u" => std::mem::replace(&mut fencing, Fencing::Waived) == Fencing::Required,
                _ => false,
            };
            if !fresh {
                return Err("its options are not those of a run".to_owned());
            }
        }
        let mode = mode.ok_or("its options have no mode")?;
        Ok(Self { mode, force, fencing })
    }
}

/// An absent one as an empty list, as the first records have it.
pub(super) mod listed {
    use super::Asked;
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer, de::Error as _};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(in super::super) fn serialize<S: Serializer>(
        asked: &Option<Asked>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        asked.map(Vec::from).unwrap_or_default().serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Asked>, D::Error> {
        let words = Vec::deserialize(from)?;
        if words.is_empty() { Ok(None) } else { Asked::try_from(words).map(Some).map_err(D::Error::custom) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Asked, String> {
        Asked::try_from(words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_else_is() {
        for words in ["-m", "-m -f", "-r -u", "-d -f -u"] {
            assert_eq!(read(words).unwrap().words().join(" "), words);
        }
        assert_eq!(read("-u -d").unwrap().words(), ["-d", "-u"]);
        for words in
            ["", "-f", "-m -d", "-m -m", "-m --help", "-m --config /tmp/x", "-mf", "-m -p 0", "--migrate"]
        {
            assert!(read(words).is_err(), "{words}");
        }
    }

    #[test]
    fn only_a_move_after_a_proof_harms_nobody() {
        assert!(read("-m").unwrap().only_moves() && read("-m -f").unwrap().only_moves());
        for words in ["-m -u", "-r", "-d", "-d -f -u"] {
            assert!(!read(words).unwrap().only_moves(), "{words}");
        }
    }
}
