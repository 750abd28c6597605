//! `fence_kdump`: does a host say that it saves its crash dump?
//!
//! A crashed kernel that kdump has started sends a message every 10 s (`fence_kdump_send`, UDP port 7410) to the front-ends that
//! its `kdump.conf` names in `fence_kdump_nodes`. The agent's "off" switches nothing off: it listens. It is never a
//! device. Source: fence-agents 4.12, `fence_kdump(8)`.

use super::super::runner::{Call, Outcome, Ran, reason, run};
use super::Fence;
use super::verdict::one_line;
use crate::config::parameter::check_value;
use crate::config::trust;
use crate::model::{Dump, Host};
use std::time::Duration;

/// The agent that listens.
pub(crate) const KDUMP: &str = "fence_kdump";

/// One agent at a time has the port. Others of this front-end are waited for, and none listens longer than a few seconds.
const BUSY: Duration = Duration::from_secs(30);

/// What the agent may take besides listening.
const SPARE: Duration = Duration::from_secs(5);

impl Fence {
    /// Listen for at most so long.
    #[must_use]
    pub fn dump(&self, host: &Host, listen: Duration) -> Dump {
        self.listen(host, listen).unwrap_or_else(|why| Dump::Unknown(one_line(&why)))
    }

    fn listen(&self, host: &Host, listen: Duration) -> Result<Dump, String> {
        let entry = self.entry(host).map_err(|error| error.chain())?;
        let program = trust::find_program(KDUMP, &self.agents_dir)?;
        let node = entry.address.as_ref().unwrap_or(&entry.name);
        check_value("nodename", node)?;
        let _turn = self.queue.turn(KDUMP, 1, BUSY)?;
        let stdin = format!("nodename={node}\ntimeout={}\naction=off\n", listen.as_secs().max(1));
        let deadline = listen.saturating_add(SPARE);
        let call =
            Call { program: &program, arguments: &[], stdin: stdin.as_bytes(), deadline, ca_file: None };
        Ok(heard(&run(&call)))
    }
}

fn heard(ran: &Ran) -> Dump {
    let says = |text: &str| ran.stdout.contains(text) || ran.stderr.contains(text);
    match ran.outcome {
        Outcome::Exited(0) if says("received valid message") => Dump::Saving,
        Outcome::Exited(1) if says("timeout after") => Dump::Silent,
        Outcome::Exited(_) | Outcome::Signalled(_) | Outcome::TimedOut | Outcome::NotStarted(_) => {
            Dump::Unknown(reason(ran))
        }
    }
}
