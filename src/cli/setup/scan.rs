//! `onerescue setup hosts --scan`: which controller is whose, asked of both. Nothing is switched.

use super::hosts::Zoned;
use super::scanned::Told;
use crate::config::entries::{Askings, Changed, Line, List, Scanned, places, with_list};
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::finish;
use crate::model::{Host, HostId, HostState, text};
use crate::policy::scan::{By, Machine, Matched, Own, Pair, fits, matched, own};
use crate::world::Zone;
use crate::world::fence::Fence;
use crate::world::fence::scan::{Seen, scan};
use crate::world::oned::Http;
use crate::world::smbios;
use clap::Args;

#[derive(Clone, Debug, Args)]
pub(super) struct Scan {
    /// Ask these for Redfish and IPMI, at most 1024: addresses or names with or without a port, ranges (10.8.0.11-40),
    /// networks (10.8.0.0/24), and paths of files of them, a line each, with the fingerprint of its certificate behind it
    #[arg(id = "scan", long = "scan", value_name = "ADDRESS", num_args = 1.., requires = "secret_file")]
    addresses: Vec<String>,
    /// As whom the controllers are asked; without it, as the [device] that has the secret file
    #[arg(long, value_name = "NAME", requires = "scan")]
    user: Option<String>,
    /// The file with the password of the controllers, mode 0600; may be given more than once, with a pattern (10.8.0.*, bmc1)
    /// for the addresses that fit it, where the first that fits counts. {address} in the path is the address
    #[arg(long, value_name = "[PATTERN=]FILE", requires = "scan")]
    secret_file: Vec<String>,
    /// Print what was proven as a list for --from, the rest on stderr, and write nothing
    #[arg(long, requires = "scan", conflicts_with = "yes")]
    list: bool,
}

impl Scan {
    pub(super) fn is_asked_for(&self) -> bool {
        !self.addresses.is_empty()
    }
}

/// A host, its machine, and the line of a list that they come to.
#[derive(Clone)]
struct Candidate {
    pair: Pair,
    line: Line,
}

/// What every part of a scan needs.
struct Scanning<'a> {
    askings: Askings,
    old: &'a str,
    config: &'a Config,
    zone: &'a Zone<Http>,
    zoned: &'a Zoned,
}

/// The settings with what a scan has proven; nothing if that is nothing, or is printed as a list.
///
/// # Errors
/// [`Error::Instead`] for what cannot be scanned, and that oned does not answer.
pub(super) fn found(
    options: &Scan,
    old: &str,
    config: &Config,
    zone: &Zone<Http>,
    zoned: &Zoned,
) -> Result<Option<Changed>> {
    let again = "correct that, then run this again";
    let unfit = |why: String| Error::instead(format!("nothing was scanned: {why}"), again);
    let places = places(&options.addresses, file).map_err(unfit)?;
    let askings = Askings::new(config, options.user.as_deref(), &options.secret_file).map_err(unfit)?;
    let scanning = Scanning { askings, old, config, zone, zoned };
    let mut told = Told::new(options.list);
    let (addresses, hosts) = (places.len(), zoned.hosts.len());
    finish::say_aside(&format!(
        "asking {addresses} addresses and {hosts} hosts which machine they are; this may take minutes\n"
    ));
    let seen = scan(&scanning.askings, &places).map_err(unfit)?;
    told.seen(&places, &seen);
    let (machines, found): (Vec<_>, Vec<_>) = seen.into_iter().flat_map(Seen::machines).unzip();
    let matched = matched(&scanning.owns(&mut told), &machines);
    told.matched(&matched, &zoned.hosts);
    let (good, left) = scanning.checked(candidates(&matched, &found), &machines, &mut told)?;
    told.end();
    if options.list {
        finish::say(&scanning.list(&good)?);
        return Ok(None);
    }
    let all = [good, left].concat();
    if all.is_empty() {
        finish::say("no entry follows from this; nothing was changed\n");
        return Ok(None);
    }
    scanning.change(&all).map(Some)
}

/// The text of a file of addresses.
fn file(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))
}

