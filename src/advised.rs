//! Advised commands as they are to be typed: a run that was given another settings file says so in each of them.
//!
//! A file that stands in the environment (`ONERESCUE_CONFIG`) holds for what is typed there as well, and is not said.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

static FILE: OnceLock<String> = OnceLock::new();

/// Programs with `--config`, and the commands of `onerescue` that have it.
const PROGRAMS: [&str; 4] = ["host_error", "host_back", "vm_down", "fence_host"];
const COMMANDS: [&str; 12] = [
    "abort",
    "arm",
    "check",
    "confirm-off",
    "disarm",
    "history",
    "plan",
    "proceed",
    "reconcile",
    "report",
    "setup",
    "show",
];

/// This process goes by these settings, which its `--config` names.
pub(crate) fn settings(file: &Path) {
    let text = std::path::absolute(file).unwrap_or_else(|_| file.to_owned()).display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    if text.chars().all(plain) {
        let _ = FILE.set(text);
    }
}

/// The text with `--config` in each of its commands.
pub(crate) fn whole(text: &str) -> String {
    FILE.get().map_or_else(|| text.to_owned(), |file| with(text, file))
}

/// A command is what stands between two of these: `host_error --host node7 -m`.
fn with(text: &str, file: &str) -> String {
    let mut parts = text.split('`');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    let mut inside = true;
    for part in parts {
        whole.push('`');
        whole.push_str(part);
        if inside && goes_by_settings(part) {
            let _ = write!(whole, " --config {file}");
        }
        inside = !inside;
    }
    whole
}

fn goes_by_settings(command: &str) -> bool {
    let mut words = command.split(' ');
    let ours = match words.next() {
        Some("onerescue") => words.next().is_some_and(|word| COMMANDS.contains(&word)),
        // Its name alone is no command.
        Some(program) => {
            PROGRAMS.contains(&program) && words.next().is_some_and(|word| word.starts_with('-'))
        }
        None => false,
    };
    ours && !command.contains("--config") && !command.contains(['\n', '\\'])
}

#[cfg(test)]
mod tests {
    use super::with;

    #[test]
    fn only_commands_that_go_by_settings_name_the_file() {
        let text = "run `host_error --host node7 -m`, `onerescue show node7`, or `onevm show 4`; `host_error` and `onerescue layer` \
                    too; `vm_down --vm 4 --config /x`";
        assert_eq!(
            with(text, "/etc/o.toml"),
            "run `host_error --host node7 -m --config /etc/o.toml`, `onerescue show node7 --config /etc/o.toml`, or `onevm show \
             4`; `host_error` and `onerescue layer` too; `vm_down --vm 4 --config /x`"
        );
        assert_eq!(with("no command", "/x"), "no command");
    }
}
