//! Input that is not what OpenNebula hands a hook: one clear line, its own exit code, nothing called.

use super::bench::{Bench, DEAD_NODE0, HOST_ERROR, err};
use base64::Engine as _;
use onerescue::model::{HostId, VmId};

fn encode(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn bad_input_is_one_line_with_its_own_code_and_no_call() {
    let bench = Bench::new(DEAD_NODE0);
    let deep = format!("<HOST>{}{}</HOST>", "<A>".repeat(200), "</A>".repeat(200));
    let huge = "A".repeat((8 << 20) + 1);
    let template = bench.template();
    let cases: Vec<(&str, String, i32)> = vec![
        ("empty input", String::new(), 3),
        ("only options", "-m".to_owned(), 3),
        ("not base64", "!!! -m".to_owned(), 3),
        ("cut-off base64", format!("{} -m", &template[..template.len() / 2]), 3),
        ("not XML", format!("{} -m", encode("hello")), 3),
        ("another document", format!("{} -m", encode("<VM><ID>1</ID></VM>")), 3),
        ("a DOCTYPE", format!("{} -m", encode("<!DOCTYPE x><HOST><ID>1</ID></HOST>")), 3),
        ("deep nesting", format!("{} -m", encode(&deep)), 3),
        ("too much", format!("{huge} -m"), 3),
        ("two modes", format!("{template} -m -r"), 2),
        ("no mode", template.clone(), 2),
        ("an unknown option", format!("{template} -m --frobnicate"), 2),
        ("a template and --host", format!("{template} -m --host node0"), 2),
    ];
    for (name, stdin, code) in cases {
        let output = bench.run(HOST_ERROR, &[], &stdin);
        let text = err(&output);
        assert_eq!(output.status.code(), Some(code), "{name}: {text}");
        let told: Vec<_> = text.lines().filter(|line| !line.starts_with("ERROR")).collect();
        assert_eq!(told.len(), 2, "{name}: {text}");
        assert!(told[1].starts_with("  do this: "), "{name}: {text}");
        assert!(text.len() < 1000, "{name}: {}", text.len());
    }
    assert_eq!(bench.cloud.lock().unwrap().vm_host(VmId(0)), Some(HostId(0)));
    assert!(!bench.log().contains("observe"), "a run began: {}", bench.log());
}

#[test]
fn a_host_that_does_not_exist_is_named() {
    let bench = Bench::new(DEAD_NODE0);
    let output = bench.run(HOST_ERROR, &["--host", "nowhere", "-m"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("there is no host \"nowhere\""), "{}", err(&output));
}

#[test]
fn an_oned_that_is_away_is_its_own_code() {
    let bench =
        Bench::with_settings(DEAD_NODE0, "[oned]\nendpoint = \"http://127.0.0.1:1/RPC2\"\nreads = 1\n");
    let settings = std::fs::read_to_string(bench.folder.path().join("onerescue.toml")).unwrap();
    assert!(settings.contains("127.0.0.1:1"));
    let output = bench.run(HOST_ERROR, &["--host", "node0", "-m"], "");
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("oned did not answer"), "{}", err(&output));
}

#[test]
fn wrong_credentials_stop_at_once() {
    let bench = Bench::new(DEAD_NODE0);
    bench.cloud.lock().unwrap().set_session("oneadmin:another");
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("check the credentials"), "{}", err(&output));
}

#[test]
fn settings_that_cannot_be_used_show_the_line() {
    let bench = Bench::with_settings(DEAD_NODE0, "samplez = 3");
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(err(&output).contains("samplez"), "{}", err(&output));
}
