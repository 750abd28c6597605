//! A host that saves its crash dump is not fenced before that is done, or before the time for it is over (`[wait] dump`).
//!
//! What the host says proves nothing: when it is silent it is fenced as any other. It is asked once in a run, before the first
//! "off".

use crate::model::{Dump, Epoch, Moment};
use crate::policy::arming::utc;
use crate::policy::host_error::observe::{dead, unreadable};
use crate::policy::notes::Phase;
use crate::policy::record::heartbeat::Mute;
use crate::policy::record::writing::{Needed, write};
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use std::time::Duration;

/// How long one listening takes, and a pause after the host has said so: people and the host itself are heard in between.
const LISTEN: Duration = Duration::from_secs(5);

/// Who has said nothing for so long saves nothing: kdump says so every 10 s, and one message may be lost.
const SILENT: Duration = Duration::from_secs(25);

/// Between two listenings without a word.
const BETWEEN: Duration = Duration::from_millis(100);

/// Listen until the host saves no crash dump, or for as long as it may. Everything is looked at again then.
///
/// # Errors
/// [`Stop::Again`] when that took time; the run is over, because of what it has heard meanwhile.
pub(super) async fn is_saved(run: &mut Run) -> Result<(), Stop> {
    if run.policy.wait.dump.is_zero() || run.fence.dump_over {
        return Ok(());
    }
    let began = run.now();
    let (mut last, until) = (began, began.plus(left(run)));
    let over = loop {
        let host = run.subject.host;
        let pause = match run.ask(move |world| world.dump(host, LISTEN)).await {
            Dump::Saving => {
                last = run.now();
                is_saving(run, until).await?;
                LISTEN
            }
            Dump::Silent if run.now().since(last) < SILENT => BETWEEN,
            Dump::Silent if run.fence.dump_told => {
                break "it says no more that it saves its crash dump".to_owned();
            }
            Dump::Silent => break "it does not say that it saves a crash dump".to_owned(),
            Dump::Unknown(why) => break format!("whether it saves a crash dump cannot be heard: {why}"),
        };
        if run.now() >= until {
            let most = run.policy.wait.dump.as_secs();
            break format!("it has had its {most} s for a crash dump");
        }
        look(run, pause).await?;
    };
    run.note(Phase::Wait, over);
    run.fence.dump_over = true;
    Err(Stop::Again)
}

/// What earlier runs have left of the time.
fn left(run: &Run) -> Duration {
    let since: Option<Epoch> = run.record.incident.as_ref().and_then(|incident| incident.dump);
    let waited = since.map_or(Duration::ZERO, |since| run.epoch().since(since));
    run.policy.wait.dump.saturating_sub(waited)
}

/// It says so. The first time in this run that is told, and written down.
async fn is_saving(run: &mut Run, until: Moment) -> Result<(), Stop> {
    if std::mem::replace(&mut run.fence.dump_told, true) {
        return Ok(());
    }
    let (at, left) = (run.epoch(), until.since(run.now()));
    let latest = utc(at.plus(left));
    run.note(
        Phase::Wait,
        format!("it saves its crash dump, and is not fenced before that is done, or {latest}"),
    );
    if let Some(incident) = &mut run.record.incident {
        incident.dump.get_or_insert(at);
    }
    write(run, Needed::No).await
}

/// Between two listenings: what people have written, and is the host back?
async fn look(run: &mut Run, pause: Duration) -> Result<(), Stop> {
    if run.pause_for_news(pause, Mute::Left).await? {
        return Err(Stop::Again);
    }
    match run.read_host(Phase::Wait).await? {
        Ok(host) => dead(run, &host).map_or(Ok(()), |reason| Err(Stop::nothing(reason))),
        Err(failure) => Err(Stop::Ended(unreadable(failure))),
    }
}
