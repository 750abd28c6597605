//! The options of the hooks, as a registered hook or a person writes them, and as a scenario plays them.

mod evacuate;
mod host_back;
mod restore;
mod vm_down;

pub use evacuate::Evacuate;
pub use host_back::HostBack;
pub use restore::Restore;
pub use vm_down::VmDown;

use crate::error::{Error, Result};
use crate::policy::{Fencing, Force, HandOver, Mode, Policy, Purpose, Rules, WaitRules};
use clap::error::ErrorKind;
use clap::{ArgGroup, Parser};
use std::path::PathBuf;

/// Recover the VMs of a host that OpenNebula has put into ERROR.
#[derive(Clone, Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "one per flag of the stock hook")]
#[command(name = "host_error", version, group(ArgGroup::new("mode").args(["migrate", "recreate", "delete"])))]
#[command(
    override_usage = "host_error [TEMPLATE] -m|-r|-d [-f] [-p N] [-u] [--config FILE] [--dry-run]\n       \
                      host_error --host ID|NAME -m|-r|-d …"
)]
#[command(
    after_help = "TEMPLATE is the base64 HOST document that OpenNebula hands a hook, as an argument or, \
                        together with the options, on standard input."
)]
pub struct HostError {
    /// Move each VM with its disks to another host
    #[arg(short = 'm', long)]
    pub migrate: bool,
    /// Delete each VM and create it again from its images: what was not saved is lost
    #[arg(short = 'r', long)]
    pub recreate: bool,
    /// Delete each VM
    #[arg(short = 'd', long)]
    pub delete: bool,
    /// Also SUSPENDED and POWEROFF VMs
    #[arg(short = 'f', long)]
    pub force: bool,
    /// Wait N monitoring cycles for the host to come back [default: the settings' cycles, 2]
    #[arg(short = 'p', long, value_name = "N")]
    pub pause: Option<u32>,
    /// Do not wait: `onerescue reconcile` goes on where this run would wait
    #[arg(long)]
    pub hand_over: bool,
    /// Do not fence: nothing then keeps a VM from running twice
    #[arg(short = 'u', long)]
    pub no_fencing: bool,
    /// The host, by id or name, when there is no template
    #[arg(long, value_name = "ID|NAME")]
    pub host: Option<String>,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say what would be done and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl HostError {
    /// Read the options, without the template.
    ///
    /// # Errors
    /// [`Error::Usage`] in one line.
    pub fn read(options: &[String]) -> Result<Self> {
        let read: Self = parse("host_error", options)?;
        read.mode()?;
        Ok(read)
    }

    fn mode(&self) -> Result<Mode> {
        match (self.migrate, self.recreate, self.delete) {
            (true, false, false) => Ok(Mode::Migrate),
            (false, true, false) => Ok(Mode::Recreate),
            (false, false, true) => Ok(Mode::Delete),
            _ => Err(Error::Usage("one of -m, -r and -d must be given, and only one".to_owned())),
        }
    }

    /// What the operator chose: these options over these rules of the settings.
    ///
    /// # Errors
    /// [`Error::Usage`] if the mode is missing.
    pub fn policy(&self, rules: Rules) -> Result<Policy> {
        let wait = WaitRules { cycles: self.pause.unwrap_or(rules.wait.cycles), ..rules.wait };
        Ok(Policy {
            force: if self.force { Force::AlsoStopped } else { Force::RunningOnly },
            fencing: if self.no_fencing { Fencing::Waived } else { Fencing::Required },
            hand_over: if self.hand_over { HandOver::Yes } else { HandOver::No },
            purpose: if self.dry_run { Purpose::Rehearse } else { Purpose::Recover },
            ..Policy::under(self.mode()?, Rules { wait, ..rules })
        })
    }
}

/// Power a host off and prove it: a drop-in for `ft/fence_host.sh`.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "fence_host",
    version,
    override_usage = "fence_host [TEMPLATE] [--host ID|NAME] [--config FILE]"
)]
#[command(after_help = "TEMPLATE is the base64 HOST document, as an argument or on standard input. \
                        Exit code 0 means that the host is proven off.")]
pub struct FenceHost {
    /// The host, by id or name, when there is no template
    #[arg(long, value_name = "ID|NAME")]
    pub host: Option<String>,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl FenceHost {
    /// Read the options, without the template.
    ///
    /// # Errors
    /// [`Error::Usage`] in one line.
    pub fn read(options: &[String]) -> Result<Self> {
        parse("fence_host", options)
    }
}

fn parse<T: Parser>(name: &str, options: &[String]) -> Result<T> {
    let words = std::iter::once(name).chain(options.iter().map(String::as_str));
    T::try_parse_from(words).map_err(|error| {
        Error::Usage(if is_help(&error) {
            "--help and --version are for the command line of a person, alone".to_owned()
        } else {
            first_line(&error.to_string())
        })
    })
}

/// Print what a person asks for on the command line with `--help` or `--version`, and leave. Nothing that a hook, a
/// document or the settings say ends the process so.
pub(crate) fn help<T: Parser>(name: &str, arguments: &[String]) {
    let words = std::iter::once(name).chain(arguments.iter().map(String::as_str));
    if let Err(error) = T::try_parse_from(words)
        && is_help(&error)
    {
        error.exit();
    }
}

fn is_help(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

/// clap's message without its `error: ` and without the usage below it.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<HostError> {
        HostError::read(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_stock_options_mean_what_they_meant() {
        let rules = Rules::default();
        let short = read("-m -f -p 5 -u").unwrap().policy(rules.clone()).unwrap();
        let long = read("--migrate --force --pause=5 --no-fencing").unwrap();
        assert_eq!(short, long.policy(rules.clone()).unwrap());
        assert_eq!((short.mode, short.wait.cycles), (Mode::Migrate, 5));
        assert_eq!((short.force, short.fencing), (Force::AlsoStopped, Fencing::Waived));
        let plain = read("-r").unwrap().policy(rules.clone()).unwrap();
        assert_eq!((plain.mode, plain.wait.cycles, plain.purpose), (Mode::Recreate, 2, Purpose::Recover));
    }

    #[test]
    fn two_modes_none_and_nonsense_are_one_clear_line() {
        for words in [
            "",
            "-m -r",
            "-m -r -d",
            "-m -p x",
            "-m --frobnicate",
            "-m -p -1",
            "-m --host",
            "--help",
            "-m -V",
        ] {
            let error = read(words).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{words}");
            assert!(!error.to_string().contains('\n') && !error.to_string().is_empty(), "{words}: {error}");
        }
    }
}
