//! The hooks of the zone, as `host_error` itself would read their options.

use crate::error::Error;
use crate::model::Hook;
use crate::options::HostError;
use crate::policy::check::HookFacts;
use crate::policy::{Policy, Rules};
use crate::world::Zone;
use crate::world::oned::Transport;
use clap::Parser as _;

/// Every hook of the zone, with what its options choose under these rules.
///
/// # Errors
/// [`Error::Oned`] if they cannot be read.
pub(super) fn hooks<T: Transport>(zone: &Zone<T>, rules: &Rules) -> Result<Vec<HookFacts>, Error> {
    Ok(zone.oned().hooks()?.good.into_iter().map(|hook| hook_facts(hook, rules)).collect())
}

fn hook_facts(hook: Hook, rules: &Rules) -> HookFacts {
    let arguments = hook.attributes.get("ARGUMENTS").map_or("", String::as_str);
    let words = arguments.split_whitespace().filter(|word| *word != "$TEMPLATE");
    let words = std::iter::once("host_error").chain(words);
    let options: Result<Policy, String> = HostError::try_parse_from(words)
        .map_err(|error| {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        })
        .and_then(|options| options.policy(rules.clone()).map_err(|error| error.to_string()));
    HookFacts { hook, options }
}
