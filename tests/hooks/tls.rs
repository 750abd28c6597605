//! oned behind TLS: only a certificate that the system's authorities, or those in `SSL_CERT_FILE`, have signed
//! for this very address is spoken to.

use super::bench::{Bench, DEAD_NODE0, HOST_ERROR, err, out};
use onerescue::model::{HostId, VmId};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A certificate for an address, and the authority that signed it: `ca.pem`, `ca.key`, `cert.pem`, `cert.key`.
fn certify(folder: &Path, address: &str) {
    let request = |name: &str, more: &[&str]| {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args(["-days", "2", "-subj", &format!("/CN={name}")])
            .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
            .args(more)
            .current_dir(folder)
            .stderr(Stdio::null())
            .status();
        assert!(made.is_ok_and(|status| status.success()), "openssl is needed, for {name}");
    };
    request("ca", &[]);
    let names = format!("subjectAltName=IP:{address}");
    let leaf = "basicConstraints=critical,CA:FALSE";
    request("cert", &["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", leaf, "-addext", &names]);
}

/// What stands before the plain door of a cloud.
struct Door {
    endpoint: String,
    /// Requests that came through, decrypted.
    requests: Arc<AtomicUsize>,
}

impl Door {
    fn open(folder: &Path, cloud: &str) -> Door {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let chain = vec![CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(folder.join("cert.key")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let (config, requests) = (Arc::new(config), Arc::new(AtomicUsize::new(0)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("https://{}/RPC2", listener.local_addr().unwrap());
        let (cloud, count) = (cloud.to_owned(), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                // A client that does not trust us goes away in the middle.
                let _ = pass_on(StreamOwned::new(connection, stream), &cloud, &count);
            }
        });
        Door { endpoint, requests }
    }
}

fn pass_on(
    mut client: StreamOwned<ServerConnection, TcpStream>,
    cloud: &str,
    count: &AtomicUsize,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&request).contains("</methodCall>") {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    count.fetch_add(1, Ordering::Relaxed);
    let mut behind = TcpStream::connect(cloud)?;
    behind.write_all(&request)?;
    let mut reply = Vec::new();
    behind.read_to_end(&mut reply)?;
    client.write_all(&reply)?;
    client.conn.send_close_notify();
    client.flush()
}

/// Recover node0 through a door with a certificate for `address`.
fn recover(address: &str, trusted: Option<&str>) -> (Bench, Door, Output) {
    let bench = Bench::with_settings(DEAD_NODE0, "[oned]\nreads = 1\n");
    let folder = bench.folder.path();
    certify(folder, address);
    let door = Door::open(folder, &bench.address());
    let authorities = trusted.map(|file| format!("SSL_CERT_FILE={}", folder.join(file).display()));
    let mut command: Vec<&str> = authorities.iter().map(String::as_str).collect();
    command.extend([HOST_ERROR, "--host", "node0", "-m", "-p", "0"]);
    let output = bench.start_at(&door.endpoint, "/usr/bin/env", &command, "").wait_with_output().unwrap();
    (bench, door, output)
}

fn refused(bench: &Bench, door: &Door, output: &Output, why: &str) {
    assert_eq!(output.status.code(), Some(5), "{}", err(output));
    assert!(err(output).contains("not sent: ") && err(output).contains(why), "{}", err(output));
    assert_eq!(door.requests.load(Ordering::Relaxed), 0);
    assert_eq!(bench.cloud.lock().unwrap().vm_host(VmId(0)), Some(HostId(0)));
}

#[test]
fn a_certificate_that_nobody_here_trusts_is_refused_before_anything_is_sent() {
    let (bench, door, output) = recover("127.0.0.1", None);
    refused(&bench, &door, &output, "invalid peer certificate: UnknownIssuer");
}

#[test]
fn a_certificate_for_another_address_is_refused_before_anything_is_sent() {
    let (bench, door, output) = recover("127.0.0.2", Some("ca.pem"));
    refused(&bench, &door, &output, "certificate not valid for name");
}

#[test]
fn an_authority_in_ssl_cert_file_is_trusted() {
    let (bench, door, output) = recover("127.0.0.1", Some("ca.pem"));
    // The locked VM is held.
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(out(&output).contains("3 VMs: 2 recovered, 1 held"), "{}", out(&output));
    assert!(door.requests.load(Ordering::Relaxed) > 5);
    assert_ne!(bench.cloud.lock().unwrap().vm_host(VmId(0)), Some(HostId(0)));
}
