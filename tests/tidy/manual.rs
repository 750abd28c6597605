//! The manual pages and the completions of the shells: `templates/man`, `templates/completions`. They are made from the
//! real command lines, from the template of the settings, and from the README's table of attributes.

use super::{read, root};
use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Every page and completion by its path.
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for command in onerescue::cli::command_lines() {
        let name = command.get_name().to_owned();
        for (shell, file) in [
            (Shell::Bash, name.clone()),
            (Shell::Zsh, format!("_{name}")),
            (Shell::Fish, format!("{name}.fish")),
        ] {
            let mut text = Vec::new();
            generate(shell, &mut command.clone(), &name, &mut text);
            files.insert(format!("templates/completions/{shell}/{file}"), String::from_utf8(text).unwrap());
        }
        let mut command = command.disable_help_subcommand(true);
        command.build();
        pages(&command, &mut files);
    }
    files.insert("templates/man/onerescue.toml.5".to_owned(), settings(&read("templates/onerescue.toml")));
    files.insert("templates/man/onerescue-attributes.7".to_owned(), attributes(&read("README.md")));
    files
}

/// The page of this command and those of its subcommands.
fn pages(command: &Command, files: &mut BTreeMap<String, String>) {
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        pages(command, files);
    }
    let page = Man::new(command.clone()).source(source());
    let mut text = Vec::new();
    page.render(&mut text).unwrap();
    let mut also = Roff::new();
    also.control("SH", ["SEE ALSO"])
        .text([roman("onerescue(1), onerescue.toml(5), onerescue-attributes(7)")]);
    also.to_writer(&mut text).unwrap();
    files.insert(format!("templates/man/{}", page.get_filename()), String::from_utf8(text).unwrap());
}

fn source() -> String {
    format!("onerescue {}", env!("CARGO_PKG_VERSION"))
}

fn page(name: &str, section: &str, about: &str) -> Roff {
    let mut page = Roff::new();
    page.control("TH", [name, section, "", &source(), ""]);
    page.control("SH", ["NAME"]).text([roman(format!("{name} - {about}"))]);
    page.control("SH", ["DESCRIPTION"]);
    page
}

/// A comment is the text of the settings below it, and of a section when one begins there.
fn settings(template: &str) -> String {
    let mut page = page("onerescue.toml", "5", "the settings of onerescue");
    let (mut comment, mut last) = (Vec::new(), false);
    let mut names: Vec<String> = Vec::new();
    for line in template.lines().chain([""]) {
        let setting = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
        let is_text = setting.is_empty() || setting.starts_with("# ");
        if is_text && last {
            entry(&mut page, &names, &comment);
            (names, comment) = (Vec::new(), Vec::new());
        }
        match setting.strip_prefix("# ") {
            Some(text) => comment.push(text.to_owned()),
            None if setting.is_empty() => {
                paragraph(&mut page, &comment);
                comment.clear();
            }
            None => names.push(setting.to_owned()),
        }
        last = !is_text;
    }
    page.render()
}

/// Lines that set something, and what they are for.
fn entry(page: &mut Roff, names: &[String], comment: &[String]) {
    let mut settings = names;
    let mut comment = comment;
    if let Some((section, rest)) = names.split_first().filter(|(name, _)| name.starts_with('[')) {
        page.control("SH", [section.as_str()]);
        paragraph(page, comment);
        (settings, comment) = (rest, &[]);
    }
    for (place, setting) in settings.iter().enumerate() {
        page.control(if place == 0 { "TP" } else { "TQ" }, []).text([bold(setting)]);
    }
    if !comment.is_empty() {
        page.text([roman(comment.join(" "))]);
    }
}

fn paragraph(page: &mut Roff, comment: &[String]) {
    if !comment.is_empty() {
        page.control("PP", []).text([roman(comment.join(" "))]);
    }
}

/// The rows of the README's table, which has their names, what they are of, and their values.
fn attributes(readme: &str) -> String {
    let mut page = page(
        "onerescue-attributes",
        "7",
        "attributes of VMs, hosts and clusters that say what is recovered, where and in what order",
    );
    let rows = readme.lines().skip_while(|line| *line != "| attribute | of | values |").skip(2);
    let rows: Vec<_> = rows.take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 4, "the table of attributes is gone");
    for row in rows {
        let plain = row.trim_matches('|').replace('`', "").replace("[Layers](#layers)", "onerescue-layer(1)");
        let plain = plain.split(", see [above]").next().unwrap().to_owned();
        let cells: Vec<&str> = plain.splitn(3, '|').map(str::trim).collect();
        page.control("TP", [])
            .text([bold(cells[0]), roman(format!(" (of a {})", cells[1].replace(", ", " or a ")))]);
        page.text([roman(cells[2])]);
    }
    page.control("SH", ["SEE ALSO"]).text([roman("onerescue(1), onerescue.toml(5)")]);
    page.render()
}

#[test]
fn every_attribute_that_is_read_or_written_has_its_entry() {
    let page = attributes(&read("README.md"));
    let mut names = BTreeSet::new();
    let files = super::sources("src/policy").into_iter().chain(super::sources("src/model"));
    for (_, text) in files.filter(|(path, _)| !path.ends_with("tests.rs")) {
        let words = text.split('"').filter(|word| word.starts_with("HA_") && word.len() > 3);
        names.extend(
            words.filter(|word| word.bytes().all(|c| c.is_ascii_uppercase() || c == b'_')).map(str::to_owned),
        );
    }
    assert!(names.len() > 10, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !page.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn manual_pages_and_completions_are_those_of_the_command_lines() {
    let files = files();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let _ = fs::remove_dir_all(root().join("templates/man"));
        for (path, text) in &files {
            let path = root().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    let there: BTreeSet<String> = ["man", "completions/bash", "completions/zsh", "completions/fish"]
        .iter()
        .flat_map(|folder| fs::read_dir(root().join("templates").join(folder)).unwrap())
        .map(|entry| entry.unwrap().path().strip_prefix(root()).unwrap().display().to_string())
        .collect();
    let changed = files.iter().filter(|(path, text)| !there.contains(*path) || read(path) != **text);
    let gone = there.iter().filter(|path| !files.contains_key(*path));
    let old: Vec<_> = changed.map(|(path, _)| path).chain(gone).collect();
    assert!(old.is_empty(), "{old:?}: INSTA_UPDATE=always cargo test --test tidy manual");
}
