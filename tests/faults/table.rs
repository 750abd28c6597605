//! The table: a line for each call of the undisturbed run, a column for each class of trouble.

use super::judge::{Placed, differences};
use super::played::Played;
use onerescue::model::VmId;
use onerescue::sim::{Fault, FaultRule, Left};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

/// A class of trouble: its column, what it is, and how the simulator makes it.
struct Class {
    name: &'static str,
    means: &'static str,
    fault: Fault,
    /// Only what changes something can meet it.
    writes_only: bool,
    /// What it leaves of a migrate that was accepted and not taken up.
    left: Left,
}

impl Class {
    fn leaves(self, left: Left) -> Self {
        Self { left, ..self }
    }

    /// The columns in which oned's work is torn are wider.
    fn width(&self) -> usize {
        match (&self.fault, self.left) {
            (Fault::LeaderDies, Left::Row) => 40,
            (Fault::Election | Fault::LeaderDies, _) => 28,
            _ => 20,
        }
    }
}

/// A scenario, and how it goes if nothing disturbs it.
struct Story<'a> {
    text: &'a str,
    calm: &'a Played,
    placed: Placed,
}

fn classes() -> Vec<Class> {
    let seconds = Duration::from_secs;
    let class =
        |name, means, fault, writes_only| Class { name, means, fault, writes_only, left: Left::Record };
    vec![
        class(
            "reply lost",
            "done, and the client's deadline passes without an answer",
            Fault::Slow(seconds(60)),
            false,
        ),
        class("request lost", "not done, and the connection is reset", Fault::LostRequest, false),
        class("reset", "done, and the connection is reset", Fault::LostReply, false),
        class(
            "forwarded",
            "a follower gives up on the leader after 10 s; done 90 s after it was sent",
            Fault::Forwarded(seconds(90)),
            true,
        ),
        class("election", "refused with 0x2000; nobody leads for 8 s", Fault::Election, false),
        class(
            "leader dies",
            "done and answered; then the leader dies, and another is elected after 8 s",
            Fault::LeaderDies,
            false,
        ),
        class(
            "dies, times",
            "the same, and of a migrate that was not taken up the times of its records are left too",
            Fault::LeaderDies,
            true,
        )
        .leaves(Left::Times),
        class("dies, row", "the same, and only the row of its record is left", Fault::LeaderDies, true)
            .leaves(Left::Row),
        class(
            "stale",
            "done and answered; for 5 s every read shows the cloud as it was before",
            Fault::Stale(seconds(5)),
            true,
        ),
        class("away", "no front-end answers for 3 minutes", Fault::Away(seconds(180)), false),
    ]
}

const READS: [&str; 5] = [".info", ".infoset", ".infoextended", "raftstatus", "one.system."];

fn reads(method: &str) -> bool {
    READS.iter().any(|read| method.contains(read))
}

/// A cell that cannot be as if nothing had happened, and why.
struct Named {
    method: &'static str,
    class: &'static str,
    /// How that difference begins.
    allows: &'static str,
    why: &'static str,
}

const NAMED: [Named; 2] = [
    Named {
        method: "one.vm.recover",
        class: "request lost",
        allows: "the hook ended as [\"partly\", \"recovered\"]",
        why: "a recreation destroys, so it is never sent twice on a guess: the VM is reported as failed, and is \
              recovered when a person runs the hook again",
    },
    Named {
        method: "one.vm.action",
        class: "forwarded",
        allows: "one.vm.action resched",
        why: "the flag that lands late is set a second time, on a VM that runs elsewhere by then; the scheduler may \
              move it live once more",
    },
];

