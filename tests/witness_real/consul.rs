//! What a real Consul says of hosts that live, die and were never there.

use super::nodes::{Nodes, Role, program, soon, through};
use super::peers::{Peers, peer, suspect};
use super::{opinions, seen};
use crate::fence_real::processes::kill;
use onerescue::model::{Opinion, Testimony};
use onerescue::world::witness::Witness;
use std::fs;

fn ask(witness: &Witness, name: &str) -> Testimony {
    let mut said = witness.ask(&suspect(name), &[]);
    assert_eq!(said.len(), 1);
    said.remove(0)
}

fn becomes(witness: &Witness, name: &str, opinion: Opinion) -> bool {
    soon(|| ask(witness, name).opinion == opinion)
}

/// Three servers and one more node. The first one may answer from old state whoever does not forbid it.
fn cluster() -> Option<Nodes> {
    let mut nodes = Nodes::new(program()?);
    nodes.add(Role::Server(3), &Nodes::next_address(), "discovery_max_stale = \"1h\"");
    nodes.add(Role::Server(3), &Nodes::next_address(), "");
    nodes.add(Role::Server(3), &Nodes::next_address(), "");
    nodes.add(Role::Client, &Nodes::next_address(), "");
    Some(nodes)
}

#[test]
fn rows_31_32_consul_knows_who_lives_and_whose_agent_died() {
    let Some(mut nodes) = cluster() else {
        return;
    };
    let witness = through(&nodes.url(1), "");
    assert!(becomes(&witness, "node4", Opinion::Alive), "{}", nodes.logs());
    assert_eq!(ask(&witness, "node4").to_string(), "consul says alive (serfHealth is passing)");
    let unknown = ask(&witness, "node9");
    assert_eq!((unknown.opinion, unknown.said.as_str()), (Opinion::None, "it knows no node \"node9\""));
    let strange = ask(&witness, "node4/../node3?stale#");
    assert_eq!(strange.opinion, Opinion::None, "{strange}");

    // A name in Consul that is not the host's.
    let hosts = "[device.own]\ndriver = \"command\"\noff = [\"/bin/false\"]\n[[host]]\nid = 9\nname = \"kvm9\"\n\
                 devices = [\"own\"]\nconsul_node = \"node4\"\n";
    let mapped = through(&nodes.url(1), hosts);
    assert_eq!(ask(&mapped, "kvm9").opinion, Opinion::Alive);
    assert_eq!(ask(&mapped, "kvm90").opinion, Opinion::None);

    // A host that hangs, and goes on.
    assert!(kill("STOP", &nodes.pid(4)));
    assert!(becomes(&witness, "node4", Opinion::Dead), "{}", nodes.logs());
    assert!(kill("CONT", &nodes.pid(4)));
    assert!(becomes(&witness, "node4", Opinion::Alive), "{}", nodes.logs());

    nodes.kill(4);
    assert!(becomes(&witness, "node4", Opinion::Dead), "{}", nodes.logs());
    assert_eq!(ask(&witness, "node4").said, "serfHealth is critical");
}

#[test]
fn row_33_without_a_quorum_consul_has_no_opinion_though_old_state_says_alive() {
    let Some(mut nodes) = cluster() else {
        return;
    };
    let witness = through(&nodes.url(1), "");
    assert!(becomes(&witness, "node3", Opinion::Alive), "{}", nodes.logs());
    // Its own state, which it falls back to, lags behind the leader's.
    let stale = || nodes.get(1, "/v1/health/node/node3?stale");
    assert!(soon(|| stale().contains("passing")), "{}", stale());
    nodes.kill(2);
    nodes.kill(3);
    // From now on nothing about node3 can be known.
    let first = ask(&witness, "node3");
    assert_ne!(first.opinion, Opinion::Alive, "{first}");
    // Whoever does not insist is told from old state that the dead node passes; we are told nothing.
    let told = || nodes.get(1, "/v1/health/node/node3");
    assert!(
        soon(|| told().contains("X-Consul-Knownleader: false") && told().contains("passing")),
        "{}",
        told()
    );
    let said = ask(&witness, "node3");
    assert_eq!(said.opinion, Opinion::None, "{said}");
    let client = through(&nodes.url(4), "");
    assert_eq!(ask(&client, "node3").opinion, Opinion::None);

    nodes.kill(1);
    let said = ask(&witness, "node3");
    assert!(said.opinion == Opinion::None && said.said.contains("refused"), "{said}");
}

