//! What an answer to `GET /v1/health/node/NAME?consistent` says about a node. Pure.
//!
//! `critical` says only that the agent over there does not answer the others; the host may run. No check is no
//! opinion: Consul forgets a node that has left in an orderly way. Source: measured with Consul 1.8.7.

use crate::model::Opinion;
use serde::Deserialize;

/// An HTTP response, as far as it matters.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `X-Consul-KnownLeader`: `true` or `false`.
    pub(super) known_leader: Option<String>,
    /// `X-Consul-LastContact`: milliseconds since the answering server has heard from the leader.
    pub(super) last_contact: Option<String>,
    /// `X-Consul-Effective-Consistency`, in newer versions: `consistent`, `leader`, `stale`.
    pub(super) consistency: Option<String>,
    pub(super) body: Vec<u8>,
}

/// One element of the body.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Check {
    node: String,
    #[serde(rename = "CheckID")]
    id: String,
    status: String,
}

/// The check that the agents make of each other.
const SERF_HEALTH: &str = "serfHealth";

/// The opinion on this node, and why.
pub(super) fn opinion(node: &str, answer: &Answer) -> (Opinion, String) {
    match status(node, answer) {
        Ok(status) => {
            let opinion = match status.as_str() {
                "passing" => Opinion::Alive,
                "critical" => Opinion::Dead,
                _ => Opinion::None,
            };
            (opinion, format!("{SERF_HEALTH} is {status}"))
        }
        Err(why) => (Opinion::None, why),
    }
}

/// `passing`, `warning` or `critical`, if this is an answer to believe.
fn status(node: &str, answer: &Answer) -> Result<String, String> {
    if answer.status != 200 {
        return Err(refusal(answer));
    }
    if answer.known_leader.as_deref() != Some("true") {
        return Err("it knows no leader".to_owned());
    }
    let stale = answer.consistency.as_deref() == Some("stale");
    if stale || answer.last_contact.as_deref() != Some("0") {
        return Err("its answer may be an old one".to_owned());
    }
    let checks: Vec<Check> =
        serde_json::from_slice(&answer.body).map_err(|_| "its answer is not a list of checks".to_owned())?;
    if checks.is_empty() {
        return Err(format!("it knows no node {node:?}"));
    }
    let mut health = checks.into_iter().filter(|check| check.id == SERF_HEALTH);
    match (health.next(), health.next()) {
        (Some(check), None) if check.node.eq_ignore_ascii_case(node) => Ok(check.status),
        (Some(check), None) => Err(format!("its answer is about {:?}, not {node:?}", check.node)),
        (Some(_), Some(_)) => Err(format!("{SERF_HEALTH} stands there twice")),
        (None, _) => Err(format!("{node:?} has no {SERF_HEALTH}")),
    }
}

/// The body is not shown: whoever answers may echo the token there.
fn refusal(answer: &Answer) -> String {
    let status = answer.status;
    match status {
        300..=399 => format!("HTTP status {status}: a redirection is not followed"),
        401 | 403 => format!("HTTP status {status}: the token may not read the node"),
        500 => format!("HTTP status {status}: perhaps it has no leader"),
        _ => format!("HTTP status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(body: &str) -> Answer {
        Answer {
            status: 200,
            known_leader: Some("true".to_owned()),
            last_contact: Some("0".to_owned()),
            consistency: None,
            body: body.as_bytes().to_vec(),
        }
    }

    fn check(node: &str, id: &str, status: &str) -> String {
        format!(r#"{{"Node":"{node}","CheckID":"{id}","Name":"x","Status":"{status}","ServiceTags":[]}}"#)
    }

    #[test]
    fn rows_31_32_serf_health_is_the_opinion() {
        for (status, expected) in
            [("passing", Opinion::Alive), ("critical", Opinion::Dead), ("warning", Opinion::None)]
        {
            let others =
                [check("kvm12", "disk", "passing"), check("kvm12", "service:x", "critical")].join(",");
            let body = format!("[{others},{}]", check("kvm12", "serfHealth", status));
            assert_eq!(opinion("kvm12", &good(&body)), (expected, format!("serfHealth is {status}")));
        }
        let body = format!("[{}]", check("KVM12", "serfHealth", "passing"));
        assert_eq!(opinion("kvm12", &good(&body)).0, Opinion::Alive);
    }

    #[test]
    fn row_33_whatever_is_not_plainly_an_answer_is_no_opinion() {
        let passing = check("kvm12", "serfHealth", "passing");
        let bodies = [
            ("[]".to_owned(), "it knows no node \"kvm12\""),
            (format!("[{}]", check("kvm12", "disk", "passing")), "\"kvm12\" has no serfHealth"),
            (format!("[{}]", check("kvm12", "serfhealth", "passing")), "\"kvm12\" has no serfHealth"),
            (
                format!("[{}]", check("kvm13", "serfHealth", "passing")),
                "its answer is about \"kvm13\", not \"kvm12\"",
            ),
            (format!("[{passing},{passing}]"), "serfHealth stands there twice"),
            (format!("[{passing},"), "its answer is not a list of checks"),
            (passing, "its answer is not a list of checks"),
            (r#"[{"CheckID":"serfHealth"}]"#.to_owned(), "its answer is not a list of checks"),
            ("null".to_owned(), "its answer is not a list of checks"),
            ("<html>".to_owned(), "its answer is not a list of checks"),
            (String::new(), "its answer is not a list of checks"),
            ("[".repeat(100_000), "its answer is not a list of checks"),
        ];
        for (body, why) in bodies {
            assert_eq!(opinion("kvm12", &good(&body)), (Opinion::None, why.to_owned()));
        }
        for status in ["PASSING", "Passing", "", "maintenance"] {
            let body = format!("[{}]", check("kvm12", "serfHealth", status));
            assert_eq!(opinion("kvm12", &good(&body)).0, Opinion::None, "{status}");
        }
    }

    #[test]
    fn row_33_an_answer_without_a_leader_or_from_old_state_is_no_opinion() {
        let text = |text: &str| Some(text.to_owned());
        for status in ["passing", "critical"] {
            let good = good(&format!("[{}]", check("kvm12", "serfHealth", status)));
            let bad = [
                (Answer { known_leader: text("false"), ..good.clone() }, "it knows no leader"),
                (Answer { known_leader: None, ..good.clone() }, "it knows no leader"),
                (Answer { last_contact: text("14627"), ..good.clone() }, "its answer may be an old one"),
                (Answer { last_contact: None, ..good.clone() }, "its answer may be an old one"),
                (Answer { consistency: text("stale"), ..good.clone() }, "its answer may be an old one"),
                (Answer { status: 204, ..good.clone() }, "HTTP status 204"),
                (Answer { status: 302, ..good.clone() }, "HTTP status 302: a redirection is not followed"),
                (Answer { status: 403, ..good.clone() }, "HTTP status 403: the token may not read the node"),
                (Answer { status: 500, ..good.clone() }, "HTTP status 500: perhaps it has no leader"),
                (Answer { status: 503, ..good.clone() }, "HTTP status 503"),
            ];
            for (answer, why) in bad {
                assert_eq!(opinion("kvm12", &answer), (Opinion::None, why.to_owned()));
            }
            let newer = Answer { consistency: text("consistent"), ..good };
            assert_ne!(opinion("kvm12", &newer).0, Opinion::None);
        }
    }
}
