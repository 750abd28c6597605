//! Which folder of `src/` imports which, and is there a way back?
//!
//! A folder's files and sub-folders are the places of it; `x.rs` beside `x/` is of `x`. One place imports another if a
//! path of its code that begins with `crate`, `super` or `self` leads there, past what a folder hands on with `pub use`. The
//! file of a folder itself (`mod.rs`) is the face of what is in it, and no place of its own. Tests are not looked at.
//!
//! In the policy each file is a place: its port names the proof, which the fence makes, and the fence asks at the port. A
//! circle of its files must not leave their folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// So many files of one folder may import each other in a circle. A circle with a sub-folder in it is never allowed.
const FEW: usize = 3;

/// The layer whose files are looked at one by one.
const BY_FILE: &str = "policy";

type Module = Vec<String>;

/// Places that are imported from places of the same folder, each with the line that does it.
type Imports = BTreeMap<String, BTreeMap<String, String>>;

/// What the code of a module names.
#[derive(Default)]
struct Code {
    paths: Vec<Module>,
    /// What it hands on under a name.
    hands_on: BTreeMap<String, Module>,
}

/// Every circle that is not allowed, as it is to be shown. `sources` are files below `src/`.
pub(super) fn circles(sources: &[(&Path, &str)]) -> Vec<(String, String)> {
    let is_test = |path: &Path| path.iter().any(|part| part.to_string_lossy().starts_with("tests"));
    let sources = sources.iter().filter(|(path, _)| !is_test(path));
    let modules: BTreeMap<Module, Code> = sources.map(|(path, text)| (module(path), code(text))).collect();
    let folders: BTreeSet<&[String]> = modules.keys().filter_map(|name| Some(name.split_last()?.1)).collect();
    let mut found = Vec::new();
    for (folder, imports) in imports(&modules, &folders) {
        for circle in together(&imports) {
            let inner = |place: &String| {
                folders.contains([&folder[..], std::slice::from_ref(place)].concat().as_slice())
            };
            let parents: BTreeSet<_> =
                circle.iter().map(|place| place.rsplit_once("::").map(|(one, _)| one)).collect();
            if circle.len() > FEW || parents.len() > 1 || circle.iter().any(inner) {
                found.push((folder.join("::"), shown(&circle, &imports)));
            }
        }
    }
    found
}

fn module(path: &Path) -> Module {
    let mut parts: Module =
        path.with_extension("").iter().map(|part| part.to_string_lossy().into()).collect();
    parts.pop_if(|last| ["mod", "lib"].contains(&last.as_str()));
    parts
}

fn code(text: &str) -> Code {
    let text = text.split("#[cfg(test)]\nmod").next().unwrap_or_default();
    let text: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect();
    let (mut code, mut rest) = (Code::default(), String::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let handed_on = trimmed.starts_with("pub");
        let Some(statement) = trimmed.split_once("use ").filter(|(before, _)| before.is_empty() || handed_on)
        else {
            rest += line;
            rest.push('\n');
            continue;
        };
        let mut statement = statement.1.to_owned();
        while !statement.contains(';') {
            statement += lines.next().unwrap_or(";");
        }
        for (path, name) in unfold(statement.split(';').next().unwrap_or_default()) {
            if handed_on {
                code.hands_on.insert(name, path);
            } else {
                code.paths.push(path);
            }
        }
    }
    let words = rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    code.paths.extend(words.map(split).filter(|path| path.len() > 1));
    code
}

