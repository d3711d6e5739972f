//! S/MIME (RFC 8551): letters that are signed, and letters that only their reader opens. The structures are RustCrypto's
//! (RFC 5652); everything with a key is done by aws-lc-rs, as TLS is.

mod envelope;
mod sign;

pub use envelope::Envelope;
pub use sign::Signer;

use cms::{cert::IssuerAndSerialNumber, content_info::ContentInfo};
use x509_cert::{
    Certificate,
    der::{
        Any, Decode as _, Encode, Tag,
        asn1::{Null, ObjectIdentifier},
    },
    spki::AlgorithmIdentifierOwned,
};

/// Octets of a certificate or a key in PEM: some kB, and more with a long chain.
const PEM_BYTES_MAX: usize = 64 << 10;

/// id-data (RFC 5652 §4).
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// rsaEncryption (RFC 8017 §A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-ecPublicKey (RFC 5480 §2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1 and secp384r1 (RFC 5480 §2.1.1.1).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// Why something cannot be signed or encrypted.
#[derive(Debug, thiserror::Error)]
pub enum SmimeError {
    /// No certificate.
    #[error("it is no certificate in PEM (RFC 7468 §5)")]
    Certificate,
    /// No key.
    #[error("it is no private key in PEM without a password, of RSA with 2048 bits or more, or of P-256 or P-384")]
    Key,
    /// They do not belong together.
    #[error("the key is not that of the certificate")]
    Mismatch,
    /// Another algorithm.
    #[error("the certificate's key is none that letters are encrypted to: RSA, P-256 or P-384")]
    Algorithm,
    /// It cannot be written.
    #[error("writing a signed or encrypted letter")]
    Der(#[from] x509_cert::der::Error),
    /// The cryptography refused.
    #[error("the cryptography of a signed or encrypted letter failed")]
    Crypto,
}

impl From<aws_lc_rs::error::Unspecified> for SmimeError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Crypto
    }
}

/// The first certificate of a PEM text.
fn certificate(pem: &[u8]) -> Result<(Certificate, Vec<u8>), SmimeError> {
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};
    let bounded = pem.get(..pem.len().min(PEM_BYTES_MAX)).unwrap_or_default();
    let der = CertificateDer::from_pem_slice(bounded).map_err(|_| SmimeError::Certificate)?;
    let read = Certificate::from_der(&der).map_err(|_| SmimeError::Certificate)?;
    Ok((read, der.to_vec()))
}

fn issuer_and_serial(certificate: &Certificate) -> IssuerAndSerialNumber {
    let tbs = &certificate.tbs_certificate;
    IssuerAndSerialNumber { issuer: tbs.issuer.clone(), serial_number: tbs.serial_number.clone() }
}

/// An algorithm without parameters.
const fn bare(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: None }
}

/// An algorithm whose parameters are NULL.
fn with_null(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: Some(Null.into()) }
}

/// The outermost structure.
fn content(content_type: ObjectIdentifier, inner: &impl Encode) -> Result<Vec<u8>, SmimeError> {
    let content = Any::from_der(&inner.to_der()?)?;
    debug_assert_eq!(x509_cert::der::Tagged::tag(&content), Tag::Sequence);
    Ok(ContentInfo { content_type, content }.to_der()?)
}

#[cfg(test)]
mod tests;
