//! The other door: the same cloud on a loopback port, for real executables and foreign clients.
//!
//! It answers HTTP as oned's Abyss server does, recorded in `http-response-with-headers.txt`: one request a
//! connection, faults with status 200, other errors as HTML. Deliberately absent: TLS, keep-alive, chunks.

use super::cloud::Cloud;
use super::physics::Power;
use crate::model::HostId;
use crate::wire::xml::Limits;
use crate::wire::xmlrpc::{Call, Reply, Value};
use jiff::{Timestamp, tz::TimeZone};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longest request line and headers together.
const HEADER_BYTES: u64 = 64 << 10;
/// Longest body; a hook's update of a document is a few KiB.
const BODY_BYTES: u64 = 16 << 20;
/// oned's `TIMEOUT`: how long a client may be silent inside a request.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(15);

/// What drives the cloud's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Real time, looked at with each call.
    Live,
    /// This much with each call.
    Jumping(Duration),
}

/// A front-end that listens on 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

/// What every connection of a server needs.
struct Door {
    cloud: Arc<Mutex<Cloud>>,
    server: usize,
    clock: Clock,
    started: Instant,
    begun: Duration,
}

impl Server {
    /// Listen as front-end number `server` of the cloud, and make the zone know this address.
    /// Port 0 takes any free one. A front-end that is down closes every connection at once.
    ///
    /// # Errors
    /// As the system says if the port cannot be had.
    pub fn start(cloud: Arc<Mutex<Cloud>>, server: usize, port: u16, clock: Clock) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let begun = {
            let mut cloud = cloud.lock().unwrap_or_else(PoisonError::into_inner);
            cloud.set_endpoint(server, &format!("http://{address}/RPC2"));
            cloud.now()
        };
        #[expect(clippy::disallowed_methods, reason = "the live clock of the simulated front-end")]
        let started = Instant::now();
        let door = Arc::new(Door { cloud, server, clock, started, begun });
        let stop = Arc::clone(&stopped);
        thread::Builder::new().name("sim-oned".to_owned()).spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let (Ok(stream), door) = (stream, Arc::clone(&door)) else {
                    continue;
                };
                // A client that goes away early is its own affair.
                thread::spawn(move || drop(door.serve(&stream)));
            }
        })?;
        Ok(Server { address, stopped })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:40123/RPC2`
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}/RPC2", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the listener, which then sees that it is to stop.
        drop(TcpStream::connect(self.address));
    }
}

/// `sim.power` with a host's number and `off` or `status`: the machine's own controller, so that fence programs
/// of real executables have something to switch. It is no method of oned, and asks for no session.
fn machine(cloud: &mut Cloud, call: &Call) -> Option<Reply> {
    let (method, params) = (call.method.as_str(), call.params.as_slice());
    let ("sim.power", [Value::Int(host), Value::Text(verb)]) = (method, params) else { return None };
    let host = HostId(u32::try_from(*host).ok()?);
    if verb == "off" {
        cloud.power_off(host);
    }
    let power = match cloud.power(host) {
        Power::On => "on",
        Power::Off => "off",
    };
    Some(Reply::Value(Value::Text(power.to_owned())))
}

/// What a request asks for.
enum Request {
    Call(String),
    Bad { status: &'static str, why: &'static str },
}

impl Door {
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(CLIENT_TIMEOUT))?;
        stream.set_write_timeout(Some(CLIENT_TIMEOUT))?;
        if !self.cloud().is_up(self.server) {
            return Ok(());
        }
        let (status, kind, body) = match read(stream)? {
            Request::Call(body) => ("200 OK", "text/xml; charset=utf-8", self.answer(&body)),
            Request::Bad { status, why } => (status, "text/html", html(status, why)),
        };
        let date = self.date();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-type: {kind}\r\nContent-length: {}\r\nConnection: close\r\nDate: {date}\r\n\
             Server: Xmlrpc-c_Abyss/1.33.14\r\n\r\n",
            body.len()
        );
        let mut out = stream;
        out.write_all(head.as_bytes())?;
        out.write_all(body.as_bytes())?;
        out.flush()
    }

    fn answer(&self, body: &str) -> String {
        let call = match Call::read(body, Limits::HOOK) {
            Ok(call) => call,
            Err(error) => {
                let text = format!("Call XML not a proper XML-RPC call.  {error}");
                return Reply::Fault { code: -503, text }.write();
            }
        };
        let mut cloud = self.cloud();
        match self.clock {
            Clock::Live => cloud.advance_to(self.begun.saturating_add(self.started.elapsed())),
            Clock::Jumping(step) => cloud.advance(step),
        }
        machine(&mut cloud, &call).unwrap_or_else(|| cloud.call(self.server, &call)).write()
    }

    fn date(&self) -> String {
        let now = Timestamp::from_second(self.cloud().epoch()).unwrap_or_default();
        now.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S UTC").to_string()
    }

    fn cloud(&self) -> std::sync::MutexGuard<'_, Cloud> {
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(stream: &TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = reader.by_ref().take(HEADER_BYTES);
    let (mut first, mut length, mut chunked, mut waits) = (String::new(), None, false, false);
    head.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        head.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse::<u64>().ok(),
            "transfer-encoding" => chunked = true,
            "expect" => waits = true,
            _ => {}
        }
    }
    let bad = |status, why| Ok(Request::Bad { status, why });
    let mut words = first.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if path != "/RPC2" {
        return bad("404 Not Found", "The requested URL was not found on this server.");
    }
    if method != "POST" {
        return bad("405 Method Not Allowed", "The request method is not allowed for this URL.");
    }
    let Some(length) = length.filter(|_| !chunked) else {
        return bad("411 Length Required", "The request has no content-length.");
    };
    if length > BODY_BYTES {
        return bad("413 Request Entity Too Large", "The request is too long.");
    }
    if waits {
        let mut out = stream;
        out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    Ok(Request::Call(body))
}

fn html(status: &str, why: &str) -> String {
    format!(
        "<HTML><HEAD><TITLE>Error {status}</TITLE></HEAD><BODY><H1>Error {status}</H1><P>{why}</P></BODY></HTML>"
    )
}
