//! `onerescue setup hooks`: the hooks of the templates are registered, once per zone.

use crate::cli::hook::zone;
use crate::cli::person::who;
use crate::cli::stop::{Stop, end};
use crate::cli::word::agreed;
use crate::config::trust::check_program;
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::text;
use crate::options::HostError;
use crate::policy::hooks::{Deed, NAMES, Options, Plan, Taken, Wanted, plan, removal, told, wanted};
use crate::policy::lead::{Leads, leads};
use crate::policy::{Failure, Purpose, Reply, Rules, Trouble};
use crate::world::Zone;
use crate::world::oned::Http;
use crate::{finish, trail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::path::Path;

/// Register the hooks of onerescue, in the place of OpenNebula's own; as oneadmin, once per zone
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one per flag of the command line")]
pub(super) struct Hooks {
    /// The options of `host_error`. With --hand-over `host_back` has it too, and `onerescue reconcile` must run
    #[arg(
        long,
        value_name = "OPTIONS",
        default_value = "-m -p 5 --hand-over",
        allow_hyphen_values = true,
        conflicts_with = "remove"
    )]
    options: String,
    /// Leave this hook as it is; may be given several times
    #[arg(long, value_name = "HOOK", value_parser = PossibleValuesParser::new(NAMES), conflicts_with = "remove")]
    without: Vec<String>,
    /// Delete every hook that starts a program of onerescue
    #[arg(long)]
    remove: bool,
    /// Do nothing on a front-end that does not lead its zone: for tools that run this on every front-end
    #[arg(long)]
    leader_only: bool,
    /// Show what would be done, and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask on the terminal
    #[arg(long)]
    yes: bool,
}

/// Register the hooks, or delete them. The last line on stdout begins with `done;` if something was changed, and is
/// `nothing is to do` if not; with `--dry-run` it is `nothing was changed` where something would have been.
///
/// # Errors
/// [`Error::Usage`] for options that `host_error` would refuse, [`Error::Instead`] for a user who may not do it, for a
/// program that is not there and for what was not agreed to, and whatever keeps the cloud from being reached.
pub(super) fn hooks(options: &Hooks, file: Option<&Path>) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, file)?;
    let asked = asked(options, &environment, file)?;
    trail::start(Some(&config.paths.log));
    let zone = zone(&config, &environment)?;
    end(change_here(&zone, options, &asked, &who(&environment)))
}

/// The hooks that are asked for, with options that their programs take.
fn asked(options: &Hooks, environment: &Environment, file: Option<&Path>) -> Result<Vec<Wanted>> {
    let words: Vec<String> = options.options.split_whitespace().map(str::to_owned).collect();
    let unfit =
        |why: &str| Err(Error::Usage(format!("--options {:?} cannot be registered: {why}", options.options)));
    let read = match HostError::read(&words) {
        Ok(read) => read,
        Err(error) => return unfit(&error.to_string()),
    };
    if read.policy(Rules::default())?.purpose == Purpose::Rehearse {
        return unfit("with --dry-run it would change nothing");
    }
    if read.host.is_some() {
        return unfit("--host is for a run by hand");
    }
    let config = file.map(std::path::absolute).transpose();
    let config = config.ok().flatten().map(|file| file.display().to_string());
    if let Some(file) = config.as_ref().filter(|file| file.contains(char::is_whitespace)) {
        let what = format!(
            "the settings file {file:?} has a blank in its path, where the hook manager cuts arguments"
        );
        return Err(Error::instead(what, "put it where the path has none"));
    }
    let config = config.filter(|_| read.config.is_none());
    let folder = environment.programs().display().to_string();
    Ok(wanted(&Options { folder, host_error: options.options.clone(), hand_over: read.hand_over, config }))
}

/// With `--leader-only` another front-end than the leader says who that is, and does nothing. Where nobody knows who leads,
/// nothing is done either, and that is an error.
fn change_here(zone: &Zone<Http>, options: &Hooks, wanted: &[Wanted], by: &str) -> Result<u8, Stop> {
    if options.leader_only {
        match leads(&zone.lead()) {
            Leads::Yes => {}
            Leads::No(failure) => {
                say(&format!(
                    "this front-end does not lead its zone: {}\nnothing is to do\n",
                    failure.advice
                ));
                return Ok(0);
            }
            Leads::Unclear(failure) => return Err(failure.into()),
        }
    }
    may(zone)?;
    change(zone, options, wanted, by)
}

