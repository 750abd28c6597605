//! What shows that the host was off: the proof, each sample, and what witnesses said.

use super::run::Sample;
use super::when::{At, Clock, Stamp, took};
use super::{Known, LogLine, clean};
use crate::model::{DeviceName, Epoch, Moment, Opinion, PowerState, Signs};
use std::time::Duration;

/// More samples than this are shown in short where they say the same one after the other.
const MOST: usize = 200;

/// One answer of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleRow {
    /// When it was in.
    pub at: Stamp,
    /// Who was asked.
    pub device: String,
    /// Why it gave no usable answer.
    pub said: String,
    /// `on`, `off` or `unknown`.
    pub state: &'static str,
    /// So many more that say the same follow it, and are not shown.
    pub more: usize,
}

/// One answer of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// When it was in.
    pub at: Stamp,
    /// Who was asked.
    pub who: String,
    /// What that means.
    pub opinion: String,
    /// `on` for a sign of life, else `off` or `unknown`.
    pub state: &'static str,
    /// In its own words.
    pub said: String,
}

/// Everything that speaks about the power of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The proof as the record has it.
    pub proof: String,
    /// What the times in it count from.
    pub from: Option<Stamp>,
    /// What the wait for the host has shown.
    pub wait: String,
    /// Each sample.
    pub samples: Vec<SampleRow>,
    /// Are they all that there were, or only those of the proof?
    pub whole: bool,
    /// What witnesses said.
    pub voices: Vec<Voice>,
    /// What the record's log has of it, where no journal does.
    pub told: Vec<LogLine>,
}

pub(super) fn evidence(known: &Known<'_>, clock: &Clock) -> Evidence {
    let incident = known.incident;
    let proof = incident.proof.clone().unwrap_or_default();
    let recorded: Vec<Sample> = known.runs.iter().flat_map(|run| run.samples.iter().cloned()).collect();
    let whole = !known.runs.is_empty();
    let samples =
        if whole { recorded } else { incident.began.map(|from| of_proof(&proof, from)).unwrap_or_default() };
    let heard = known.runs.iter().flat_map(|run| &run.witnesses);
    let voices = heard.map(|(at, said)| Voice {
        at: clock.tenths(*at),
        who: clean(&said.witness),
        opinion: said.opinion.to_string(),
        state: match said.opinion {
            Opinion::Alive => "on",
            Opinion::Dead => "off",
            Opinion::None => "unknown",
        },
        said: clean(&said.said),
    });
    Evidence {
        from: incident.began.filter(|_| !proof.is_empty()).map(|from| clock.epoch(from)),
        proof: clean(&proof),
        wait: wait(known),
        samples: shown(&samples, clock),
        whole,
        voices: voices.collect(),
        told: if whole { Vec::new() } else { told(known, clock) },
    }
}

fn told(known: &Known<'_>, clock: &Clock) -> Vec<LogLine> {
    let lines =
        known.incident.log.iter().filter(|line| ["fence", "prove", "confirm"].contains(&line.phase.as_str()));
    lines
        .map(|line| LogLine { at: clock.epoch(line.at), phase: clean(&line.phase), text: clean(&line.text) })
        .collect()
}

fn wait(known: &Known<'_>) -> String {
    match &known.incident.signs {
        Some(Signs::Over { why, at, until }) => {
            let early = took(At::of(*until).since(At::of(*at)));
            format!("The wait for the host was over {early} before its time: {}.", clean(why))
        }
        Some(Signs::Waited(why)) => format!("The host had its whole time to come back: {}.", clean(why)),
        Some(Signs::Silent(_)) => "Witnesses got no answer from the host while it was waited for.".to_owned(),
        None => String::new(),
    }
}

