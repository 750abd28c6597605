//! How long a recovery takes, for people: the sums, each stage with what says so, and what takes most off.

use super::super::columns::wrapped;
use crate::model::text::{cut, one_line};
use crate::policy::check::{Budget, Checked, Saving, Seconds, Stage};

/// More than these are only in `--json`.
const MOST: usize = 20;

/// Where its stages begin.
const INDENT: usize = 2;

pub(super) fn text(checked: &Checked) -> String {
    let mut text = String::new();
    for budget in checked.budgets.iter().take(MOST) {
        let clusters = if budget.all { "every cluster".to_owned() } else { names(checked, budget) };
        let (lost, hang) = (seconds(budget.power_lost), seconds(budget.hang));
        let head = format!(
            "recovery of {clusters}: the first VM runs {lost} after a host has lost its power, {hang} after one hangs"
        );
        wrapped(&head, 0, &mut text);
        let stages: Vec<_> = budget.stages.iter().map(stage).collect();
        wrapped(&stages.join("; "), INDENT, &mut text);
        if let Some(saving) = &budget.most_off {
            wrapped(&format!("takes most off: {}", told(saving)), INDENT, &mut text);
        }
    }
    text
}

fn names(checked: &Checked, budget: &Budget) -> String {
    let mut names = budget.clusters.iter().map(|id| {
        let cluster = checked.clusters.iter().find(|cluster| cluster.id == *id);
        cluster.map_or_else(|| id.to_string(), |cluster| cut(&one_line(&cluster.name), 40))
    });
    let shown: Vec<_> = names.by_ref().take(4).collect();
    match names.count() {
        0 => format!("cluster {}", shown.join(", ")),
        more => format!("cluster {} and {more} more", shown.join(", ")),
    }
}

/// `probe 3 to 131 s, never if it hangs (no ConnectTimeout, …)`
fn stage(stage: &Stage) -> String {
    let Stage { stage, power_lost, hang, from } = stage;
    let from = cut(&one_line(from), 300);
    if power_lost == hang {
        return format!("{stage} {} ({from})", seconds(*hang));
    }
    format!("{stage} {}, {} if it hangs ({from})", seconds(*power_lost), seconds(*hang))
}

fn seconds(time: Seconds) -> String {
    match time.most_s {
        None => "never".to_owned(),
        Some(most) if most == time.least_s => format!("{most} s"),
        Some(most) => format!("{} to {most} s", time.least_s),
    }
}

/// `ConnectTimeout 5 in ~oneadmin/.ssh/config: 126 s less`
fn told(saving: &Saving) -> String {
    let Saving { change, power_lost_s, hang_s } = saving;
    let hang = match hang_s {
        None => ", and a host that hangs is recovered at all".to_owned(),
        Some(seconds) if seconds == power_lost_s => String::new(),
        Some(seconds) if *power_lost_s == 0 => return format!("{change}: {seconds} s less where it hangs"),
        Some(seconds) => format!(", {seconds} s where it hangs"),
    };
    format!("{change}: {power_lost_s} s less{hang}")
}
