//! Is the architecture intact, and does the README say what the code does?

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests start the programs that they test")]

#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/live.rs"]
mod live;
#[path = "tidy/manual.rs"]
mod manual;
#[path = "tidy/texts.rs"]
mod texts;

use onerescue::policy::{Failure, Outcome, Trouble};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

fn forbid(folder: &str, words: &[&str]) {
    for (path, text) in sources(folder) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in words {
                assert!(!code.contains(word), "{}:{}: {word}", path.display(), number + 1);
            }
        }
    }
}

#[test]
fn the_pure_layers_know_nothing_of_the_world() {
    let effects = [
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "Instant",
        "SystemTime",
        "log::",
        "println",
        "reqwest",
        "rustix",
        "jiff",
        "rand",
    ];
    forbid("src/model", &[&effects[..], &["crate::"]].concat());
    forbid(
        "src/wire",
        &[&effects[..], &["crate::world", "crate::policy", "crate::config", "crate::sim"]].concat(),
    );
    for (path, text) in sources("src/policy") {
        // Tests at the end of a file may read files.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = code.split("#![cfg(test)]").next().unwrap_or_default();
        for word in
            [&effects[..], &["crate::world", "crate::wire", "crate::config", "crate::error", "crate::sim"]]
                .concat()
        {
            let hit = code.lines().find(|line| line.split("//").next().unwrap_or_default().contains(word));
            assert!(hit.is_none(), "{}: {word}: {hit:?}", path.display());
        }
    }
}

#[test]
fn folders_do_not_import_each_other_in_a_circle() {
    let all = sources("src");
    let below = |path: &Path| path.strip_prefix(root().join("src")).unwrap().to_owned();
    let all: Vec<_> = all.into_iter().map(|(path, text)| (below(&path), text)).collect();
    let all: Vec<_> = all.iter().map(|(path, text)| (path.as_path(), text.as_str())).collect();
    let circles = imports::circles(&all);
    let shown: Vec<_> = circles.iter().map(|(folder, circle)| format!("in src/{folder}: {circle}")).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

/// Where the questions of a procedure are polled, and nowhere else in the policy.
const DRIVER: &str = "src/policy/desk.rs";

#[test]
fn a_procedure_does_one_thing_after_the_other() {
    let words = ["join!", "futures::join", "select!", "spawn(", "block_on(", "Waker"];
    let procedures = sources("src/policy");
    for (path, text) in procedures.iter().filter(|(path, _)| !path.ends_with(DRIVER)) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in words {
                let place = format!("{}:{}", path.display(), number + 1);
                assert!(!code.contains(word), "{place}: {word} is for {DRIVER} alone");
            }
        }
    }
}

#[test]
fn the_world_asks_nothing_of_the_simulator() {
    forbid("src/world", &["crate::sim", "crate::cli"]);
    forbid("src/config", &["crate::sim", "crate::cli", "crate::world", "crate::options"]);
    forbid("src/options", &["crate::sim", "crate::cli", "crate::world"]);
}

const READMES: [&str; 4] = ["README.md", "hooks/README.md", "templates/README.md", "benches/README.md"];

#[test]
fn every_exit_code_stands_in_the_readme() {
    let readme = read("README.md");
    let failure = || Failure { trouble: Trouble::Refused, what: String::new(), advice: String::new() };
    let outcomes = [
        Outcome::Recovered,
        Outcome::Fenced,
        Outcome::NothingToDo(String::new()),
        Outcome::HandedOver(String::new()),
        Outcome::Rehearsed(None),
        Outcome::NotStarted(failure()),
        Outcome::Partly,
        Outcome::Contradicted(failure()),
        Outcome::NoCloud(failure()),
        Outcome::NotFenced(failure()),
        Outcome::Held(failure()),
    ];
    let errors = [2, 3, 4, 5, 6, onerescue::world::stop::STOPPED];
    for code in outcomes.iter().map(Outcome::exit_code).chain(errors) {
        assert!(readme.contains(&format!("\n| {code} |")), "exit code {code} is not in the README's table");
    }
}

/// Section and key of each line that sets something, or that shows a setting as a comment.
fn settings() -> Vec<String> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in read("templates/onerescue.toml").lines() {
        let line = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
        if line.starts_with('[') {
            line.trim_matches(['[', ']']).clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            found.push(format!("{section} {key}").trim().to_owned());
        }
    }
    found
}

#[test]
fn every_setting_stands_in_the_readme_of_the_templates() {
    let readme = read("templates/README.md");
    let settings = settings();
    assert!(settings.len() > 20, "{settings:?}");
    for setting in settings.iter().filter(|setting| !setting.contains('.')) {
        let key = setting.rsplit(' ').next().unwrap_or_default();
        assert!(readme.contains(&format!("`{key}`")), "setting {setting} is not in templates/README.md");
    }
}

/// A tired person reads them, on a narrow terminal.
#[test]
fn the_readme_is_short_and_no_line_of_any_is_long() {
    assert!(read("README.md").len() <= 10_240, "README.md has more than 10 KB");
    for file in READMES.into_iter().chain(["CHANGELOG.md"]) {
        let long = read(file).lines().map(|line| line.chars().count()).max();
        assert!(long <= Some(120), "{file} has a line of {long:?} characters");
    }
}

/// From a first look to the night, and what is seldom needed last.
#[test]
fn the_readme_has_its_parts_in_their_order() {
    let readme = read("README.md");
    let parts = [
        "cargo run --release -- drill",
        "\n## Install\n",
        "\n## At night\n",
        "\n| exit code |",
        "\n### When fencing fails\n",
        "\n## What it does not do\n",
        "\n## Where the rest is\n",
    ];
    let places = parts.map(|part| readme.find(part).unwrap_or_else(|| panic!("{part} is not in README.md")));
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(readme.rfind("\n#"), places.last().copied(), "something comes after the last part");
    let install = readme[places[1]..].split("```").nth(1).unwrap();
    assert_eq!(install.lines().skip(1).count(), 5, "{install}");
}

