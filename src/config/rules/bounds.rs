//! The bounds of each rule, and what does not fit together.

use super::{
    AfterLate, Brake, Consul, Fence, Hold, Observer, Place, Probe, Reconcile, Record, Seen, Settle, Wait,
    Witness,
};
use crate::config::file::{DAY, HOUR, MILLISECOND, MINUTE, SECOND, TENTH, within};
use crate::config::{ConsulSettings, ObserverSettings, ReconcileSettings, WitnessSettings};
use crate::policy::moments::Bounds;
use crate::policy::reconcile::ReconcileRules;
use crate::policy::{
    BrakeRules, Control, FenceRules, HoldRules, Late, Placement, ProbeError, RecordRules, SettleRules,
    WaitRules, Window, WitnessRules, host_back,
};
use std::path::Path;
use std::time::Duration;

impl Wait {
    pub(in crate::config) fn check(self) -> Result<WaitRules, String> {
        Ok(WaitRules {
            cycles: within("wait.cycles", self.cycles, 0..=1000)?,
            cycle: within("wait.cycle", self.cycle, TENTH..=HOUR)?,
            look: within("wait.look", self.look, TENTH..=5 * MINUTE)?,
            oned: within("wait.oned", self.oned, SECOND..=DAY)?,
        })
    }
}

impl Fence {
    pub(in crate::config) fn check(&self) -> Result<FenceRules, String> {
        let deadline = within("fence.deadline", self.deadline, SECOND..=HOUR)?;
        let samples = within("fence.samples", self.samples, 1..=100)?;
        let interval = within("fence.interval", self.interval, MILLISECOND..=5 * MINUTE)?;
        if interval * (samples - 1) >= deadline {
            return Err(format!(
                "fence.samples and fence.interval need {:?}, but fence.deadline is {deadline:?}",
                interval * (samples - 1)
            ));
        }
        if self.agents_dir.iter().any(|dir| !dir.is_absolute()) {
            return Err("fence.agents_dir must name absolute paths".to_owned());
        }
        Ok(FenceRules {
            samples,
            interval,
            attempts: within("fence.attempts", self.attempts, 1..=100)?,
            patience: within("fence.patience", self.patience, Duration::ZERO..=HOUR)?,
            deadline,
            probe_error: match self.probe_error {
                Probe::Hold => ProbeError::Hold,
                Probe::Fence => ProbeError::Fence,
            },
            control: match self.seen_on {
                Seen::Required => Control::Required,
                Seen::Waived => Control::Waived,
            },
            control_age: within("fence.seen_on_age", self.seen_on_age, HOUR..=3650 * DAY)?,
            again: within("fence.again", self.again, 0..=10)?,
            recheck: within("fence.recheck", self.recheck, Duration::ZERO..=Duration::from_secs(30))?,
            without_gain: self.without_gain,
        })
    }
}

impl Brake {
    /// `leader` stands in `[observer]`.
    pub(in crate::config) fn check(self, leader: bool) -> Result<BrakeRules, String> {
        let window = |name: &str, count, time_name: &str, time, most| {
            Ok::<_, String>(Window {
                count: within(name, count, 1..=1000)?,
                time: within(time_name, time, MINUTE..=most)?,
            })
        };
        let short = window("brake.fenced_short", self.fenced_short, "brake.short", self.short, DAY)?;
        let long = window("brake.fenced_long", self.fenced_long, "brake.long", self.long, 30 * DAY)?;
        if short.time > long.time {
            return Err("brake.short is longer than brake.long".to_owned());
        }
        Ok(BrakeRules {
            failing: within("brake.failing", self.failing, 1..=100_000)?,
            failing_percent: within("brake.failing_percent", self.failing_percent, 1..=100)?,
            short,
            long,
            flaps: window("brake.flaps", self.flaps, "brake.flap_time", self.flap_time, DAY)?,
            startup_grace: within("brake.startup_grace", self.startup_grace, Duration::ZERO..=DAY)?,
            leader,
        })
    }
}

impl Observer {
    pub(in crate::config) fn into_settings(self) -> ObserverSettings {
        ObserverSettings { gateways: self.gateways, ping: self.ping }
    }

    pub(in crate::config) fn check(self) -> Result<(bool, ObserverSettings), String> {
        check_words("observer.ping", &self.ping)?;
        for gateway in &self.gateways {
            check_address("observer.gateways", gateway)?;
        }
        Ok((self.leader, self.into_settings()))
    }
}

