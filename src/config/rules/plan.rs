//! `[plan]` and `[exclude]`, as they are written.

use crate::model::VmId;
use crate::policy::{
    Exclusions, Failed, Firmware, LayerScope, Layers, PlanRules, Requirements, Standby, Wish,
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The most entries of one list in `[exclude]`.
const MOST: usize = 10_000;

/// `[plan]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Plan {
    owner_may: Vec<String>,
    standby: StandbyWord,
    layers: LayersWord,
    layer_scope: ScopeWord,
    requirements: RequirementsWord,
    firmware: FirmwareWord,
    failed: FailedWord,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StandbyWord {
    First,
    Only,
    Last,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LayersWord {
    Hard,
    Soft,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScopeWord {
    Owner,
    Group,
    All,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RequirementsWord {
    Hold,
    Scheduler,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FirmwareWord {
    Hold,
    Lose,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FailedWord {
    Hold,
    Leave,
    Recover,
}

/// `[exclude]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Exclude {
    vms: BTreeSet<u32>,
    names: Vec<String>,
    labels: BTreeSet<String>,
    groups: BTreeSet<String>,
}

impl Default for Plan {
    fn default() -> Self {
        let rules = PlanRules::default();
        Self {
            owner_may: rules.owner_may.iter().map(Wish::to_string).collect(),
            standby: match rules.standby {
                Standby::First => StandbyWord::First,
                Standby::Only => StandbyWord::Only,
                Standby::Last => StandbyWord::Last,
            },
            layers: match rules.layers {
                Layers::Hard => LayersWord::Hard,
                Layers::Soft => LayersWord::Soft,
            },
            layer_scope: match rules.layer_scope {
                LayerScope::Owner => ScopeWord::Owner,
                LayerScope::Group => ScopeWord::Group,
                LayerScope::All => ScopeWord::All,
            },
            requirements: match rules.requirements {
                Requirements::Hold => RequirementsWord::Hold,
                Requirements::Scheduler => RequirementsWord::Scheduler,
            },
            firmware: match rules.firmware {
                Firmware::Hold => FirmwareWord::Hold,
                Firmware::Lose => FirmwareWord::Lose,
            },
            failed: match rules.failed {
                Failed::Hold => FailedWord::Hold,
                Failed::Leave => FailedWord::Leave,
                Failed::Recover => FailedWord::Recover,
            },
        }
    }
}

impl Plan {
    pub(in crate::config) fn check(self, exclude: Exclude) -> Result<PlanRules, String> {
        let wish = |word: &String| {
            let unknown =
                || format!("plan.owner_may: {word:?} is none of NONE, MIGRATE, RECREATE and DELETE");
            Wish::read(word).ok_or_else(unknown)
        };
        Ok(PlanRules {
            owner_may: self.owner_may.iter().map(wish).collect::<Result<_, _>>()?,
            standby: match self.standby {
                StandbyWord::First => Standby::First,
                StandbyWord::Only => Standby::Only,
                StandbyWord::Last => Standby::Last,
            },
            layers: match self.layers {
                LayersWord::Hard => Layers::Hard,
                LayersWord::Soft => Layers::Soft,
            },
            layer_scope: match self.layer_scope {
                ScopeWord::Owner => LayerScope::Owner,
                ScopeWord::Group => LayerScope::Group,
                ScopeWord::All => LayerScope::All,
            },
            requirements: match self.requirements {
                RequirementsWord::Hold => Requirements::Hold,
                RequirementsWord::Scheduler => Requirements::Scheduler,
            },
            firmware: match self.firmware {
                FirmwareWord::Hold => Firmware::Hold,
                FirmwareWord::Lose => Firmware::Lose,
            },
            failed: match self.failed {
                FailedWord::Hold => Failed::Hold,
                FailedWord::Leave => Failed::Leave,
                FailedWord::Recover => Failed::Recover,
            },
            exclude: exclude.check()?,
        })
    }
}

impl Exclude {
    fn check(self) -> Result<Exclusions, String> {
        let Self { vms, names, labels, groups } = self;
        let texts = [("names", names.len()), ("labels", labels.len()), ("groups", groups.len())];
        for (key, length) in texts.into_iter().chain([("vms", vms.len())]) {
            if length > MOST {
                return Err(format!("exclude.{key} has {length} entries; at most {MOST} are allowed"));
            }
        }
        if names.iter().chain(&labels).chain(&groups).any(|text| text.trim().is_empty()) {
            return Err("exclude has an empty name, label or group".to_owned());
        }
        Ok(Exclusions { vms: vms.into_iter().map(VmId).collect(), names, labels, groups })
    }
}
