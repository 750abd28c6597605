//! `onerescue watch`: a service on each front-end. What it does is decided in `policy::watch`.

use super::hook::{on_signal_do, zone};
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::policy::watch::{Known, Policy};
use crate::run::Run;
use crate::trail;
use crate::world::{Live, Notify, OneWatcher, World as _, clock};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Make oned look sooner at a host that is silent; a service, from `onerescue-watch.service`
#[derive(Clone, Debug, Args)]
pub(super) struct WatchHosts {
    /// End after so long, for a trial [default: never]
    #[arg(long = "for", value_name = "SECONDS")]
    time: Option<u64>,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Watch the hosts until a signal comes. On a front-end that does not lead nothing is done.
///
/// # Errors
/// Another watcher of this front-end is at work; settings or credentials that cannot be used.
pub(super) fn watch(options: &WatchHosts) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    trail::start(Some(&config.paths.log));
    let zone = zone(&config, &environment)?;
    let _alone = OneWatcher::alone(&config.paths.run_dir)?;
    on_signal_do(
        "nothing: systemd starts it again; a host that is left OFFLINE is enabled by `onerescue reconcile`",
    )?;
    let policy = Policy::of(config.watch, &config.rules);
    let mut world = Live::new(zone, &config).watching(&config);
    let systemd = Notify::to(environment.notify_socket.as_deref());
    systemd.tell("READY=1");
    let end = options.time.map(|time| clock::since_boot().saturating_add(Duration::from_secs(time)));
    let mut known = Known::default();
    while end.is_none_or(|end| clock::since_boot() < end) {
        let mut run = Run::watch(known, policy);
        known = loop {
            world.between_steps();
            systemd.tell("WATCHDOG=1");
            run = match run.go_on(&mut world) {
                Ok(run) => run,
                Err(known) => break *known,
            };
        };
    }
    Ok(0)
}