/// What a device asks of the machine from now on is what the host says of itself.
fn candidates(matched: &Matched, found: &[Scanned]) -> Vec<Candidate> {
    let candidate = |pair: &Pair| {
        let said = pair.own.said.clone();
        let (uuid, serial) = match pair.by {
            By::Uuid | By::Turned(_) => (said.uuid, None),
            By::Serial => (None, said.serial),
        };
        let line =
            Line { host: pair.own.name.clone(), found: found.get(pair.machine)?.clone(), uuid, serial };
        Some(Candidate { pair: pair.clone(), line })
    };
    matched.pairs.iter().filter_map(candidate).collect()
}

impl Scanning<'_> {
    /// Which machine each host is, as far as that is known.
    fn owns(&self, told: &mut Told) -> Vec<Own> {
        let hosts = &self.zoned.hosts;
        let asked = hosts.iter().zip(smbios::ask(self.config, hosts));
        let (known, unknown): (Vec<_>, Vec<_>) = asked
            .map(|(host, asked)| own(host, asked).map_err(|why| (host.name.clone(), why)))
            .partition(Result::is_ok);
        told.unknown(unknown.into_iter().filter_map(Result::err));
        known.into_iter().flatten().collect()
    }

    fn list(&self, candidates: &[Candidate]) -> Result<String> {
        let lines: Vec<_> = candidates.iter().map(|candidate| candidate.line.clone()).collect();
        self.askings.list(&lines).map_err(|why| unusable(&why))
    }

    /// The settings with these.
    fn change(&self, candidates: &[Candidate]) -> Result<Changed> {
        let (list, zoned) = (self.list(candidates)?, self.zoned);
        with_list(self.old, self.config, &zoned.hosts, &zoned.clusters, List::Csv(&list))
            .map_err(|why| unusable(&why))
    }

    /// Those whose device, as the settings would have it, says what fits to its host; and those whose entry has another
    /// device, and stays.
    fn checked(
        &self,
        candidates: Vec<Candidate>,
        machines: &[Machine],
        told: &mut Told,
    ) -> Result<(Vec<Candidate>, Vec<Candidate>)> {
        if candidates.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let changed = self.change(&candidates)?;
        let whole = Config::parse(&changed.text, &self.config.file, &Environment::default())?;
        let mut fence = Fence::new(&whole);
        fence.meet(&self.zoned.hosts, &self.zoned.clusters);
        let device = |candidate: &Candidate| {
            let id = candidate.pair.own.host;
            let (_, device) = changed.has.iter().find(|(host, _)| *host == id)?;
            Some((host(&self.zoned.hosts, id)?.clone(), device.clone()))
        };
        let (asked, left): (Vec<_>, Vec<_>) = candidates
            .into_iter()
            .map(|candidate| (device(&candidate), candidate))
            .partition(|(device, _)| device.is_some());
        let (devices, candidates): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let powers = fence.seen_once_each(&devices.into_iter().flatten().collect::<Vec<_>>());
        let after = self.zone.oned().hosts()?.good;
        let mut good = Vec::new();
        for (candidate, power) in candidates.into_iter().zip(powers) {
            let (id, at) = (candidate.pair.own.host, machines.get(candidate.pair.machine));
            let state = |hosts: &[Host]| host(hosts, id).map_or(HostState::Unknown(-1), |host| host.state);
            let fits = fits(&candidate.pair.by, &power, [state(&self.zoned.hosts), state(&after)]);
            told.judged(&candidate.pair, &candidate.line.found, at, &power, fits.as_ref().err());
            if fits.is_ok() {
                good.push(candidate);
            }
        }
        Ok((good, left.into_iter().map(|(_, candidate)| candidate).collect()))
    }
}

fn host(hosts: &[Host], id: HostId) -> Option<&Host> {
    hosts.iter().find(|host| host.id == id)
}

fn unusable(why: &str) -> Error {
    let what = format!("what was found cannot be used: {why}; nothing was changed");
    Error::instead(text::one_line(&what), "correct the settings, then run this again")
}
