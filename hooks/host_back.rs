//! Hook: a host is MONITORED again.
//!
//! stdin or arguments: the HOST document in base64, then options; or `--host` by hand. stdout: the report.
//! stderr: the log. Exit code: the table in the README.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    onerescue::cli::host_back(&arguments)
}
