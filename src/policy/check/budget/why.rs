//! What says how long each stage takes.

use super::Known;
use super::figures::whole;
use crate::model::{ImDriver, Monitord};
use crate::policy::FenceRules;
use crate::policy::settings::HandOver;

impl Known<'_> {
    pub(super) fn why_silence(&self) -> String {
        if let Some(silence) = self.watcher {
            return format!("`onerescue watch` runs: {} s without an answer", whole(silence));
        }
        let Monitord { interval, timer, beacon, .. } = &self.facts.monitord;
        let (file, unread) = &self.facts.file;
        let figures =
            [("MONITORING_INTERVAL_HOST", interval), ("MANAGER_TIMER", timer), ("BEACON_HOST", beacon)];
        let said = figures.map(|(name, figure)| {
            let default = if figure.set || unread.is_some() { "" } else { " (default)" };
            format!("{name} {}{default}", figure.seconds)
        });
        let said = said.join(", ");
        match unread {
            Some(why) => format!("{said}: OpenNebula's defaults, for {file} cannot be used: {why}"),
            None => format!("{said}, of {file}"),
        }
    }

    pub(super) fn why_ssh(&self) -> String {
        if let Some(driver) = self.driver.filter(|driver| driver.local) {
            return format!("the driver {} works here, with {}", driver.name, limit(driver));
        }
        match (self.connect, self.unknown) {
            (Some(seconds), _) => format!("ConnectTimeout {seconds}, as `ssh -G` says"),
            (None, Some(why)) => format!("ConnectTimeout is not known, and taken as none: {why}"),
            (None, None) => {
                let driver = self.driver.map_or_else(String::new, |driver| {
                    format!("; {} of the driver {} does not end it", limit(driver), driver.name)
                });
                format!("no ConnectTimeout, as `ssh -G` says{driver}")
            }
        }
    }

    pub(super) fn why_wait(&self, hook: bool) -> String {
        let by = if hook { "-p of the hook, or [wait]" } else { "[wait]: no hook says it" };
        let then = match self.hand_over {
            HandOver::Yes => ", then reconcile's next tick",
            HandOver::No => "",
        };
        let off = self.devices.then(|| "3 times \"off\" ends it".to_owned());
        let silent = self
            .hears()
            .then(|| format!("{} s without an answer for any witness end it", self.wait.sure.as_secs()));
        let early: Vec<_> = [off, silent].into_iter().flatten().collect();
        let early = if early.is_empty() { String::new() } else { format!("; {}", early.join(", ")) };
        format!("{} cycles of {} s ({by}){then}{early}", self.wait.cycles, self.wait.cycle.as_secs())
    }

    pub(super) fn why_proof(&self) -> String {
        let FenceRules { samples, interval, .. } = self.fence;
        let answer = self.answer.as_millis();
        let answer = if answer == 0 {
            "no device has answered just now".to_owned()
        } else {
            format!("the slowest device answers within {} s", whole(self.answer))
        };
        format!("{samples} times \"off\", {} s apart; {answer}", interval.as_secs())
    }
}

fn limit(driver: &ImDriver) -> String {
    driver.timeout.map_or_else(|| "no -w".to_owned(), |seconds| format!("-w {seconds}"))
}
