#![cfg(test)]

use super::*;
use crate::model::{DeviceName, VmId};

fn replay(asked: &[Question]) -> Replay<usize> {
    let at = |number: usize| Moment(Duration::from_secs(number as u64));
    let one = |(answer, asked): (usize, &Question)| Recorded {
        told: Vec::new(),
        at: at(answer),
        asked: asked.clone(),
        answer,
    };
    let answers = asked.iter().enumerate().map(one).collect();
    Replay::new(Course { answers, told: Vec::new(), ended: None })
}

fn off() -> Question {
    Question::PowerOff { device: DeviceName("bmc".to_owned()), via: None }
}

fn wait(seconds: u64) -> Question {
    Question::Wait { pause: Duration::from_secs(seconds) }
}

#[test]
fn an_answer_further_on_counts_but_none_from_behind_a_change_or_a_long_wait() {
    for (between, found) in [(Question::Claim, true), (wait(10), true), (wait(11), false), (off(), false)] {
        let mut replay = replay(&[Question::Host, between.clone(), Question::Memory]);
        assert_eq!(replay.ask(&Question::Host).unwrap().answer, 0);
        let answer = replay.ask(&Question::Memory).map(|one| one.answer);
        assert_eq!(answer, found.then_some(2), "{between}");
        assert_eq!((replay.is_over(), replay.differences.len()), (!found, 1), "{between}");
    }
}

#[test]
fn time_passes_and_makes_answers_old() {
    for (seconds, fits) in [(5, true), (12, false)] {
        let mut replay = replay(&[Question::Host, Question::Memory]);
        replay.ask(&Question::Host);
        assert!(replay.ask(&wait(seconds)).is_none() && !replay.is_over());
        assert_eq!(replay.ask(&Question::Memory).is_some(), fits, "{seconds}");
        assert_eq!(replay.now(), Moment(Duration::from_secs(seconds)));
    }
}

#[test]
fn a_part_of_what_was_asked_is_answered_and_more_is_not() {
    let vms = |ids: &[u32]| Question::Vms { ids: ids.iter().copied().map(VmId).collect() };
    assert!(replay(&[vms(&[1, 2])]).ask(&vms(&[2])).is_some());
    let mut more = replay(&[vms(&[1, 2])]);
    assert!(more.ask(&vms(&[2, 3])).is_none());
    assert_eq!(more.stopped, Some(Stopped::NoAnswer(vms(&[2, 3]))));
    let mut killed = replay(&[]);
    assert!(killed.ask(&Question::Host).is_none());
    assert_eq!(killed.stopped, Some(Stopped::RecordEnds(Question::Host)));
}
