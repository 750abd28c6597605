//! Do witnesses say alive about a host that is? One that does not would be no help in the night.

use super::finding::{Finding, Item};
use crate::model::{Host, Opinion, Testimony};
use crate::policy::Rules;

/// What witnesses say about one healthy host of a cluster.
#[derive(Clone, Debug)]
pub struct WitnessFacts {
    /// The host.
    pub host: Host,
    /// How many witnesses the settings want to hear.
    pub wanted: usize,
    /// What was heard.
    pub testimonies: Vec<Testimony>,
}

pub(super) fn judge(rules: &Rules, asked: &[WitnessFacts]) -> Vec<Finding> {
    let nobody = (rules.witness.peers == 0).then(|| {
        let text =
            "no other host is asked whether a host is alive, so a fence device that lies is not contradicted";
        Finding::warning(Item::Witness, "[witness] peers", text, "set it to 2, its default")
    });
    nobody.into_iter().chain(asked.iter().flat_map(one)).collect()
}

fn one(facts: &WitnessFacts) -> Vec<Finding> {
    let mut findings: Vec<_> = facts.testimonies.iter().map(|said| testimony(&facts.host, said)).collect();
    let heard = facts.testimonies.len();
    if heard < facts.wanted {
        let text = format!("{heard} of the {} witnesses that the settings want could be asked", facts.wanted);
        let advice = "a peer must be MONITORED and in the same cluster; else lower [witness] peers";
        let alike = format!(
            "{heard} of the {} witnesses that the settings want could be asked about {{}}",
            facts.wanted
        );
        let finding = Finding::warning(Item::Witness, facts.host.to_string(), text, advice);
        findings.push(finding.alike(&facts.host.name, alike));
    }
    findings
}

fn testimony(host: &Host, said: &Testimony) -> Finding {
    let object = format!("{} about {host}", said.witness);
    let why = format!("{} says {}", said.witness, said.said);
    match said.opinion {
        Opinion::Alive => Finding::ok(Item::Witness, object, format!("it says alive ({})", said.said))
            .alike(&host.name, "witnesses say alive about {}"),
        Opinion::Dead => {
            let text = format!("it hears nothing of a host that is MONITORED ({})", said.said);
            let advice =
                format!("check `address` and `consul_node` of `[[host]] id = {}`, and [witness]", host.id.0);
            Finding::broken(Item::Witness, object, text, advice)
                .alike(&host.name, "witnesses hear nothing of {} that are MONITORED")
                .because(&why)
                .for_all("check `address` and `consul_node` of the `[[host]]` of each, and [witness]")
        }
        Opinion::None => {
            let text = format!("it could not tell ({})", said.said);
            let advice = "check that oneadmin reaches it by ssh, or [witness.consul]";
            let finding = Finding::warning(Item::Witness, object, text, advice);
            finding.alike(&host.name, "witnesses could not tell about {}").because(&why)
        }
    }
}