#[test]
fn the_hook_template_is_what_the_hook_reads() {
    let template = read("templates/host_error.tmpl");
    for needed in [
        "ARGUMENTS       = \"$TEMPLATE -m -p 5\"",
        "COMMAND         = \"/usr/lib/onerescue/host_error\"",
        "ARGUMENTS_STDIN = \"yes\"",
        "RESOURCE        = \"HOST\"",
        "STATE           = \"ERROR\"",
        "TYPE            = \"state\"",
    ] {
        assert!(template.contains(needed), "{needed}");
    }
}

#[test]
fn the_hooks_on_healthy_hosts_have_their_templates() {
    let template = read("templates/host_back.tmpl");
    for needed in [
        "ARGUMENTS       = \"$TEMPLATE\"",
        "ARGUMENTS_STDIN = \"yes\"",
        "RESOURCE        = \"HOST\"",
        "STATE           = \"MONITORED\"",
        "COMMAND         = \"/usr/lib/onerescue/host_back\"",
    ] {
        assert!(template.contains(needed), "{needed}");
    }
    for (file, on) in [("vm_down_unknown", "UNKNOWN"), ("vm_down_poweroff", "CUSTOM")] {
        let template = read(&format!("templates/{file}.tmpl"));
        for needed in [
            "ARGUMENTS       = \"$TEMPLATE\"".to_owned(),
            "ARGUMENTS_STDIN = \"yes\"".to_owned(),
            "RESOURCE        = \"VM\"".to_owned(),
            format!("ON              = \"{on}\""),
            "COMMAND         = \"/usr/lib/onerescue/vm_down\"".to_owned(),
        ] {
            assert!(template.contains(&needed), "{file}: {needed}");
        }
    }
}

/// The rows of the fault matrix. The numbers between them were merged into others.
const ROWS: [std::ops::RangeInclusive<u32>; 10] =
    [1..=12, 14..=15, 17..=21, 23..=23, 25..=35, 37..=40, 42..=46, 48..=50, 52..=56, 58..=63];

#[test]
fn every_test_in_the_fault_matrix_exists() {
    let matrix = read("tests/fence_real/MATRIX.md");
    let rows: Vec<_> = matrix.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | ")).collect();
    let numbers: Vec<u32> = rows.iter().filter_map(|(number, _)| number.parse().ok()).collect();
    let wanted: Vec<_> = ROWS.into_iter().flatten().collect();
    assert_eq!(numbers, wanted);
    for (number, rest) in rows.iter().filter(|(number, _)| number.parse::<u32>().is_ok()) {
        let places: Vec<_> = rest.split('`').skip(1).step_by(2).filter(|word| word.contains('/')).collect();
        assert!(!places.is_empty() || rest.contains('?'), "row {number} names no test");
        for place in places {
            let (file, name) = place.split_once("::").unwrap_or((place, ""));
            let text = read(file);
            assert!(name.is_empty() || text.contains(&format!("fn {name}(")), "row {number}: {place}");
            let file_alone = file.starts_with("tests/scenarios/") || file.starts_with("src/");
            assert!(!name.is_empty() || file_alone, "row {number}: {place}");
        }
    }
}

#[test]
fn every_scenario_says_what_is_safe() {
    // A line that begins so is checked by `tests/scenarios.rs`; the others are the story.
    let keys =
        "expect vm runs says never off incidents remembered progress once report again deeds state attribute";
    let checked = |line: &&str| {
        let (key, _) = line.split_once(": ").unwrap_or_default();
        keys.split(' ').any(|known| key.split(' ').next() == Some(known))
    };
    for entry in fs::read_dir(root().join("tests/scenarios")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).unwrap();
            let head = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
            let words: usize = head.filter(|line| !checked(line)).map(|line| line.split(' ').count()).sum();
            assert!(words > 4, "{}: its head tells no story", path.display());
        }
    }
}

/// The rows of a table in the crate's documentation, below this heading.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = read("src/lib.rs");
    let lines = text.lines().map(|line| line.trim_start_matches("//!").trim());
    let section =
        lines.skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with("# "));
    let rows = section.filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn everything_that_somebody_may_cause_is_shown_by_a_test() {
    let rows = table("# Who may cause what");
    assert!(rows.len() > 10, "{rows:?}");
    let sources: String = sources("tests").into_iter().chain(sources("src")).map(|(_, text)| text).collect();
    let exists = |name: &str| {
        root().join(format!("tests/scenarios/{name}.toml")).exists()
            || sources.contains(&format!("fn {name}("))
    };
    for row in &rows {
        assert_eq!(row.len(), 4, "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        let tests: Vec<&str> = row[3].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{} has no test", row[0]);
        let missing: Vec<_> = tests.iter().filter(|name| !exists(name)).collect();
        assert!(missing.is_empty(), "{}: no test {missing:?}", row[0]);
    }
}

#[test]
fn the_project_speaks_of_itself_only() {
    let forbidden = ["/work/", "issue #", "this session"];
    let mut files = Vec::new();
    for folder in ["src", "hooks", "tests", "benches"] {
        files.extend(sources(folder).into_iter().filter(|(path, _)| !path.ends_with("tidy.rs")));
    }
    let others = ["CHANGELOG.md", "Cargo.toml", "tests/run", "templates/onerescue.toml"];
    for file in READMES.into_iter().chain(others) {
        files.push((root().join(file), read(file)));
    }
    for (path, text) in files {
        for word in forbidden {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}