fn split(path: &str) -> Module {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// `a::{b, c as d}` is `a::b` named `b`, and `a::c` named `d`.
fn unfold(text: &str) -> Vec<(Module, String)> {
    let Some((head, inner)) = text.split_once('{') else {
        let (path, name) = text.split_once(" as ").unwrap_or((text, text));
        let mut path = split(path);
        path.pop_if(|last| last == "self");
        return split(name).pop().map(|name| (path, name)).into_iter().collect();
    };
    let (mut depth, mut part, mut all) = (0, String::new(), Vec::new());
    for c in inner.rsplit_once('}').map_or(inner, |(inner, _)| inner).chars().chain([',']) {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c != ',' || depth > 0 {
            part.push(c);
        } else {
            all.extend(unfold(&format!("{head}{}", std::mem::take(&mut part).trim())));
        }
    }
    all
}

/// Of each folder, what its places import from each other.
fn imports(modules: &BTreeMap<Module, Code>, folders: &BTreeSet<&[String]>) -> BTreeMap<Module, Imports> {
    let mut all: BTreeMap<Module, Imports> = BTreeMap::new();
    for (from, code) in modules {
        let face = folders.contains(from.as_slice());
        let handed_on = code.hands_on.values().filter(|_| !face);
        for path in code.paths.iter().chain(handed_on) {
            let Some(to) = resolve(modules, from, path, 0) else { continue };
            let line = format!("{}: {}", from.join("/"), path.join("::"));
            let mut add = |folder: &[String], one: String, other: String| {
                let of = all.entry(folder.to_vec()).or_default().entry(one).or_default();
                of.entry(other).or_insert(line.clone());
            };
            if let ([one, file @ ..], [other, imported @ ..]) = (&from[..], &to[..])
                && (one.as_str(), other.as_str()) == (BY_FILE, BY_FILE)
                && !face
                && !folders.contains(to.as_slice())
            {
                add(&from[..1], file.join("::"), imported.join("::"));
                continue;
            }
            let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
            if let (Some(one), Some(other)) = (from.get(shared), to.get(shared))
                && from.first().is_none_or(|first| first != BY_FILE || shared == 0)
            {
                add(&from[..shared], one.clone(), other.clone());
            }
        }
    }
    all
}

/// The module that has what a path names; none if that is another crate's, or a name of the module itself.
fn resolve(modules: &BTreeMap<Module, Code>, from: &[String], path: &[String], depth: u8) -> Option<Module> {
    let mut here = from.to_vec();
    let mut rest = path.iter().peekable();
    match rest.peek()?.as_str() {
        "crate" => here.clear(),
        "super" | "self" => {}
        // Beside its own parts a face hands on what they have.
        first if depth > 0 && modules.contains_key(&[from, &[first.to_owned()]].concat()) => {}
        _ => return None,
    }
    while let Some(part) = rest.next_if(|part| ["crate", "super", "self"].contains(&part.as_str())) {
        if part == "super" {
            here.pop();
        }
    }
    while let Some(part) = rest.next() {
        let deeper = [&here[..], std::slice::from_ref(part)].concat();
        if modules.contains_key(&deeper) {
            here = deeper;
            continue;
        }
        let handed_on = modules.get(&here).and_then(|code| code.hands_on.get(part)).filter(|_| depth < 5);
        let onward = handed_on.map(|path| [&path[..], &rest.cloned().collect::<Vec<_>>()].concat());
        return onward.and_then(|path| resolve(modules, &here, &path, depth + 1)).or(Some(here));
    }
    Some(here)
}

/// Places that reach each other.
fn together(imports: &Imports) -> Vec<BTreeSet<String>> {
    let reached = |from: &String| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(place) = left.pop() {
            left.extend(
                imports
                    .get(place)
                    .into_iter()
                    .flat_map(BTreeMap::keys)
                    .filter(|to| seen.insert((*to).clone())),
            );
        }
        seen
    };
    let reach: BTreeMap<&String, BTreeSet<String>> =
        imports.keys().map(|place| (place, reached(place))).collect();
    let circle = |(place, far): (&&String, &BTreeSet<String>)| {
        let back = |other: &&String| reach.get(other).is_some_and(|far| far.contains(*place));
        far.contains(*place).then(|| far.iter().filter(back).cloned().collect())
    };
    let all: BTreeSet<BTreeSet<String>> = reach.iter().filter_map(circle).collect();
    all.into_iter().collect()
}

