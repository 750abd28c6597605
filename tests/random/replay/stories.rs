//! A journal leads the same policy through the same run: every question, every line, every end.

use crate::story::{stage::Stage, strategy};
use onerescue::model::Epoch;
use onerescue::policy::replay::Begin;
use onerescue::wire::journal::Reader;
use onerescue::world::{Journal, Replayed};
use onerescue::{replay, run};
use proptest::prelude::*;

proptest! {
    #![proptest_config(crate::config(4 * crate::HOUR, "tests/random/replay/regressions.txt", 4000))]

    #[test]
    fn a_journal_is_replayed_to_the_same_end(story in strategy::story(), again in any::<bool>(), cut in 0..100_000usize) {
        let Stage { mut world, subject, .. } = Stage::new(&story);
        if again {
            run(&mut world, subject.clone(), story.policy.clone());
            world.begin_again();
        }
        let begin = Begin {
            program: "0.0.0".to_owned(),
            run: "front-end 0".to_owned(),
            at: Epoch(0),
            subject: subject.clone(),
            policy: story.policy.clone(),
        };
        let mut journal = Journal::begin(world, Some(String::new()), &begin);
        let report = run(&mut journal, subject, story.policy.clone());
        journal.end(&report);
        let text = journal.into_parts().1.unwrap();

        let (read, world) = Replayed::new(Reader::read(&text).unwrap()).unwrap();
        prop_assert_eq!(&read, &begin);
        let verdict = replay(world, &read, read.policy.clone()).unwrap();
        prop_assert!(verdict.is_the_same(), "{verdict:#?}");
        prop_assert_eq!(verdict.now, Some(report.outcome.to_string()));
        prop_assert_eq!((verdict.answered, verdict.vms >= report.vms.len()), (verdict.recorded, true));
        prop_assert!(verdict.stopped.is_none());

        // Killed anywhere: the same up to there.
        let first = text.find('\n').unwrap() + 1;
        let end = (first + cut % (text.len() - first)..text.len()).find(|end| text.is_char_boundary(*end));
        let half = Reader::read(&text[..end.unwrap()]).unwrap();
        let (read, world) = Replayed::new(half).unwrap();
        let verdict = replay(world, &read, read.policy.clone()).unwrap();
        prop_assert!(verdict.is_the_same(), "{verdict:#?}");
        prop_assert_eq!(verdict.answered, verdict.recorded);
    }
}
