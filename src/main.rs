//! The operator's command: `onerescue --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    onerescue::cli::operator()
}
