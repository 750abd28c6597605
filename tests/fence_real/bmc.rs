//! A Redfish controller over TLS that answers whatever a test wants, and remembers what it was asked.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the system of the controller says of itself.
pub(crate) const UUID: &str = "4c4c4544-0037-4210-8054-b7c04f383432";
pub(crate) const SERIAL: &str = "CZ1234567";

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `GET /redfish/v1/Systems/1`
    pub(crate) line: String,
    /// In lower case, but for what the sender chose.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// One answer.
pub(crate) enum Answer {
    /// A status and a document.
    Json(u16, String),
    /// The same with more lines of header, each with its line break.
    With(u16, String, String),
    /// Nothing, for ever.
    Mute,
    /// The head, and then a byte now and then.
    Drip,
    /// A body that does not end.
    Flood,
    /// Half of the body that was announced.
    Cut,
}

type Answerer = dyn Fn(&Request, usize) -> Answer + Send + Sync;

/// The controller. It ends when it is dropped.
pub(crate) struct Bmc {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
}

impl Bmc {
    /// With the certificate `bmc.pem` of `folder`. `answer` gets the request and how many came before it.
    pub(crate) fn start(
        folder: &Path,
        answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_at("127.0.0.1:0", folder, answer)
    }

    /// The same at this address.
    pub(crate) fn start_at(
        at: &str,
        folder: &Path,
        answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let chain = vec![CertificateDer::from_pem_file(folder.join("bmc.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(folder.join("bmc.key")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let listener = TcpListener::bind(at).unwrap();
        let address = listener.local_addr().unwrap();
        let (config, answer) = (Arc::new(config), Arc::new(answer));
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let over: Arc<AtomicBool> = Arc::default();
        let (remember, end) = (Arc::clone(&seen), Arc::clone(&over));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let (config, answer) = (Arc::clone(&config), Arc::clone(&answer));
                let (remember, end) = (Arc::clone(&remember), Arc::clone(&end));
                thread::spawn(move || {
                    let connection = ServerConnection::new(config).unwrap();
                    let client = StreamOwned::new(connection, stream);
                    // A client that does not trust us, or has no patience, goes away in the middle.
                    let _ = serve(client, &*answer, &remember, &end);
                });
            }
        });
        Self { address, seen, over }
    }

    /// What it was asked.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// Its lines, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|request| request.line).collect()
    }

    /// How often it was told to switch off.
    pub(crate) fn orders(&self) -> usize {
        let orders = self.seen().into_iter().filter(|request| request.line.starts_with("POST /r"));
        orders.inspect(|order| assert_eq!(order.body, "{\"ResetType\":\"ForceOff\"}")).count()
    }
}

impl Drop for Bmc {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

type Client = StreamOwned<ServerConnection, TcpStream>;

fn serve(
    mut client: Client,
    answer: &Answerer,
    remember: &Mutex<Vec<Request>>,
    over: &AtomicBool,
) -> std::io::Result<()> {
    let Some(request) = read(&mut client)? else {
        return Ok(());
    };
    let before = {
        let mut seen = remember.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    let wait = || {
        thread::sleep(Duration::from_millis(50));
        !over.load(Ordering::Relaxed)
    };
    match answer(&request, before) {
        Answer::Json(status, body) => say(&mut client, status, "", body.len(), &body)?,
        Answer::With(status, headers, body) => say(&mut client, status, &headers, body.len(), &body)?,
        Answer::Cut => say(&mut client, 200, "", 1000, &system("\"Off\""))?,
        Answer::Mute => while wait() {},
        Answer::Drip => {
            say(&mut client, 200, "", 1_000_000, "")?;
            while wait() {
                client.write_all(b" ")?;
                client.flush()?;
            }
        }
        Answer::Flood => {
            say(&mut client, 200, "", 1_000_000_000, &system("\"Off\""))?;
            while !over.load(Ordering::Relaxed) {
                client.write_all(&[b' '; 8192])?;
            }
        }
    }
    client.conn.send_close_notify();
    client.flush()
}

fn read(client: &mut Client) -> std::io::Result<Option<Request>> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let line = lines.next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
            let headers: Vec<_> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(key, value)| (key.to_lowercase(), value.to_owned()))
                .collect();
            let request = Request { line, headers, body: body.to_owned() };
            let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
            if request.body.len() >= length {
                return Ok(Some(request));
            }
        }
        match client.read(&mut buffer)? {
            0 => return Ok(None),
            read => text.push_str(std::str::from_utf8(&buffer[..read]).unwrap()),
        }
    }
}

fn say(client: &mut Client, status: u16, headers: &str, length: usize, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status} Said\r\n{headers}Content-Length: {length}\r\n\r\n");
    client.write_all(head.as_bytes())?;
    client.write_all(body.as_bytes())?;
    client.flush()
}

/// The document of the system; `power` is JSON.
pub(crate) fn system(power: &str) -> String {
    system_with(power, r#""target":"/r""#)
}

/// The same with another action.
pub(crate) fn system_with(power: &str, reset: &str) -> String {
    format!(
        r##"{{"UUID":"{UUID}","SerialNumber":"{SERIAL}","PowerState":{power},"Actions":{{"#ComputerSystem.Reset":{{{reset}}}}}}}"##
    )
}
