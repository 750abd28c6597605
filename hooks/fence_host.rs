//! Drop-in for `ft/fence_host.sh`: the HOST document in base64 on stdin, exit 0 only if the host is proven
//! off.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    onerescue::cli::fence_host(&arguments)
}
