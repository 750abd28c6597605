//! Certificates of controllers, made by openssl.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// `NAME.pem` and `NAME.key` in `folder`, self-signed or as `more` says.
fn request(folder: &Path, name: &str, more: &[&str]) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-subj", &format!("/CN={name}")])
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
        .args(more)
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    assert!(made.is_ok_and(|status| status.success()), "openssl is needed, for {name}");
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let run = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

/// An authority: `NAME.pem`.
pub(crate) fn authority(folder: &Path, name: &str) {
    request(folder, name, &["-days", "2"]);
}

/// The certificate `bmc.pem` for `address`, signed by the authority `ca.pem`.
pub(crate) fn signed(folder: &Path, address: &str) {
    let names = format!("subjectAltName=IP:{address}");
    let leaf = "basicConstraints=critical,CA:FALSE";
    let by = ["-CA", "ca.pem", "-CAkey", "ca.key"];
    request(folder, "bmc", &[&by[..], &["-days", "2", "-addext", leaf, "-addext", &names]].concat());
}

/// The same, but its time was over in 2021.
pub(crate) fn signed_and_over(folder: &Path, address: &str) {
    signed(folder, address);
    let settings = format!(
        "[ca]\ndefault_ca = ca\ncertificate = ca.pem\nprivate_key = ca.key\ndatabase = index\n\
         rand_serial = yes\nnew_certs_dir = .\ndefault_md = sha256\npolicy = policy\nx509_extensions = leaf\n\
         [policy]\ncommonName = supplied\n[leaf]\nsubjectAltName = IP:{address}\n"
    );
    fs::write(folder.join("ca.conf"), settings).unwrap();
    fs::write(folder.join("index"), "").unwrap();
    openssl(folder, &["req", "-new", "-key", "bmc.key", "-subj", "/CN=bmc", "-out", "bmc.csr"]);
    let dates = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"];
    openssl(
        folder,
        &[&["ca", "-batch", "-config", "ca.conf", "-in", "bmc.csr", "-out", "bmc.pem"], &dates[..]].concat(),
    );
}

/// The certificate `bmc.pem` as controllers have it from the factory: self-signed, without an address.
pub(crate) fn from_the_factory(folder: &Path) {
    request(folder, "bmc", &["-days", "2", "-addext", "basicConstraints=critical,CA:FALSE"]);
}

/// The SHA-256 of `bmc.pem`, as openssl prints it.
pub(crate) fn fingerprint(folder: &Path) -> String {
    let made = Command::new("openssl")
        .args(["x509", "-in", "bmc.pem", "-noout", "-fingerprint", "-sha256"])
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8(made.stdout).unwrap();
    text.trim().rsplit_once('=').unwrap().1.to_owned()
}
