//! A webhook over TLS: one that hangs, refuses, redirects, floods, or is somebody else.

use super::lab::{Lab, held, said};
use crate::fence_real::bmc::{Answer, Bmc, Request};
use crate::fence_real::certificates;
use crate::hooks::bench::write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

const SECRET: &str = "Bearer 4f6c-s3cr3t-9a";

/// A webhook with a certificate of an authority that the settings name, and the lab that tells it.
fn lab(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> (Lab, Bmc) {
    let lab = Lab::with(|_| String::new());
    let folder = lab.bench.folder.path();
    certificates::authority(folder, "ca");
    certificates::signed(folder, "127.0.0.1");
    write(&lab.path("token"), &format!("{SECRET}\n"), 0o600);
    let hook = Bmc::start(folder, answer);
    told(
        &lab,
        &format!("https://{}/hooks/here", hook.address),
        "ca_file",
        &lab.path("ca.pem").display().to_string(),
    );
    (lab, hook)
}

fn told(lab: &Lab, url: &str, key: &str, value: &str) {
    lab.settings(&format!(
        "[[notify]]\nname = \"chat\"\nwebhook = \"{url}\"\nsecret_file = {:?}\ntimeout = \"2s\"\n{key} = \"{value}\"\n",
        lab.path("token")
    ));
}

/// `--test`, which keeps every secret to itself.
fn test(lab: &Lab) -> (Option<i32>, String) {
    quiet(lab, said(&lab.run(&["notify", "--test"])))
}

fn quiet(lab: &Lab, (code, said): (Option<i32>, String)) -> (Option<i32>, String) {
    for text in [&said, &lab.bench.log(), &format!("{:?}", lab.notices())] {
        for secret in ["s3cr3t", "hooks/here"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    (code, said)
}

#[test]
fn it_gets_json_with_its_secret_over_tls() {
    let (lab, hook) = lab(|_, _| Answer::Json(204, String::new()));
    assert_eq!(test(&lab), (Some(0), "chat: it has taken a test message\n".to_owned()));
    let seen = hook.seen();
    assert_eq!(seen[0].line, "POST /hooks/here");
    assert_eq!(seen[0].header("authorization"), Some(SECRET));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body["test"], true);
    // By its fingerprint, whoever has signed it.
    let fingerprint = certificates::fingerprint(lab.bench.folder.path());
    told(&lab, &format!("https://{}/hooks/here", hook.address), "fingerprint", &fingerprint);
    assert_eq!(test(&lab).0, Some(0));
}

#[test]
fn who_has_another_certificate_is_told_nothing() {
    let (lab, hook) = lab(|_, _| Answer::Json(200, String::new()));
    let url = format!("https://{}/hooks/here", hook.address);
    told(&lab, &url, "fingerprint", &"0".repeat(64));
    let (code, said) = test(&lab);
    assert!(code == Some(1) && said.contains("the certificate is another one"), "{said}");
    certificates::authority(lab.bench.folder.path(), "other");
    told(&lab, &url, "ca_file", &lab.path("other.pem").display().to_string());
    let (code, said) = test(&lab);
    assert!(code == Some(1) && said.contains("UnknownIssuer"), "{said}");
    assert_eq!(hook.seen().len(), 0);
}

#[test]
fn a_redirect_carries_the_secret_nowhere() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let place = format!("http://{}/hooks/here", elsewhere.local_addr().unwrap());
    for status in [301, 302, 307, 308] {
        let header = format!("Location: {place}\r\n");
        let (lab, hook) = lab(move |_, _| Answer::With(status, header.clone(), String::new()));
        let (code, said) = test(&lab);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains(&format!(
                "HTTP status {status}: a redirect, which is not followed, to 127.0.0.1\n"
            )),
            "{said}"
        );
        assert_eq!(hook.seen().len(), 1);
    }
    assert!(elsewhere.accept().is_err(), "nobody has come");
}

#[test]
fn one_that_hangs_drips_or_floods_ends_at_its_deadline() {
    type Gives = fn() -> Answer;
    let ways: [(Gives, &str); 4] = [
        (|| Answer::Mute, "no answer in time"),
        (
            || Answer::With(500, String::new(), format!("{SECRET} is wrong, s3cr3t{}", "x".repeat(100_000))),
            "HTTP status 500: (redacted) is wrong",
        ),
        (|| Answer::Json(200, String::new()), "it has taken"),
        (|| Answer::Flood, "it has taken"),
    ];
    for (gives, expected) in ways {
        let (lab, _hook) = lab(move |_, _| gives());
        let began = Instant::now();
        let output = said(&lab.run(&["notify", "--test"]));
        assert!(!output.1.contains("4f6c"), "{}", output.1);
        assert!(output.1.contains(expected), "{expected}: {}", output.1);
        assert!(output.1.len() < 1000 && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
    let (lab, hook) = lab(|_, _| Answer::Mute);
    let port = hook.address;
    drop(hook);
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    told(&lab, &format!("https://{gone}/hooks/here"), "ca_file", &lab.path("ca.pem").display().to_string());
    let (code, said) = test(&lab);
    assert!(code == Some(1) && said.contains("no connection: Connection refused"), "{port}: {said}");
}

#[test]
fn a_500_is_sent_again_and_is_no_repetition_and_silence_may_be_one() {
    let (lab, hook) = lab(|_, before| match before {
        0 => Answer::Json(500, String::new()),
        2 => Answer::Mute,
        _ => Answer::Json(200, String::new()),
    });
    lab.notify();
    lab.remember(held(7, "node7", "a storm"));
    let (code, said) = quiet(&lab, lab.notify());
    assert!(code == Some(1) && said.contains("HTTP status 500"), "{said}");
    lab.let_time_pass();
    assert_eq!(lab.notify().0, Some(0));
    lab.remember(held(8, "node8", "a storm"));
    let (code, said) = quiet(&lab, lab.notify());
    assert!(code == Some(1) && said.contains("no answer in time"), "{said}");
    lab.let_time_pass();
    assert_eq!(lab.notify().0, Some(0));
    let repeated: Vec<_> =
        hook.seen().iter().map(|request| request.body.contains("\"maybe_repeated\":true")).collect();
    assert_eq!(repeated, [false, false, false, true]);
    assert_eq!(lab.notify().1, "chat: nothing new\n");
}

#[test]
fn an_address_that_is_a_secret_stands_in_a_file() {
    let (lab, hook) = lab(|_, _| Answer::Json(404, "no such hook: /hooks/here".to_owned()));
    write(&lab.path("address"), &format!("https://{}/hooks/here\n", hook.address), 0o600);
    lab.settings(&format!(
        "[[notify]]\nname = \"chat\"\nwebhook_file = {:?}\nca_file = {:?}\n",
        lab.path("address"),
        lab.path("ca.pem")
    ));
    let (code, said) = test(&lab);
    assert!(code == Some(1) && said.contains("HTTP status 404: no such hook: (redacted)"), "{said}");
    write(&lab.path("address"), "not an address s3cr3t\n", 0o600);
    assert!(test(&lab).1.contains("`webhook_file` cannot be read"));
}