impl Witness {
    pub(in crate::config) fn check(self) -> Result<(WitnessRules, WitnessSettings), String> {
        check_words("witness.probe", &self.probe)?;
        check_words("witness.ssh", &self.ssh)?;
        let consul = self.consul.map(Consul::check).transpose()?;
        let rules = WitnessRules {
            peers: within("witness.peers", self.peers, 0..=10)?,
            consul: consul.is_some(),
            alive: within("witness.alive", self.alive, 1..=11)?,
            dead: within("witness.dead", self.dead, 0..=11)?,
            after_off: within("witness.after_off", self.after_off, Duration::ZERO..=10 * MINUTE)?,
        };
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
        let timeout = within("witness.timeout", self.timeout, SECOND..=5 * MINUTE)?;
        Ok((rules, WitnessSettings { probe: self.probe, ssh: self.ssh, timeout, consul }))
    }
}

impl Consul {
    fn check(self) -> Result<ConsulSettings, String> {
        let Self { url, ca_file, token_file } = self;
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err("witness.consul.url must begin with http:// or https://".to_owned());
        }
        for path in ca_file.iter().chain(&token_file) {
            if !path.is_absolute() {
                return Err("the files of [witness.consul] must be absolute paths".to_owned());
            }
        }
        Ok(ConsulSettings { url, ca_file, token_file })
    }
}

impl Hold {
    pub(in crate::config) fn check(self) -> Result<HoldRules, String> {
        let look = within("hold.look", self.look, TENTH..=HOUR)?;
        Ok(HoldRules {
            look,
            longest: within("hold.longest", self.longest, look..=HOUR)?,
            deadline: within("hold.deadline", self.deadline, Duration::ZERO..=DAY)?,
            vms: within("hold.vms", self.vms, Duration::ZERO..=30 * DAY)?,
        })
    }
}

impl Reconcile {
    /// Whether the options are a hook's is looked at when they are used.
    pub(in crate::config) fn check(
        self,
        bounds: Bounds,
        back: host_back::Rules,
    ) -> Result<ReconcileSettings, String> {
        let rules = ReconcileRules {
            age: within("reconcile.age", self.age, Duration::ZERO..=HOUR)?,
            parallel: within("reconcile.parallel", self.parallel, 1..=10)?,
            bounds,
            back,
        };
        let options = self.options.map(|text| text.split_whitespace().map(str::to_owned).collect());
        Ok(ReconcileSettings { rules, options })
    }
}

impl Record {
    pub(in crate::config) fn check(self) -> Result<(i64, RecordRules), String> {
        // 100 to 110 belong to OpenNebula's own services.
        let kind = within("record.type", self.kind, 200..=i64::from(i32::MAX))?;
        let rules = RecordRules {
            age: within("record.age", self.age, DAY..=3650 * DAY)?,
            most: within("record.most", self.most, 10..=10_000)?,
        };
        Ok((kind, rules))
    }
}

/// A program with its arguments, without a shell.
fn check_words(key: &str, words: &[String]) -> Result<(), String> {
    match words.first() {
        Some(program) if Path::new(program).is_absolute() => {}
        Some(_) | None => return Err(format!("{key} must begin with the absolute path of a program")),
    }
    if words.iter().any(|word| word.is_empty() || word.chars().any(char::is_control)) {
        return Err(format!("{key} has an empty word or a control character"));
    }
    Ok(())
}

/// A host name or an address that no program takes for an option and no shell for anything else.
pub(crate) fn check_address(key: &str, address: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if address.is_empty() || address.len() > 253 || address.starts_with('-') || !address.chars().all(plain) {
        return Err(format!("{key}: {address:?} is not a host name or an address"));
    }
    Ok(())
}

impl Settle {
    pub(in crate::config) fn check(self) -> Result<SettleRules, String> {
        Ok(SettleRules {
            parallel: within("settle.parallel", self.parallel, 1..=10)?,
            targets: within("settle.targets", self.targets, 1..=100)?,
            retries: within("settle.retries", self.retries, 0..=100)?,
            retry_wait: within("settle.retry_wait", self.retry_wait, TENTH..=HOUR)?,
            deadline: within("settle.deadline", self.deadline, SECOND..=DAY)?,
            unknown: within("settle.unknown", self.unknown, Duration::ZERO..=DAY)?,
            cleanup: within("settle.cleanup", self.cleanup, SECOND..=DAY)?,
            placement: match self.placement {
                Place::Direct => Placement::Direct,
                Place::Scheduler => Placement::Scheduler,
            },
            scheduler: within("settle.scheduler", self.scheduler, SECOND..=DAY)?,
            after_wait: within("settle.after_wait", self.after_wait, Duration::ZERO..=DAY)?,
            after_late: match self.after_late {
                AfterLate::Go => Late::Go,
                AfterLate::Hold => Late::Hold,
            },
        })
    }
}
