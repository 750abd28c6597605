//! A safety rule about the wait: what ends it before its time is seen, young, and contradicted by nobody.

use crate::model::{HostId, Opinion, PowerState};
use crate::policy::{HandOver, Phase, Policy};
use crate::sim::seen::Seen;
use crate::sim::world::SimWorld;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What the trail says of such an end.
const EARLY: &str = " before its time: ";

/// So many readings of each device in a row.
const READINGS: usize = 3;

/// S8: a wait that was over before its time had three readings "off" of every device of a level, or the silence of two witnesses
/// for as long as the settings want; no witness had got an answer; and that is at most two looks old when the fence begins, and the time in which witnesses are heard.
pub(super) fn waited(world: &SimWorld, policy: &Policy, subject: HostId, broken: &mut Vec<String>) {
    let told: Vec<_> = world.told().iter().filter(|entry| entry.phase == Phase::Wait).collect();
    for (place, entry) in told.iter().enumerate().filter(|(_, entry)| entry.text.contains(EARLY)) {
        let at = world.began().saturating_add(entry.at.0);
        let (before, after): (Vec<_>, Vec<_>) = world.seen().iter().partition(|seen| when(seen) <= at);
        let mut wrong = |why: String| broken.push(format!("S8: {:?} at {:?}: {why}", entry.text, entry.at));
        let alive = |seen: &&Seen| matches!(seen, Seen::Witness { testimony, .. } if testimony.opinion == Opinion::Alive);
        if before.iter().any(alive) {
            wrong("a witness had got an answer".to_owned());
        }
        if before.iter().any(|seen| matches!(seen, Seen::Off { .. })) {
            wrong("\"off\" had been sent".to_owned());
        }
        let seen = if entry.text.contains("said off") {
            is_off(world, subject, &before)
        } else {
            is_silent(policy, at, &before)
        };
        let Some(seen) = seen else {
            wrong("that was not seen".to_owned());
            continue;
        };
        // The wait may go on after all, and be over again.
        let next = told.get(place + 1).map(|next| world.began().saturating_add(next.at.0));
        let begins = after.iter().position(|seen| matches!(seen, Seen::Power { .. } | Seen::Off { .. }));
        let Some(begins) = begins else { continue };
        let looked = after.iter().take(begins).map(|seen| when(seen)).max().unwrap_or(at);
        let superseded =
            next.is_some_and(|next| next <= looked) || looked > at.saturating_add(left(&entry.text));
        // A witness that cannot tell holds up what the others have said.
        let old = policy.wait.look.saturating_mul(2).saturating_add(world.witness_timeout());
        if !superseded && looked.saturating_sub(seen) > old {
            wrong(format!("that was {:?} old when the fence began", looked.saturating_sub(seen)));
        }
    }
}

/// When the last reading was in, if every device of a level had said off as often as it takes, and none on.
fn is_off(world: &SimWorld, subject: HostId, before: &[&Seen]) -> Option<Duration> {
    let mut said: BTreeMap<_, Vec<(Duration, &PowerState)>> = BTreeMap::new();
    for seen in before {
        if let Seen::Power { at, device, said: state, .. } = seen {
            said.entry(device).or_default().push((*at, state));
        }
    }
    if said.values().any(|all| all.last().is_some_and(|(_, state)| **state == PowerState::On)) {
        return None;
    }
    let devices = world.devices(subject);
    let levels: BTreeSet<_> = devices.iter().map(|device| device.level).collect();
    let off = |level: &usize| {
        let mut of_it = devices.iter().filter(|device| device.level == *level);
        of_it.all(|device| {
            let last = said.get(&device.name).map_or(&[][..], |all| all.as_slice());
            let last = last.get(last.len().saturating_sub(READINGS)..).unwrap_or_default();
            last.len() == READINGS && last.iter().all(|(_, state)| **state == PowerState::Off)
        })
    };
    levels.iter().any(off).then(|| said.values().flatten().map(|(at, _)| *at).max()).flatten()
}

/// When witnesses were heard last, if two of them had got no answer for so long, and none had got one.
fn is_silent(policy: &Policy, at: Duration, before: &[&Seen]) -> Option<Duration> {
    let mut groups: BTreeMap<Duration, usize> = BTreeMap::new();
    for seen in before {
        if let Seen::Witness { at, testimony, .. } = seen {
            *groups.entry(*at).or_default() += usize::from(testimony.opinion == Opinion::Dead);
        }
    }
    let row = groups.iter().rev().take_while(|(_, dead)| **dead >= 2);
    let first = row.map(|(at, _)| *at).last()?;
    // The record may have remembered it from an earlier tick of the timer.
    let long = policy.hand_over == HandOver::Yes || at.saturating_sub(first) >= policy.wait.sure;
    groups.keys().next_back().copied().filter(|_| long)
}

/// How long the wait would have gone on: `over 15 s before its time: …`.
fn left(text: &str) -> Duration {
    let seconds = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    Duration::from_secs(seconds.unwrap_or(u64::MAX))
}

fn when(seen: &Seen) -> Duration {
    match seen {
        Seen::Host { at, .. }
        | Seen::Outlook { at, .. }
        | Seen::Memory { at, .. }
        | Seen::Witness { at, .. }
        | Seen::Dump { at, .. }
        | Seen::Record { at, .. }
        | Seen::Off { at, .. }
        | Seen::Power { at, .. }
        | Seen::Survey { at, .. }
        | Seen::Vms { at, .. }
        | Seen::Disable { at, .. }
        | Seen::Order { at, .. } => *at,
    }
}
