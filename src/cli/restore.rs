//! `onerescue restore`: a host that was emptied by day is in service again.

use super::evacuate::{named, told};
use super::hook::{on_signal_run, zone};
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::options::Restore;
use crate::world::Live;
use crate::{run_restore, trail};

/// Restore it. The exit code is that of the run.
///
/// # Errors
/// [`crate::Error::NoHost`], and whatever keeps the cloud from being reached.
pub(super) fn restore(options: &Restore) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    trail::start(Some(&config.paths.log));
    let zone = zone(&config, &environment)?;
    let subject = named(&options.host, &zone)?;
    trail::about(subject.host);
    let again = format!("`onerescue restore {}` goes on with it", subject.name);
    on_signal_run(again.clone(), again)?;
    let account = run_restore(&mut Live::new(zone, &config), &subject, options.policy(&config));
    Ok(told(&subject, &account, options.json))
}
