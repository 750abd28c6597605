//! Settings that do not fit together, and what follows from others.

use super::Config;
use crate::policy::moments::Bounds;
use crate::section::{MILLISECOND, hours, within};

/// The settings, each of which is in its bounds.
pub(super) fn together(mut config: Config) -> Result<Config, String> {
    within("oned.connect", config.oned.connect, MILLISECOND, config.oned.deadline)?;
    if config.record.notices == config.record.r#type {
        return Err("record.notices is the same number as record.type".to_owned());
    }
    within("hold.longest", config.rules.hold.longest, config.rules.hold.look, hours(1))?;
    // One round that is lost must not be silence.
    within("watch.silence", config.watch.silence, config.watch.every * 3, hours(1))?;
    config.rules.witness.consul = config.witness.consul.is_some();
    witnesses(&config)?;
    metrics(&config)?;
    fence(&config)?;
    if config.rules.brake.short > config.rules.brake.long {
        return Err("brake.short is longer than brake.long".to_owned());
    }
    // One that is shorter than the time in which failures are counted would begin again at once.
    if config.back.quarantine < config.rules.brake.flap_time {
        let time = config.back.quarantine;
        return Err(format!("host_back.quarantine is {time:?}, shorter than brake.flap_time"));
    }
    // A crowd must be seen while the first of its hooks still wait.
    if config.down.crowd_time < config.down.wait_interval {
        let time = config.down.crowd_time;
        return Err(format!("vm_down.crowd_time is {time:?}, shorter than vm_down.wait_interval"));
    }
    config.rules.plan.returned = config.back.stable;
    config.reconcile.rules.bounds = Bounds::new(config.rules.wait, config.rules.hold);
    config.reconcile.rules.back = config.back;
    Ok(config)
}

/// `node_exporter` reads nothing else.
fn metrics(config: &Config) -> Result<(), String> {
    match config.metrics_file() {
        Some(file) if file.extension().is_none_or(|end| end != "prom") => Err(format!(
            "metrics.file is {}; it must end in .prom, or node_exporter does not read it",
            file.display()
        )),
        Some(_) | None => Ok(()),
    }
}

fn witnesses(config: &Config) -> Result<(), String> {
    if config.witness.consul.as_ref().is_some_and(|consul| consul.url.is_empty()) {
        return Err("witness.consul.url is missing".to_owned());
    }
    let rules = config.rules.witness;
    let witnesses = rules.peers + u32::from(rules.consul);
    if witnesses > 0 && rules.alive.max(rules.dead) > witnesses {
        return Err(format!(
            "witness.alive and witness.dead ask for more answers than the {witnesses} that can come"
        ));
    }
    if witnesses == 0 && rules.dead > 0 {
        return Err(
            "witness.dead is set, and nobody is asked: set witness.peers or [witness.consul]".to_owned()
        );
    }
    Ok(())
}

fn fence(config: &Config) -> Result<(), String> {
    let rules = config.rules.fence;
    let needed = rules.interval * (rules.samples - 1);
    if needed >= rules.deadline {
        let deadline = rules.deadline;
        return Err(format!(
            "fence.samples and fence.interval need {needed:?}, but fence.deadline is {deadline:?}"
        ));
    }
    Ok(())
}
