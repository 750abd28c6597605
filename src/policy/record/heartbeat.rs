//! While a run waits it shows that it is alive, so that no other takes its incident over; and while it waits for its
//! host it looks whether a person has ended the incident. Every other wait ends at a question that sees that too.

use super::ownership::{abort_of, lost, overwritten};
use super::writing::send;
use crate::policy::host_error::lead::lead;
use crate::policy::notes::Phase;
use crate::policy::port::Watch;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::timings::{BEAT, FRESH};
use std::time::Duration;

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// The host: each look costs oned one call, and each second one another.
    Host,
    Else,
}

/// Devices that give no answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Mute {
    WaitedFor,
    Left,
}

/// What was done beside.
#[derive(PartialEq, Eq)]
enum Done {
    Nothing,
    Looked,
    Written,
}

impl Run {
    /// Let time pass.
    ///
    /// # Errors
    /// Another run has the incident now.
    pub(in crate::policy) async fn pause(&mut self, pause: Duration) -> Result<(), Stop> {
        self.wait(pause).await;
        self.show_life(For::Else).await.map(|_| ())
    }

    /// The same, until people write something about this host, or, if `mute` devices are waited for, one of them answers. Is
    /// there such news?
    ///
    /// # Errors
    /// Another run has the incident now.
    pub(in crate::policy) async fn pause_for_news(
        &mut self,
        pause: Duration,
        mute: Mute,
    ) -> Result<bool, Stop> {
        let Some((words, at)) = self.hold.words.clone() else {
            return self.pause(pause).await.map(|()| false);
        };
        let mute = match mute {
            Mute::WaitedFor => {
                self.fence.readings.mute.iter().map(|name| (name.clone(), self.via(name, 0))).collect()
            }
            Mute::Left => Vec::new(),
        };
        let watch = Watch { host: self.subject.host, words, looked: self.now().since(at), mute };
        let news = self.ask(move |world| world.wait_for_news(pause, &watch)).await;
        let now = self.now();
        if news.looked
            && let Some((_, looked)) = &mut self.hold.words
        {
            *looked = now;
        }
        self.show_life(For::Else).await?;
        Ok(news.heard)
    }

    /// The same while the host may come back. It is nobody's but the leader's then.
    ///
    /// # Errors
    /// Another run or front-end has the incident now, or a person has ended it.
    pub(in crate::policy) async fn pause_for_host(&mut self, pause: Duration) -> Result<(), Stop> {
        self.wait(pause).await;
        if self.show_life(For::Host).await? == Done::Looked {
            lead(self).await?;
        }
        Ok(())
    }

    async fn show_life(&mut self, what: For) -> Result<Done, Stop> {
        let (record, now) = (&self.record, self.now());
        let word = what == For::Host && now.since(record.wrote.max(record.owned)) >= FRESH;
        let open = record.document.is_some() && record.incident.is_some();
        if !open || !word && now.since(record.wrote) < BEAT {
            return Ok(Done::Nothing);
        }
        let memory = self.ask(|world| world.memory()).await;
        let now = self.now();
        // If it cannot be read the run goes on: whatever it does next asks oned too.
        let Ok(memory) = memory else {
            self.record.wrote = now;
            return Ok(Done::Nothing);
        };
        if let Some(lost) = lost(self, &memory) {
            return Err(Stop::Lost(lost));
        }
        self.record.owned = now;
        let due = overwritten(self, &memory) || now.since(self.record.wrote) >= BEAT;
        if let Some(word) = abort_of(self, &memory).filter(|_| what == For::Host) {
            return Err(self.abort(word));
        }
        let Some(incident) = (if due { self.standing_record() } else { None }) else {
            return Ok(Done::Looked);
        };
        let written = send(self, incident).await;
        self.record.wrote = self.now();
        if let Err(failure) = written {
            let text = format!("the record could not be written: {}; going on", failure.what);
            self.detail(Phase::Claim, text);
        }
        Ok(Done::Written)
    }
}
