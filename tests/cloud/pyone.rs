//! OpenNebula's own Python bindings against the simulated cloud on a loopback port, and the server's manners.

use onerescue::sim::{Clock, Cloud, Death, HostSpec, Server, Version, VmSpec};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MAKE: &str = "python3 -m venv tests/.venv && tests/.venv/bin/pip install pyone==7.3.80";

fn server() -> Server {
    let mut cloud = Cloud::new(Version::V7_5);
    let mut spec = HostSpec::new("node0");
    spec.attributes.insert("FENCE_IP".to_owned(), "10.0.0.1".to_owned());
    let host = cloud.add_host(spec);
    cloud.add_host(HostSpec::new("node1"));
    cloud.add_vm(VmSpec::new("web", host).with("HA_PRIORITY", "HIGH"));
    let mut locked = VmSpec::new("locked", host);
    locked.lock = Some(1);
    cloud.add_vm(locked);
    cloud.host_dies(host, Death::PowerLoss);
    cloud.advance(Duration::from_secs(210));
    let clock = Clock::Jumping(Duration::from_millis(50));
    Server::start(Arc::new(Mutex::new(cloud)), 0, 0, clock).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "CI may have its Python elsewhere")]
fn python() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.venv/bin/python");
    std::env::var_os("ONERESCUE_PYTHON").map_or(here, PathBuf::from)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the client is a program")]
fn pyone_works_with_it() {
    let python = python();
    assert!(python.exists(), "{} is missing; make it with: {MAKE}", python.display());
    let server = server();
    // pyone's own timeout has no effect over XML-RPC.
    let client = Command::new("timeout")
        .arg("60")
        .arg(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cloud/pyone_client.py"))
        .arg(server.endpoint())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&client.stdout);
    let err = String::from_utf8_lossy(&client.stderr);
    assert!(client.status.success(), "{out}{err}");
}

fn exchange(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn it_has_the_manners_of_the_recorded_server() {
    let server = server();
    let body = "<?xml version='1.0'?><methodCall><methodName>one.system.version</methodName><params>\
                <param><value><string>wrong:wrong</string></value></param></params></methodCall>";
    let post = format!("POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let reply = exchange(&server, &post);
    let recorded = include_str!("../corpus/recordings/http-response-with-headers.txt");
    let same = |name: &str| {
        let line = |text: &str| text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        assert_eq!(line(&reply), line(recorded), "{name}");
    };
    for name in ["HTTP/1.1", "Content-type", "Content-length", "Connection", "Server"] {
        same(name);
    }
    let after = |text: &str| text.replace('\r', "").split_once("\n\n").map(|(_, body)| body.to_owned());
    assert_eq!(after(&reply), after(recorded));
}

#[test]
fn its_clock_can_be_the_real_one() {
    let cloud = Arc::new(Mutex::new(Cloud::new(Version::V7_5)));
    let server = Server::start(Arc::clone(&cloud), 0, 0, Clock::Live).unwrap();
    let body = "<?xml version='1.0'?><methodCall><methodName>one.nothing.here</methodName></methodCall>";
    let post = format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let reply = exchange(&server, &post);
    assert!(reply.contains("HTTP/1.1 200 OK") && reply.contains("-506"), "{reply}");
    let now = cloud.lock().unwrap().now();
    assert!(now > Duration::ZERO && now < Duration::from_secs(60), "{now:?}");
    assert_eq!(cloud.lock().unwrap().endpoints(), [server.endpoint()]);
}

#[test]
fn it_refuses_what_is_no_call() {
    let server = server();
    let chunked = "POST /RPC2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (request, status) in [
        ("GET /RPC2 HTTP/1.1\r\n\r\n", "HTTP/1.1 405"),
        ("POST /other HTTP/1.1\r\n\r\n", "HTTP/1.1 404"),
        (chunked, "HTTP/1.1 411"),
        ("POST /RPC2 HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 413"),
        ("POST /RPC2 HTTP/1.1\r\nContent-Length: 3\r\n\r\n<a>", "HTTP/1.1 200"),
    ] {
        let reply = exchange(&server, request);
        assert!(reply.starts_with(status), "{request:?}: {reply}");
    }
    let gone = server.port();
    drop(server);
    let still_there = TcpStream::connect(("127.0.0.1", gone)).is_ok_and(|mut stream| {
        stream.write_all(b"x").is_ok() && stream.read(&mut [0]).is_ok_and(|read| read > 0)
    });
    assert!(!still_there);
}