/// The samples that a proof names: `bmc said off 3 times in a row (+01:00.7 +01:02.9 +01:05.1)`.
fn of_proof(proof: &str, from: Epoch) -> Vec<Sample> {
    let mut samples = Vec::new();
    for part in proof.split("; ") {
        let Some((device, rest)) = part.split_once(" said off ") else { continue };
        let times = rest.rsplit_once('(').and_then(|(_, times)| times.strip_suffix(')')).unwrap_or_default();
        let moments = times.split_whitespace().filter_map(moment);
        samples.extend(moments.map(|moment| Sample {
            at: At::in_run(from, moment),
            device: DeviceName(device.to_owned()),
            via: None,
            state: PowerState::Off,
        }));
    }
    samples
}

/// `+01:00.7`
fn moment(text: &str) -> Option<Moment> {
    let (minutes, rest) = text.strip_prefix('+')?.split_once(':')?;
    let (seconds, tenths) = rest.split_once('.')?;
    let tenths: u64 = tenths.parse().ok()?;
    let seconds = minutes.parse::<u64>().ok()?.checked_mul(60)?.checked_add(seconds.parse().ok()?)?;
    Some(Moment(Duration::from_millis(seconds.checked_mul(1000)?.checked_add(tenths.checked_mul(100)?)?)))
}

/// `on`, `off`, `unknown`: the name of its look.
pub(super) fn state(state: &PowerState) -> &'static str {
    match state {
        PowerState::On => "on",
        PowerState::Off => "off",
        PowerState::Unknown(_) => "unknown",
    }
}

fn shown(samples: &[Sample], clock: &Clock) -> Vec<SampleRow> {
    let row = |sample: &Sample| {
        let via = sample.via.map_or_else(String::new, |host| format!(" over {host}"));
        SampleRow {
            at: clock.tenths(sample.at),
            device: clean(&format!("{}{via}", sample.device)),
            said: match &sample.state {
                PowerState::On | PowerState::Off => String::new(),
                PowerState::Unknown(why) => clean(why),
            },
            state: state(&sample.state),
            more: 0,
        }
    };
    if samples.len() <= MOST {
        return samples.iter().map(row).collect();
    }
    let alike = |one: &Sample, other: &Sample| {
        (&one.device, one.via, &one.state) == (&other.device, other.via, &other.state)
    };
    let mut rows = Vec::new();
    for group in samples.chunk_by(alike) {
        if let [first, _, middle @ .., last] = group
            && !middle.is_empty()
        {
            rows.push(SampleRow { more: group.len() - 2, ..row(first) });
            rows.push(row(last));
        } else {
            rows.extend(group.iter().map(row));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_of_a_proof_are_found_in_its_words_and_nothing_else_is() {
        let proof = "two says: bmc said off 2 times in a row (+01:00.7 +61:02.9); node3 (host 3) got no answer from it (x)";
        let found = of_proof(proof, Epoch(1000));
        let at: Vec<_> = found.iter().map(|sample| (sample.device.0.as_str(), sample.at.0)).collect();
        assert_eq!(at, [("two says: bmc", 1_060_700), ("two says: bmc", 4_662_900)]);
        for none in
            ["", "a said off ", "a said off 3 times (", "a said off (+x:1.2 01:00.1 +1:2)", "+01:00.7"]
        {
            assert_eq!(of_proof(none, Epoch(0)), []);
        }
    }

    #[test]
    fn many_samples_that_say_the_same_are_counted_and_each_change_is_shown() {
        let clock = Clock::from(At(0));
        let sample =
            |at: i64, state| Sample { at: At(at), device: DeviceName("bmc".to_owned()), via: None, state };
        let mut all: Vec<_> = (0..300).map(|at| sample(at * 1000, PowerState::On)).collect();
        all.push(sample(300_000, PowerState::Unknown("x".to_owned())));
        all.extend((301..304).map(|at| sample(at * 1000, PowerState::Off)));
        let rows = shown(&all, &clock);
        let told: Vec<_> = rows.iter().map(|row| (row.state, row.more)).collect();
        assert_eq!(told, [("on", 298), ("on", 0), ("unknown", 0), ("off", 0), ("off", 0), ("off", 0)]);
        assert_eq!(shown(&all[..200], &clock).len(), 200);
    }
}
