//! Is this run set up as the zone's other runs are? One that was started without `ONE_LOCATION`, or from another place, reads
//! other settings and looks for lock files elsewhere: it would take a living run for a dead one, and know no device.
//!
//! Compared is with the record that was written last on the same machine: front-ends may differ in where they have their
//! files, and a front-end whose files were moved says so once, by `--config`.

use super::port::{Failure, Trouble};
use super::record::lease::front_end;
use crate::model::{Incident, Memory};

/// Why this run does nothing; `None` if its settings are those of the other runs, or a person has named them.
#[must_use]
pub fn refused(memory: &Memory) -> Option<Failure> {
    let here = memory.here.as_ref().filter(|here| !here.named)?;
    let newest = |one: &dyn Fn(&Incident) -> bool| {
        let runs = memory.incidents.iter().map(|(_, incident)| incident).filter(|incident| one(incident));
        // The newest document, whatever a clock says.
        runs.filter(|incident| incident.ran.is_some()).last()
    };
    let (own, all) = (newest(&|incident| same_machine(memory, incident)), newest(&|_| true));
    // A front-end without any settings is compared with the others too.
    let then = own.or_else(|| all.filter(|_| here.settings.is_none()))?;
    let file = then.ran.as_ref()?.settings.as_ref()?;
    if here.settings.as_ref() == Some(file) {
        return None;
    }
    Some(other_file(here.settings.as_deref(), file, &format!("the last run, {}, read {file}", then.owner)))
}

/// By the identities of both, and by the front-end's name where a record has none.
fn same_machine(memory: &Memory, incident: &Incident) -> bool {
    match (&memory.run, &incident.run) {
        (Some(here), Some(run)) => here.machine == run.machine,
        (None, _) | (_, None) => front_end(&incident.owner) == front_end(&memory.me),
    }
}

/// The same, by the file that the registered hooks name; `hooks` are their arguments.
#[must_use]
pub fn refused_by_hooks<'a>(memory: &Memory, hooks: impl IntoIterator<Item = &'a str>) -> Option<Failure> {
    let none = memory.here.as_ref().is_some_and(|here| !here.named && here.settings.is_none());
    let file = hooks.into_iter().find_map(named)?;
    none.then(|| other_file(None, file, &format!("the registered hook reads {file}")))
}

/// `/srv/one/etc/onerescue.toml` of `$TEMPLATE -m --config /srv/one/etc/onerescue.toml`.
fn named(arguments: &str) -> Option<&str> {
    let mut words = arguments.split_whitespace();
    words
        .find_map(|word| match word.strip_prefix("--config") {
            Some("") => Some(None),
            Some(rest) => rest.strip_prefix('=').map(Some),
            None => None,
        })?
        .or_else(|| words.next())
}

fn other_file(here: Option<&str>, file: &str, who: &str) -> Failure {
    let what = match here {
        None => format!("there is no settings file here, and {who}: nothing is done by the defaults"),
        Some(here) => format!("the settings here are {here}, and {who}: nothing is done by other settings"),
    };
    let advice = format!(
        "start it with the environment of OpenNebula (ONE_LOCATION, in /etc/onerescue.env for the unit), or name the file: \
         `--config {file}`"
    );
    Failure { trouble: Trouble::Settings, what, advice }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, Epoch, Surroundings};

    const ONE: &str = "/srv/one/etc/onerescue.toml";

    fn at(settings: Option<&str>) -> Surroundings {
        let settings = settings.map(str::to_owned);
        Surroundings { settings, run_dir: "/srv/one/var".to_owned(), named: false }
    }

    fn memory(here: Surroundings, ran: &[(&str, Option<&str>)]) -> Memory {
        let record = |(at, (owner, settings)): (i64, &(&str, Option<&str>))| {
            let ran = Some(self::at(*settings));
            let incident =
                Incident { owner: (*owner).to_owned(), updated: Epoch(at), ran, ..Incident::default() };
            (DocumentId(u32::try_from(at).unwrap()), incident)
        };
        let incidents = (0..).zip(ran).map(record).collect();
        Memory { me: "fe1 7 8".to_owned(), here: Some(here), incidents, ..Memory::default() }
    }

    fn why(here: Option<&str>, ran: &[(&str, Option<&str>)]) -> Option<String> {
        refused(&memory(at(here), ran)).map(|failure| failure.what)
    }

    #[test]
    fn a_run_without_settings_does_nothing_where_others_have_some() {
        let text = why(None, &[("fe1 1 1", Some(ONE))]).unwrap();
        assert!(
            text.contains("there is no settings file here, and the last run, fe1 1 1, read /srv/one/etc"),
            "{text}"
        );
        assert!(
            why(None, &[("fe2 1 1", Some(ONE))]).is_some(),
            "no front-end of this zone works by the defaults"
        );
        assert_eq!(why(None, &[]), None);
        assert_eq!(why(None, &[("fe1 1 1", None)]), None, "this zone has none");
    }

    #[test]
    fn other_settings_on_the_same_machine_are_refused_unless_a_person_names_them() {
        let other = "/etc/one/onerescue.toml";
        assert!(why(Some(other), &[("fe1 1 1", Some(ONE))]).is_some());
        assert_eq!(why(Some(ONE), &[("fe1 1 1", Some(ONE))]), None);
        assert_eq!(why(Some(other), &[("fe2 1 1", Some(ONE))]), None, "front-ends may differ");
        assert_eq!(
            why(Some(other), &[("fe1 1 1", Some(ONE)), ("fe1 2 2", Some(other))]),
            None,
            "the last one counts"
        );
        let named = Surroundings { named: true, ..at(Some(other)) };
        assert_eq!(refused(&memory(named, &[("fe1 1 1", Some(ONE))])), None);
        let unknown = Memory { here: None, ..memory(at(None), &[("fe1 1 1", Some(ONE))]) };
        assert_eq!(refused(&unknown), None);
    }

    #[test]
    fn a_hook_that_names_its_settings_says_that_there_are_some() {
        let by = |here, arguments| refused_by_hooks(&memory(at(here), &[]), [arguments]).is_some();
        assert!(by(None, "$TEMPLATE -m --config /srv/one/x.toml") && by(None, "--config=/x.toml -m"));
        assert!(
            !by(None, "$TEMPLATE -m") && !by(Some(ONE), "-m --config /x.toml") && !by(None, "-m --config")
        );
    }
}