/// Whose session this is, before anything is shown: oned would refuse each write.
fn may(zone: &Zone<Http>) -> Result<()> {
    let user = zone.oned().user()?;
    if user.is_oneadmin() {
        return Ok(());
    }
    let name = text::cut(&text::one_line(&user.name), 64);
    let what =
        format!("user {name} ({}) may not change the zone's hooks: he is not of the group oneadmin", user.id);
    Err(Error::instead(what, "run it as oneadmin, or with ONE_AUTH of a user of that group"))
}

fn change(zone: &Zone<Http>, options: &Hooks, wanted: &[Wanted], by: &str) -> Result<u8, Stop> {
    let found = zone.hooks()?;
    let plan = if options.remove {
        removal(&found)
    } else {
        plan(&found, wanted, &options.without).map_err(|taken| name_taken(&taken))?
    };
    say(&told(&plan));
    if plan.deeds.is_empty() {
        say("nothing is to do\n");
        return Ok(0);
    }
    for wanted in plan.deeds.iter().filter_map(Deed::wanted) {
        check_program(Path::new(&wanted.program)).map_err(|why| no_program(wanted, &why))?;
    }
    if options.dry_run {
        say("nothing was changed\n");
        return Ok(0);
    }
    agreed(options.yes, &format!("These are {} changes.", plan.deeds.len()))?;
    carry_out(zone, &plan, by)?;
    say(if options.remove {
        "done; nothing starts when a host fails now\n"
    } else {
        "done; next, as root, on every front-end: systemctl enable --now onerescue-reconcile.timer onerescue-watch\n"
    });
    Ok(0)
}

/// Send each write once, and read all back. An answer that was lost is looked for, never asked for again.
fn carry_out(zone: &Zone<Http>, plan: &Plan, by: &str) -> Result<(), Stop> {
    for deed in &plan.deeds {
        let failed = |trouble, how: &str, why: String| Failure {
            trouble,
            what: format!("oned {how} \"{deed}\": {why}"),
            advice: "look at `onehook list`, then run this again: it does what is left".to_owned(),
        };
        match zone.write_hook(deed) {
            Reply::Accepted => {}
            Reply::Refused(_, why) => return Err(failed(Trouble::Refused, "refused", why).into()),
            Reply::NotSent(why) => {
                return Err(failed(Trouble::Unreachable, "was not reached for", why).into());
            }
            Reply::Unknown(why) if deed.is_done(&zone.hooks()?) => log::debug!("{deed}: {why}; it is done"),
            Reply::Unknown(why) => return Err(failed(Trouble::Unreachable, "gave no answer to", why).into()),
        }
        log::info!("setup hooks: {deed}, by {by}");
    }
    let now = zone.hooks()?;
    match plan.deeds.iter().find(|deed| !deed.is_done(&now)) {
        None => Ok(()),
        Some(deed) => Err(Stop::Failed(Failure {
            trouble: Trouble::Unreachable,
            what: format!(
                "\"{deed}\" was accepted and is not there: somebody else has changed it at the same time"
            ),
            advice: "look at `onehook list`, then run this again".to_owned(),
        })),
    }
}

fn name_taken(taken: &Taken) -> Error {
    let (name, id) = (&taken.hook.name, taken.hook.id.0);
    let command = taken.hook.attributes.get("COMMAND").map_or("", String::as_str);
    let what = format!(
        "the name {name} is taken by hook {id}, which starts {command} and is not ours; nothing was changed"
    );
    let advice = format!(
        "give it another name, `onehook rename {id} NAME`, then run this again; or add --without {name}"
    );
    Error::instead(text::one_line(&what), advice)
}

fn no_program(wanted: &Wanted, why: &str) -> Error {
    let what = format!("hook {} would start nothing: {why}; nothing was changed", wanted.name);
    Error::instead(what, "install onerescue on every front-end, then run this again")
}

/// Nothing that somebody has written into a hook breaks a line.
fn say(told: &str) {
    finish::say(&told.lines().map(|line| text::cut(&text::one_line(line), 400) + "\n").collect::<String>());
}