/// Who is in a circle, and one way around.
fn shown(circle: &BTreeSet<String>, imports: &Imports) -> String {
    let mut ways: Vec<Vec<&String>> = circle.first().map(|first| vec![first]).into_iter().collect();
    let mut seen = BTreeSet::new();
    let mut around = Vec::new();
    while around.is_empty() {
        let Some(way) = (!ways.is_empty()).then(|| ways.remove(0)) else { break };
        for to in way.last().and_then(|last| imports.get(*last)).into_iter().flat_map(BTreeMap::keys) {
            if Some(&to) == way.first() {
                around = [&way[..], &[to]].concat();
            } else if circle.contains(to) && seen.insert(to) {
                ways.push([&way[..], &[to]].concat());
            }
        }
    }
    let names: Vec<_> = circle.iter().map(String::as_str).collect();
    let mut text = format!("{} import each other", names.join(", "));
    for pair in around.windows(2) {
        let [from, to] = pair else { continue };
        let _ = write!(text, "\n  {from} -> {to}  {}", imports[*from][*to]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sources: &[(&str, &str)]) -> Vec<(String, String)> {
        circles(&sources.iter().map(|(path, text)| (Path::new(path), *text)).collect::<Vec<_>>())
    }

    #[test]
    fn a_circle_between_folders_is_shown_with_its_lines() {
        let one = ("a/mod.rs", "mod x;\npub use x::One;\n");
        let two = ("a/x.rs", "use crate::b::{\n    c::Deep,\n    Two,\n};\npub struct One;\n");
        let back = ("b.rs", "pub fn two() -> crate::a::One { todo!() }\n");
        let shown = ["a, b import each other", "a -> b  a/x: crate::b::c::Deep", "b -> a  b: crate::a::One"];
        assert_eq!(found(&[one, two, back]), [(String::new(), shown.join("\n  "))]);
        assert_eq!(
            found(&[
                one,
                two,
                ("b.rs", "// use crate::a::One;\n#[cfg(test)]\nmod tests {\n use crate::a::One; }\n")
            ]),
            []
        );
    }

    #[test]
    fn what_a_folder_hands_on_leads_to_its_file() {
        let sources = [
            ("p/mod.rs", "pub mod deep;\nmod case;\npub use case::Failure;\n"),
            ("p/case.rs", "use super::deep::part::Part;\n"),
            ("p/deep/mod.rs", "pub mod part;\n"),
            ("p/deep/part.rs", "use crate::p::{Failure as Why};\n"),
        ];
        let [(folder, shown)] = found(&sources).try_into().unwrap();
        assert_eq!(folder, "p");
        assert!(shown.starts_with("case, deep import each other"), "{shown}");
    }

    #[test]
    fn a_circle_of_the_policy_s_files_stays_in_its_folder() {
        let port = ("policy/port.rs", "use super::fence::proof::Proof;\n");
        let proof = ("policy/fence/proof.rs", "pub struct Proof;\n");
        let act = ("policy/fence/act.rs", "use crate::policy::port::World;\n");
        let faces = [
            ("policy/mod.rs", "pub mod fence;\npub mod port;\n"),
            ("policy/fence/mod.rs", "pub mod proof;\n"),
        ];
        assert_eq!(found(&[&faces[..], &[port, proof, act]].concat()), []);
        let back = ("policy/fence/proof.rs", "use crate::policy::port::World;\npub struct Proof;\n");
        let [(folder, shown)] = found(&[&faces[..], &[port, back, act]].concat()).try_into().unwrap();
        assert_eq!(folder, "policy");
        assert!(shown.starts_with("fence::proof, port import each other"), "{shown}");
    }

    #[test]
    fn a_few_files_of_one_folder_may_import_each_other() {
        let ring = |many: usize| -> Vec<(String, String)> {
            let file = |n: usize| (format!("p/f{n}.rs"), format!("use super::f{}::X;\n", (n + 1) % many));
            found(
                &(0..many)
                    .map(file)
                    .collect::<Vec<_>>()
                    .iter()
                    .map(|(a, b)| (a.as_str(), b.as_str()))
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(ring(FEW), []);
        assert_eq!(ring(FEW + 1).len(), 1);
    }
}
