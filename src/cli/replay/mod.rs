//! `onerescue replay`: the recorded answers of an incident's runs, through today's policy.
//!
//! It reads journals and the settings; it writes nothing, not even the log, and asks nobody.

mod find;
mod settings;
mod tell;

use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::policy::replay::{Begin, Verdict, today};
use crate::policy::{Policy, Rules};
use crate::wire::journal::Reader;
use crate::world::Replayed;
use crate::world::journal::read;
use crate::{finish, replay as lead};
use clap::{Args, ValueEnum};
use settings::Setting;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Lead today's policy through the recorded answers, and show where it would now decide differently
#[derive(Clone, Debug, Args)]
pub(super) struct ReplayOptions {
    /// Its number in `onerescue history`, a host's name for its newest, or the file of a journal
    incident: String,
    /// Whose settings hold: today's, or those of the recorded run
    #[arg(long, value_enum, default_value_t = Settings::Now)]
    settings: Settings,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Settings {
    Then,
    Now,
}

/// One run, led through today's policy.
struct Told {
    file: PathBuf,
    begin: Begin,
    /// What differs from the run's own settings.
    settings: Vec<Setting>,
    torn: bool,
    verdict: Verdict,
    /// Whose the incident was before and after, as this run saw it.
    owners: BTreeSet<String>,
}

/// Replay every run of the incident that was recorded on this front-end. The exit code is 1 if one differs.
///
/// # Errors
/// [`Error::Instead`] if no run of it was recorded here; [`Error::File`] for a journal that cannot be read.
pub(super) fn replay(options: &ReplayOptions) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    let rules = match options.settings {
        Settings::Then => None,
        Settings::Now => Some(&config.rules),
    };
    let mut all = Vec::new();
    for file in find::files(&options.incident, config.journal().as_deref())? {
        let failed = |source| Error::File { doing: "replay", path: file.clone(), source };
        let text = read(&file).map_err(failed)?;
        all.push(one(&file, &text, rules).map_err(|why| failed(io::Error::other(why)))?);
    }
    let text = if options.json { tell::json(&all) } else { tell::all(&all) };
    finish::say(&text);
    Ok(u8::from(all.iter().any(|one| !one.verdict.is_the_same())))
}

fn one(file: &Path, text: &str, rules: Option<&Rules>) -> std::result::Result<Told, String> {
    let reader = Reader::read(text)?;
    let torn = reader.is_torn();
    let (begin, world) = Replayed::new(reader)?;
    let policy: Policy =
        rules.map_or_else(|| begin.policy.clone(), |rules| today(&begin.policy, rules.clone()));
    let settings = settings::differences(&begin.policy, &policy);
    let owners = world.owners()?;
    let verdict = lead(world, &begin, policy)?;
    Ok(Told { file: file.to_owned(), begin, settings, torn, verdict, owners })
}

/// Lead a policy with these rules through a journal; what `onerescue replay` would tell of it, the same every time.
///
/// # Errors
/// A text that says what is wrong with the journal.
pub fn replay_text(journal: &str, rules: &Rules) -> std::result::Result<String, String> {
    Ok(tell::run(&one(Path::new(""), journal, Some(rules))?))
}
