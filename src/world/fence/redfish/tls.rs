//! Whose certificate a controller must have.
//!
//! A controller's own certificate is often self-signed, without its address, and ended years ago. It is
//! believed by its fingerprint, which stands for exactly this certificate; the handshake still proves that
//! the controller has its key. There is no way to believe every certificate. Certificates of X.509 version 1,
//! CBC ciphers and TLS 1.1, which very old controllers have, are not for rustls: such a controller is unknown.

use super::super::agent::read_authorities;
use crate::config::redfish::Trust;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::fmt::Write as _;
use std::sync::Arc;

/// What stands before the fingerprint of a certificate that is another one.
const ANOTHER: &str = "the certificate is another one: its fingerprint is ";

/// What the HTTP client believes.
pub(in crate::world) enum Certificates {
    /// What the authorities of the system have signed, for the address that is asked.
    System,
    /// As `ca_file` or `fingerprint` say.
    Own(Box<ClientConfig>),
}

impl Certificates {
    /// Read what the settings name.
    ///
    /// # Errors
    /// A text that names the file that cannot be used.
    pub(in crate::world) fn read(trust: &Trust) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let config = match trust {
            Trust::System => {
                // Only the first installation counts; the HTTP client needs one for the system's authorities.
                let _ = ring::default_provider().install_default();
                return Ok(Self::System);
            }
            Trust::Authorities(path) => {
                let roots = authorities(&read_authorities(path)?);
                let roots = roots.map_err(|why| format!("the ca_file {}: {why}", path.display()))?;
                builder.with_root_certificates(roots)
            }
            Trust::Fingerprint(expected) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned { expected: *expected, provider })),
        };
        Ok(Self::Own(Box::new(config.with_no_client_auth())))
    }
}

fn authorities(text: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let certificate = certificate.map_err(|_| "a certificate in it cannot be read".to_owned())?;
        roots.add(certificate).map_err(|why| format!("a certificate in it cannot be used: {why}"))?;
    }
    if roots.is_empty() {
        return Err("it has no certificate".to_owned());
    }
    Ok(roots)
}

/// Believes one certificate, whoever signed it, whatever its names, and also when its time is over.
#[derive(Debug)]
struct Pinned {
    expected: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = sha256(end_entity)?;
        if found == self.expected {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::General(format!("{ANOTHER}{}", hex(&found))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The hash of a cipher suite is the one that the crypto provider has anyway.
fn sha256(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13();
    let suite = suite.ok_or_else(|| Error::General("there is no SHA-256".to_owned()))?;
    Ok(suite.common.hash_provider.hash(bytes).as_ref().to_vec())
}

/// The fingerprint in the reason why another one was not believed, and as text.
pub(super) fn shown(why: &str) -> Option<([u8; 32], String)> {
    let text = why.split_once(ANOTHER)?.1.get(..64)?;
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    Some((bytes?.try_into().ok()?, text.to_owned()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