/// The table of this scenario, and every cell that is wrong.
pub(crate) fn of(text: &str) -> (String, Vec<String>) {
    let calm = Played::of(text, None, Left::Record);
    let placed =
        if text.contains("\n# The scheduler places.") { Placed::ByScheduler } else { Placed::ByPlan };
    let mut broken = differences(&calm, &calm, placed);
    let classes = classes();
    let mut total: BTreeMap<&str, u32> = BTreeMap::new();
    for method in &calm.calls {
        *total.entry(method).or_default() += 1;
    }
    let title = text.lines().find_map(|line| line.strip_prefix("title = ")).unwrap_or_default();
    let mut table = format!("{}\n\n", title.trim_matches('"'));
    for class in &classes {
        let _ = writeln!(table, "{:<13} {}", class.name, class.means);
    }
    table.push_str(
        "\nok    recovered by the hook, as if nothing had happened\n\
         ok+   the same, but its record was left open, or a late write has opened it again: the timer closes it\n\
         +...  what the leader leaves: +record, +times, +row of a migrate that was accepted and not taken up; +nothing of\n\
         \x20     another order, or of one for a VM that runs; +work: the state in which a driver was. The VM is led on, or the\n\
         \x20     order is sent again. Of a row a person is told how to delete it, does so, enables the host if it is DISABLED,\n\
         \x20     and runs the hook again: \"partly, recovered\"\n",
    );
    let _ = write!(table, "\n{:<30}", "");
    for class in &classes {
        let _ = write!(table, "{:<1$}", class.name, class.width());
    }
    table.push('\n');
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for method in &calm.calls {
        let nth = seen.entry(method).or_default();
        *nth += 1;
        let all = total.get(method.as_str()).copied().unwrap_or(0);
        // Reads of one method stand in one line, at the first of them.
        let which: Vec<u32> = match (reads(method), *nth) {
            (true, 1) => distinct(&calm.calls, method),
            (true, _) => continue,
            (false, nth) => vec![nth],
        };
        let name = if reads(method) { method.to_owned() } else { format!("{method} {nth}/{all}") };
        let _ = write!(table, "{name:<30}");
        for class in &classes {
            let cell = if class.writes_only && reads(method) {
                "-".to_owned()
            } else {
                cell(&Story { text, calm: &calm, placed }, method, &which, class, &mut broken)
            };
            let _ = write!(table, "{:<1$}", cell, class.width());
        }
        table.push('\n');
    }
    let starred: Vec<String> = table.lines().filter(|line| line.contains('*')).map(str::to_owned).collect();
    for named in NAMED.iter().filter(|named| starred.iter().any(|line| line.starts_with(named.method))) {
        let _ = writeln!(table, "\n* {}, {}: {}", named.method, named.class, named.why);
    }
    let table: String = table.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    (table, broken)
}

/// Of the reads of this method those that are the first since something was changed.
fn distinct(calls: &[String], method: &str) -> Vec<u32> {
    let (mut nth, mut fresh, mut which) = (0, true, Vec::new());
    for call in calls {
        fresh |= !reads(call);
        if call == method {
            nth += 1;
            which.extend(std::mem::take(&mut fresh).then_some(nth));
        }
    }
    which
}

/// How these calls of a method end under this trouble.
fn cell(story: &Story<'_>, method: &str, which: &[u32], class: &Class, broken: &mut Vec<String>) -> String {
    let Story { text, calm, placed } = *story;
    let named = NAMED.iter().find(|named| named.method == method && named.class == class.name);
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for nth in which {
        let rule = FaultRule::once(method, class.fault.clone()).after(nth - 1);
        let played = Played::of(text, Some(rule), class.left);
        let mut wrong = differences(&played, calm, placed);
        let row = played.left.iter().any(|(_, left)| *left == Left::Row);
        let right = if row { Some(&"partly") } else { calm.ends.first() };
        if played.ends.first() != right || row && played.ends.last() != Some(&"recovered") {
            wrong.push(format!("the hook ended as {:?}", played.ends));
        }
        let all = wrong.len();
        wrong.retain(|wrong| !named.is_some_and(|named| wrong.starts_with(named.allows)));
        let mark = if wrong.len() < all { "*" } else { "" };
        broken.extend(wrong.into_iter().map(|wrong| format!("{method} {nth}, {}: {wrong}", class.name)));
        let word = match played.ends.as_slice() {
            ["recovered"] => "ok".to_owned(),
            ["recovered", "recovered" | "nothing to do"] => "ok+".to_owned(),
            ends => ends.join(", "),
        };
        *ends.entry(word + &torn(&played.left) + mark).or_default() += 1;
    }
    let one = |(end, count): (String, u32)| if which.len() == 1 { end } else { format!("{count} {end}") };
    ends.into_iter().map(one).collect::<Vec<_>>().join(" + ")
}

/// What was left of work, each kind once.
fn torn(left: &BTreeSet<(VmId, Left)>) -> String {
    let word = |left| match left {
        Left::Record => " +record",
        Left::Times => " +times",
        Left::Row => " +row",
        Left::Nothing => " +nothing",
        Left::Work => " +work",
    };
    left.iter().map(|(_, left)| *left).collect::<BTreeSet<_>>().into_iter().map(word).collect()
}
