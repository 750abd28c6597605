//! Every text that a person can see of a run, once: `tests/texts.txt`, made from the transcripts of all scenarios, to be read
//! through as a whole.

use super::{read, root};
use std::collections::BTreeSet;
use std::fs;

/// Numbers and names are not what the text is about: `vm N NAME`, `HOST (host N)`.
fn plain(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(numbered).collect();
    let at = |place: usize| words.get(place).map_or("", String::as_str);
    let mut told: Vec<String> = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let after_vm = place >= 2 && at(place - 2).trim_start_matches('(') == "vm" && at(place - 1) == "N";
        let end: String = word.chars().rev().take_while(|c| ":,;)".contains(*c)).collect();
        if at(place + 1) == "(host" {
            told.push("HOST".to_owned());
        } else if at(place + 1) == "(vm" || after_vm && !word.starts_with(['(', '→']) && is_name(word) {
            told.push(format!("NAME{}", end.chars().rev().collect::<String>()));
        } else {
            told.push(word.clone());
        }
    }
    told.join(" ")
}

/// Names of VMs in scenarios are nouns and numbers with `-`, followed by what is said of them.
fn is_name(word: &str) -> bool {
    let verbs =
        ["is", "runs", "run", "went", "has", "was", "and", "to", "waits", "in", "of", "it", "or", "would"];
    !verbs.contains(&word) && word.chars().all(|c| c.is_alphanumeric() || "-_:,;)".contains(c))
}

/// `+00:05.1` and `host 12` without their figures.
fn numbered(word: &str) -> String {
    let figures = word.split(|c: char| !c.is_ascii_digit()).filter(|figure| !figure.is_empty());
    let mut told = word.to_owned();
    for figure in figures {
        told = told.replacen(figure, "N", 1);
    }
    while let Some(shorter) = ["N.N", "N:N", "+N"].iter().find(|figure| told.contains(**figure)) {
        told = told.replace(shorter, "N");
    }
    told
}

/// The part of a transcript's line that the product says; none for what the simulator adds.
fn said(line: &str) -> Option<&str> {
    let added = ["ok ", "HELD ", "left ", "every safety rule", "---", "source:", "lost "];
    if line.is_empty() || added.iter().any(|begin| line.starts_with(begin)) {
        return None;
    }
    let timed = line.starts_with(['+', '-']) && line.contains(' ');
    let text = if timed { line.split_once(' ')?.1 } else { line };
    (!text.starts_with("..")).then_some(text)
}

#[test]
fn every_text_of_a_run_is_listed_once() {
    let mut texts = BTreeSet::new();
    for entry in fs::read_dir(root().join("tests/scenarios")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "snap") {
            // The title and what stands above it is the scenario's.
            let transcript = fs::read_to_string(&path).unwrap();
            texts.extend(transcript.lines().skip(5).filter_map(said).map(plain));
        }
    }
    let list = texts.iter().fold(String::new(), |list, text| list + text + "\n");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(root().join("tests/texts.txt"), &list).unwrap();
    }
    assert!(
        list == read("tests/texts.txt"),
        "read the new texts: INSTA_UPDATE=always cargo test --test tidy texts"
    );
}
