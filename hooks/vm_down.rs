//! Hook: a VM is UNKNOWN or POWEROFF.
//!
//! stdin or arguments: the VM document in base64, then options; or `--vm` by hand. stdout: the report.
//! stderr: the log. Exit code: the table in the README.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    onerescue::cli::vm_down(&arguments)
}
