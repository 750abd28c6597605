//! The HTTP path against a server that misbehaves, on loopback: each fault has the right name, and an end.
//!
//! "Not sent" is said only where the connection was never made; everything else may have been carried out.

use onerescue::error::OnedError;
use onerescue::wire::xml::XmlError;
use onerescue::world::oned::{Credentials, Http, Oned, Patience, Session, Transport};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_millis(600);

/// Serve one connection and hand back the request that came.
fn serve(answer: impl FnOnce(TcpStream) + Send + 'static) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/RPC2", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let request = read_request(&mut stream);
        tell(&sender, request);
        answer(stream);
    });
    (endpoint, receiver)
}

fn tell(sender: &Sender<String>, request: String) {
    // A test that does not look at the request has dropped the receiver.
    let _ = sender.send(request);
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&request).contains("</methodCall>") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&request).into_owned()
}

fn post(endpoint: &str) -> Result<String, OnedError> {
    Http::default().post(endpoint, "<methodCall></methodCall>", DEADLINE)
}

/// The outcome is unknown, for this reason, and known to be so in time.
fn unknown(endpoint: &str, why: &str) {
    let begin = now();
    match post(endpoint) {
        Err(OnedError::Unknown(text)) => assert!(text.contains(why), "{text}"),
        other => panic!("{other:?}"),
    }
    assert!(now().duration_since(begin) < DEADLINE * 4);
}

#[expect(clippy::disallowed_methods, reason = "measures that a hung server does not hang us")]
fn now() -> Instant {
    Instant::now()
}

fn reply(head: &str, body: &str) -> impl FnOnce(TcpStream) + Send + use<> {
    let text = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    move |mut stream| stream.write_all(text.as_bytes()).unwrap()
}

#[test]
fn a_good_reply_comes_back_and_the_request_is_as_oned_needs_it() {
    let recorded = include_str!("../corpus/recordings/7.5/http-response-with-headers.txt");
    let text = recorded.replace("Content-length: 383\r\n", "");
    let (_, body) = recorded.split_once("\r\n\r\n").unwrap();
    let (endpoint, requests) = serve(move |mut stream| stream.write_all(text.as_bytes()).unwrap());
    assert_eq!(post(&endpoint).unwrap(), body);
    let request = requests.recv().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("post /rpc2 http/1.1\r\n"), "{request}");
    for header in ["connection: close", "content-type: text/xml", "content-length: 25"] {
        assert!(request.contains(&format!("{header}\r\n")), "{request}");
    }
    assert!(!request.contains("chunked"));
}

#[test]
fn nobody_listens_or_nothing_is_resolved_means_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/RPC2", listener.local_addr().unwrap());
    drop(listener);
    let encrypted = endpoint.replace("http:", "https:");
    for endpoint in [endpoint.as_str(), &encrypted, "http://", "gopher://127.0.0.1/"] {
        assert!(matches!(post(endpoint), Err(OnedError::NotSent(_))), "{endpoint}");
    }
}

#[test]
fn closed_before_the_request_was_read() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/RPC2", listener.local_addr().unwrap());
    thread::spawn(move || drop(listener.accept().unwrap()));
    unknown(&endpoint, "");
}

#[test]
fn closed_after_the_request_was_read() {
    let (endpoint, _) = serve(|stream| stream.shutdown(Shutdown::Both).unwrap());
    unknown(&endpoint, "");
}

#[test]
fn a_body_that_ends_early() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<methodResponse>";
    let (endpoint, _) = serve(|mut stream| stream.write_all(head.as_bytes()).unwrap());
    unknown(&endpoint, "broke off");
}

#[test]
fn other_statuses_are_no_answers_and_redirects_are_not_followed() {
    let (elsewhere, followed) = serve(reply("200 OK", "followed"));
    let redirect = format!("302 Found\r\nLocation: {elsewhere}");
    for (head, why) in [
        ("404 Not Found\r\nContent-Type: text/html", "404"),
        ("500 Internal Server Error", "500"),
        ("204 No Content", "204"),
        (redirect.as_str(), "302"),
    ] {
        let (endpoint, _) = serve(reply(head, "<html>no</html>"));
        unknown(&endpoint, why);
    }
    assert!(followed.try_recv().is_err());
}

#[test]
fn a_reply_that_is_too_long() {
    let http = Http { longest_reply: 1000, ..Http::default() };
    let (endpoint, _) = serve(reply("200 OK", &"x".repeat(1000)));
    assert_eq!(http.post(&endpoint, "</methodCall>", DEADLINE).unwrap().len(), 1000);
    let (endpoint, _) = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    match http.post(&endpoint, "</methodCall>", DEADLINE) {
        Err(OnedError::Reply(XmlError::TooLong(most))) => assert_eq!(most, 1000),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_that_says_nothing() {
    let (_keep, hold) = channel::<()>();
    let (endpoint, _) = serve(move |_stream| {
        let _ = hold.recv();
    });
    unknown(&endpoint, "deadline");
}

#[test]
fn a_server_that_drips() {
    let (endpoint, _) = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        let (_keep, pace) = channel::<()>();
        while stream.write_all(b"x").is_ok() {
            let _ = pace.recv_timeout(Duration::from_millis(50));
        }
    });
    unknown(&endpoint, "broke off");
}

#[test]
fn bytes_that_are_no_utf8_do_not_lose_the_reply() {
    let (endpoint, _) = serve(|mut stream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
        stream.write_all(&[head.as_slice(), b"a\xffb"].concat()).unwrap();
    });
    assert_eq!(post(&endpoint).unwrap(), "a\u{fffd}b");
}

#[test]
fn no_error_tells_the_session() {
    let (endpoint, requests) = serve(|stream| stream.shutdown(Shutdown::Both).unwrap());
    let credentials = Credentials { endpoint, session: Session::new("oneadmin:secret".to_owned()) };
    let settings = Patience { deadline: DEADLINE, reads: 1, first_pause: Duration::ZERO };
    let error = Oned::new(Http::default(), credentials, settings).version().unwrap_err();
    assert!(!format!("{error:?} {}", error.chain()).contains("secret"));
    assert!(requests.recv().unwrap().contains("oneadmin:secret"));
}
