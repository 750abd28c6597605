//! Tests of the exchange, against small stand-ins; the real Consul is in `tests/witness_real`.

use super::*;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

const PASSING: &str = r#"[{"Node":"kvm12","CheckID":"serfHealth","Status":"passing"}]"#;

/// A server for one exchange: it notes what it was asked and answers as `answer` does.
struct Server {
    url: String,
    asked: mpsc::Receiver<Vec<String>>,
}

fn server(answer: impl FnOnce(TcpStream) + Send + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = mpsc::channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(&stream).lines().map(Result::unwrap);
        let _ = tell.send(lines.take_while(|line| !line.is_empty()).collect());
        answer(stream);
    });
    Server { url, asked }
}

fn says(head: &str, body: &str) -> impl FnOnce(TcpStream) + Send + 'static {
    let text = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    move |mut stream| {
        let _ = stream.write_all(text.as_bytes());
    }
}

const GOOD: &str = "200 OK\r\nX-Consul-KnownLeader: true\r\nX-Consul-LastContact: 0";

fn consul(url: &str, token_file: Option<PathBuf>) -> Consul {
    let settings = ConsulSettings { url: url.to_owned(), ca_file: None, token_file };
    Consul::new(settings, Duration::from_secs(2))
}

fn none(url: &str) -> String {
    let (opinion, said) = consul(url, None).ask("kvm12");
    assert_eq!(opinion, Opinion::None, "{said}");
    assert!(!said.contains("127.0.0.1"), "{said}");
    said
}

#[test]
fn it_asks_for_the_node_and_never_for_old_state() {
    let server = server(says(GOOD, PASSING));
    assert_eq!(consul(&server.url, None).ask("kvm12").0, Opinion::Alive);
    let asked = server.asked.recv().unwrap();
    assert_eq!(asked[0], "GET /v1/health/node/kvm12?consistent HTTP/1.1");
    assert!(!asked.iter().any(|line| line.to_ascii_lowercase().contains("token")), "{asked:?}");
}

#[test]
fn a_name_cannot_leave_its_place_in_the_url() {
    let path = |node| url("http://127.0.0.1:8500/consul/", node).map(|url| url.path().to_owned());
    assert_eq!(path("kvm12").unwrap(), "/consul/v1/health/node/kvm12");
    assert_eq!(path("a/../b?stale#c d").unwrap(), "/consul/v1/health/node/a%2F..%2Fb%3Fstale%23c%20d");
    for name in ["", ".", ".."] {
        path(name).unwrap_err();
    }
    assert!(url("http://", "kvm12").unwrap_err().starts_with("witness.consul.url cannot be used: "));
}

#[test]
fn row_48_the_token_goes_to_consul_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    fs::write(&file, "s3cr3t\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let telling = server(says("403 Forbidden", "s3cr3t may not"));
    let asked = consul(&telling.url, Some(file.clone()));
    let (opinion, said) = asked.ask("kvm12");
    assert_eq!((opinion, said.as_str()), (Opinion::None, "HTTP status 403: the token may not read the node"));
    assert!(telling.asked.recv().unwrap().contains(&"x-consul-token: s3cr3t".to_owned()));
    assert!(!format!("{asked:?}").contains("s3cr3t"));

    let untouched = server(says(GOOD, PASSING));
    for (text, mode, why) in [
        ("s3cr3t\n", 0o644, "group or others may use it: its mode is 0644"),
        ("s3c\nr3t\n", 0o600, "a token has no line break and no control character"),
    ] {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let (opinion, said) = consul(&untouched.url, Some(file.clone())).ask("kvm12");
        assert_eq!(opinion, Opinion::None);
        assert!(said.ends_with(why), "{said}");
    }
    assert!(untouched.asked.try_recv().is_err());
}

#[test]
fn a_redirection_is_not_followed() {
    let target = server(says(GOOD, PASSING));
    let redirecting = server(says(&format!("302 Found\r\nLocation: {}", target.url), ""));
    assert_eq!(none(&redirecting.url), "HTTP status 302: a redirection is not followed");
    assert!(target.asked.try_recv().is_err());
}

#[test]
fn row_33_silence_ends_at_the_deadline() {
    let (keep, kept) = mpsc::channel::<()>();
    let mute = server(move |_stream| kept.recv().unwrap_or(()));
    assert_eq!(none(&mute.url), "no answer in time");
    drop(keep);

    // A byte now and then does not make the time longer.
    let (keep, kept) = mpsc::channel::<()>();
    let dripping = server(move |mut stream| {
        let _ = stream.write_all(format!("HTTP/1.1 {GOOD}\r\nContent-Length: 1000\r\n\r\n").as_bytes());
        while kept.recv_timeout(Duration::from_millis(100)) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = stream.write_all(b" ");
        }
    });
    let said = none(&dripping.url);
    assert!(said.starts_with("the answer broke off: "), "{said}");
    drop(keep);
}

#[test]
fn row_44_a_flood_is_bounded_and_garbage_is_no_opinion() {
    let flood = server(|mut stream| {
        let _ = stream.write_all(format!("HTTP/1.1 {GOOD}\r\n\r\n").as_bytes());
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    });
    assert_eq!(none(&flood.url), "an answer of more than 1048576 bytes");
    let garbage = server(|mut stream| drop(stream.write_all(b"\x00\xff no HTTP\r\n\r\n")));
    none(&garbage.url);
    let cut = server(|mut stream| {
        drop(stream.write_all(format!("HTTP/1.1 {GOOD}\r\nContent-Length: 100\r\n\r\n[").as_bytes()));
    });
    let said = none(&cut.url);
    assert!(said.starts_with("the answer broke off: "), "{said}");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(none(&format!("http://{nobody}")).contains("refused"));
}

#[test]
fn an_authority_that_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    fs::write(&file, "no certificate\n").unwrap();
    let settings = ConsulSettings {
        url: "https://127.0.0.1:1".to_owned(),
        ca_file: Some(file.clone()),
        token_file: None,
    };
    let asked = Consul::new(settings.clone(), Duration::from_secs(2));
    assert!(asked.ask("kvm12").1.ends_with("ca.pem cannot be used: it has no certificate"));
    // What is mended meanwhile is used at the next question.
    fs::remove_file(&file).unwrap();
    assert!(asked.ask("kvm12").1.contains("No such file"));
}