#[test]
fn row_33_a_node_that_left_and_a_server_that_hangs_are_no_opinion() {
    let Some(program) = program() else {
        return;
    };
    let mut nodes = Nodes::new(program);
    nodes.add(Role::Server(1), &Nodes::next_address(), "");
    nodes.add(Role::Client, &Nodes::next_address(), "");
    let witness = through(&nodes.url(1), "");
    assert!(becomes(&witness, "node2", Opinion::Alive), "{}", nodes.logs());
    // An orderly stop: Consul forgets the node.
    assert!(kill("TERM", &nodes.pid(2)));
    nodes.wait_for_end(2);
    assert!(becomes(&witness, "node2", Opinion::None), "{}", nodes.logs());
    assert!(soon(|| ask(&witness, "node2").said == "it knows no node \"node2\""));

    assert_eq!(ask(&witness, "node1").opinion, Opinion::Alive);
    assert!(kill("STOP", &nodes.pid(1)));
    let said = ask(&witness, "node1");
    assert_eq!((said.opinion, said.said.as_str()), (Opinion::None, "no answer in time"));
    assert!(kill("CONT", &nodes.pid(1)));
}

#[test]
fn row_50_consul_is_believed_behind_its_own_authority_and_with_a_token_only() {
    let Some(program) = program() else {
        return;
    };
    let (mut nodes, address) = (Nodes::new(program), Nodes::next_address());
    nodes.certify("127.0.0.1");
    fs::rename(nodes.path("ca.pem"), nodes.path("stranger.pem")).unwrap();
    nodes.certify(&address);
    let (file, token) =
        (|name: &str| nodes.path(name).display().to_string(), "5ec2e7aa-0000-4000-8000-000000000001");
    let settings = format!(
        "cert_file = {:?}\nkey_file = {:?}\nca_file = {:?}\n\
         acl {{ enabled = true default_policy = \"deny\" tokens {{ master = \"{token}\" agent = \"{token}\" }} }}",
        file("cert.pem"),
        file("cert.key"),
        file("ca.pem"),
    );
    nodes.add(Role::Server(1), &address, &settings);
    let good = nodes.secret("token", &format!("{token}\n"));
    let other = nodes.secret("other_token", "5ec2e7aa-0000-4000-8000-00000000dead\n");
    let asks = |authority: &str, token: Option<&std::path::Path>| {
        let token = token.map_or(String::new(), |file| format!("token_file = {file:?}\n"));
        through(&nodes.https_url(1), &format!("{authority}{token}"))
    };
    let ours = format!("ca_file = {:?}\n", nodes.path("ca.pem"));
    let witness = asks(&ours, Some(&good));
    assert!(becomes(&witness, "node1", Opinion::Alive), "{} {}", ask(&witness, "node1"), nodes.logs());

    // Whom the token does not let see a node is told that there is none, or is sent away.
    assert_eq!(ask(&asks(&ours, None), "node1").opinion, Opinion::None);
    let said = ask(&asks(&ours, Some(&other)), "node1");
    assert_eq!(
        (said.opinion, said.said.as_str()),
        (Opinion::None, "HTTP status 403: the token may not read the node")
    );
    // Neither the system's authorities nor another one stand for this certificate.
    for authority in [String::new(), format!("ca_file = {:?}\n", nodes.path("stranger.pem"))] {
        let said = ask(&asks(&authority, Some(&good)), "node1");
        assert_eq!(said.opinion, Opinion::None);
        assert!(said.said.contains("certificate"), "{said}");
    }
}

#[test]
fn peers_and_consul_are_asked_at_the_same_time_and_heard_in_order() {
    let Some(program) = program() else {
        return;
    };
    let mut nodes = Nodes::new(program);
    nodes.add(Role::Server(1), &Nodes::next_address(), "");
    assert!(becomes(&through(&nodes.url(1), ""), "node1", Opinion::Alive), "{}", nodes.logs());
    let peers = Peers::start(2);
    let both = peers.witness(&seen(&peers), &format!("[witness.consul]\nurl = \"{}\"\n", nodes.url(1)));
    let said = both.ask(&suspect("node1"), &[peer(2), peer(1)]);
    assert_eq!(opinions(&said), [Opinion::Dead, Opinion::Dead, Opinion::Alive]);
    let names: Vec<_> = said.iter().map(|said| said.witness.as_str()).collect();
    assert_eq!(names, ["peer2 (host 2)", "peer1 (host 1)", "consul"]);
}
