//! Who wrote a letter, and that nobody has changed it since: a detached signature (RFC 5652 §5, RFC 8551 §3.5.3).

use super::{DATA, EC, P256, P384, RSA, SmimeError, bare, certificate, content, issuer_and_serial, with_null};
use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use cms::{
    cert::CertificateChoices,
    content_info::CmsVersion,
    signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use sipar_model::TimestampMs;
use std::{fmt, time::Duration};
use x509_cert::{
    Certificate,
    attr::{Attribute, AttributeValue},
    der::{
        Any, Decode as _, Encode as _,
        asn1::{ObjectIdentifier, OctetString, SetOfVec, UtcTime},
    },
    spki::AlgorithmIdentifierOwned,
};

/// id-signedData (RFC 5652 §5.1).
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// content-type, message-digest and signing-time (RFC 5652 §11).
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
/// SHA-256 and SHA-384 (RFC 5754 §2).
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
/// sha256WithRSAEncryption, ecdsa-with-SHA256 and ecdsa-with-SHA384 (RFC 5754 §3).
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// The smallest RSA key, in octets of its modulus: what nobody breaks by 2030 (NIST SP 800-57 part 1, table 2).
const RSA_BYTES_MIN: usize = 256;

enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

/// Signs letters with the instance's own key.
pub struct Signer {
    certificate: Certificate,
    key: Key,
}

/// The key is nobody's to see.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(hidden)")
    }
}

impl Signer {
    /// Reads a certificate and its private key, both in PEM.
    ///
    /// # Errors
    /// When they are none, or do not belong together.
    pub fn read(certificate_pem: &[u8], key_pem: &[u8]) -> Result<Self, SmimeError> {
        let (certificate, _) = certificate(certificate_pem)?;
        let der = PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| SmimeError::Key)?;
        let spki = &certificate.tbs_certificate.subject_public_key_info;
        let curve = spki.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        let refused = |_| SmimeError::Key;
        let (key, public) = match (spki.algorithm.oid, curve) {
            (RSA, _) => {
                let pair = match &der {
                    PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
                    PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
                    _ => return Err(SmimeError::Key),
                };
                let pair = pair.map_err(refused)?;
                if pair.public_modulus_len() < RSA_BYTES_MIN {
                    return Err(SmimeError::Key);
                }
                let public = pair.public_key().as_ref().to_vec();
                (Key::Rsa(pair), public)
            }
            (EC, Some(P256)) => {
                let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der.secret_der());
                let pair = pair.map_err(refused)?;
                let public = pair.public_key().as_ref().to_vec();
                (Key::P256(pair), public)
            }
            (EC, Some(P384)) => {
                let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P384_SHA384_ASN1_SIGNING, der.secret_der());
                let pair = pair.map_err(refused)?;
                let public = pair.public_key().as_ref().to_vec();
                (Key::P384(pair), public)
            }
            _ => return Err(SmimeError::Algorithm),
        };
        if spki.subject_public_key.raw_bytes() != public {
            return Err(SmimeError::Mismatch);
        }
        Ok(Self { certificate, key })
    }

    /// What `micalg` says of the digest (RFC 8551 §3.5.3.2).
    #[must_use]
    pub const fn digest_name(&self) -> &'static str {
        match self.key {
            Key::Rsa(_) | Key::P256(_) => "sha-256",
            Key::P384(_) => "sha-384",
        }
    }

    const fn algorithms(&self) -> (&'static digest::Algorithm, ObjectIdentifier) {
        match self.key {
            Key::Rsa(_) | Key::P256(_) => (&digest::SHA256, SHA256),
            Key::P384(_) => (&digest::SHA384, SHA384),
        }
    }

    fn signature_algorithm(&self) -> AlgorithmIdentifierOwned {
        match self.key {
            Key::Rsa(_) => with_null(RSA_SHA256),
            Key::P256(_) => bare(ECDSA_SHA256),
            Key::P384(_) => bare(ECDSA_SHA384),
        }
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SmimeError> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
            Key::P256(pair) | Key::P384(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
        }
    }

    /// A signature of `entity`, a MIME entity as it stands in the letter, with the certificate in it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn sign(&self, entity: &[u8], at: TimestampMs) -> Result<Vec<u8>, SmimeError> {
        let (digest_algorithm, digest_oid) = self.algorithms();
        let hash = OctetString::new(digest::digest(digest_algorithm, entity).as_ref())?;
        let time = Duration::from_millis(u64::try_from(at.0).unwrap_or_default());
        let time = UtcTime::from_unix_duration(Duration::from_secs(time.as_secs()))?;
        let attributes = SetOfVec::try_from(vec![
            attribute(CONTENT_TYPE, &DATA)?,
            attribute(SIGNING_TIME, &time)?,
            attribute(MESSAGE_DIGEST, &hash)?,
        ])?;
        // RFC 5652 §5.4: signed as a SET, whatever tag it has where it stands.
        let signature = self.signature(&attributes.to_der()?)?;
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(issuer_and_serial(&self.certificate)),
            digest_alg: bare(digest_oid),
            signed_attrs: Some(attributes),
            signature_algorithm: self.signature_algorithm(),
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let signed = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![bare(digest_oid)])?,
            encap_content_info: EncapsulatedContentInfo { econtent_type: DATA, econtent: None },
            certificates: Some(CertificateSet(SetOfVec::try_from(vec![CertificateChoices::Certificate(
                self.certificate.clone(),
            )])?)),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
        };
        content(SIGNED_DATA, &signed)
    }
}

fn attribute(oid: ObjectIdentifier, value: &impl x509_cert::der::Encode) -> Result<Attribute, SmimeError> {
    let value: AttributeValue = Any::from_der(&value.to_der()?)?;
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}
