//! What only its reader opens: AES-256 in CBC mode, with its key given to the reader's certificate (RFC 5652 §6).
//!
//! To RSA by PKCS #1 v1.5 (RFC 3370 §4.2.1), which every program opens, and to P-256 and P-384 by an ephemeral key
//! (RFC 5753 §3). What is inside is signed where a key is configured: the mode alone keeps nobody from changing it.

use super::{DATA, EC, P256, P384, RSA, SmimeError, bare, certificate, content, issuer_and_serial, with_null};
use aws_lc_rs::{
    agreement::{self, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey},
    cipher::{self, PaddedBlockEncryptingKey, UnboundCipherKey},
    digest,
    key_wrap::{self, AesKek, KeyWrap as _},
    rand,
    rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey},
};
use cms::{
    content_info::CmsVersion,
    enveloped_data::{
        EncryptedContentInfo, EnvelopedData, KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo, KeyTransRecipientInfo,
        OriginatorIdentifierOrKey, OriginatorPublicKey, RecipientEncryptedKey, RecipientIdentifier, RecipientInfo,
        RecipientInfos,
    },
};
use x509_cert::{
    Certificate,
    der::{
        Any, Decode as _, Encode as _,
        asn1::{BitString, ObjectIdentifier, OctetString, SetOfVec},
    },
    spki::AlgorithmIdentifierOwned,
};

/// id-envelopedData (RFC 5652 §6.1).
const ENVELOPED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
/// aes256-CBC and id-aes256-wrap (RFC 3565 §2).
const AES256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const AES256_WRAP: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.45");
/// dhSinglePass-stdDH-sha256kdf-scheme (RFC 5753 §7.1.4).
const ECDH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.1.11.1");

/// Octets of an AES-256 key, and of what wrapping makes of it (RFC 3394 §2.2).
const KEY_BYTES: usize = 32;
const WRAPPED_BYTES: usize = KEY_BYTES + 8;

enum To {
    Rsa(Pkcs1PublicEncryptingKey),
    Ec(&'static agreement::Algorithm, Vec<u8>, AlgorithmIdentifierOwned),
}

/// Encrypts letters to one certificate.
pub struct Envelope {
    certificate: Certificate,
    to: To,
}

impl Envelope {
    /// Reads a certificate in PEM.
    ///
    /// # Errors
    /// When it is none, or its key is none that letters are encrypted to.
    pub fn to(certificate_pem: &[u8]) -> Result<Self, SmimeError> {
        let (certificate, _) = certificate(certificate_pem)?;
        let spki = &certificate.tbs_certificate.subject_public_key_info;
        let curve = spki.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        let point = || spki.subject_public_key.raw_bytes().to_vec();
        let to = match (spki.algorithm.oid, curve) {
            (RSA, _) => {
                let key = PublicEncryptingKey::from_der(&spki.to_der()?).map_err(|_| SmimeError::Algorithm)?;
                To::Rsa(Pkcs1PublicEncryptingKey::new(key)?)
            }
            (EC, Some(P256)) => To::Ec(&ECDH_P256, point(), spki.algorithm.clone()),
            (EC, Some(P384)) => To::Ec(&ECDH_P384, point(), spki.algorithm.clone()),
            _ => return Err(SmimeError::Algorithm),
        };
        Ok(Self { certificate, to })
    }

    /// `entity`, a MIME entity, so that only the reader opens it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn seal(&self, entity: &[u8]) -> Result<Vec<u8>, SmimeError> {
        let mut key = [0; KEY_BYTES];
        rand::fill(&mut key)?;
        let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&cipher::AES_256, &key)?)?;
        let mut sealed = entity.to_vec();
        let context = cipher.encrypt(&mut sealed)?;
        let start: &[u8] = (&context).try_into()?;
        let parameters = Any::from_der(&OctetString::new(start)?.to_der()?)?;
        let (version, recipient) = self.recipient(&key)?;
        let enveloped = EnvelopedData {
            version,
            originator_info: None,
            recip_infos: RecipientInfos(SetOfVec::try_from(vec![recipient])?),
            encrypted_content: EncryptedContentInfo {
                content_type: DATA,
                content_enc_alg: AlgorithmIdentifierOwned { oid: AES256_CBC, parameters: Some(parameters) },
                encrypted_content: Some(OctetString::new(sealed)?),
            },
            unprotected_attrs: None,
        };
        content(ENVELOPED_DATA, &enveloped)
    }

    /// Gives the key to the reader.
    fn recipient(&self, key: &[u8]) -> Result<(CmsVersion, RecipientInfo), SmimeError> {
        let whom = issuer_and_serial(&self.certificate);
        match &self.to {
            To::Rsa(public) => {
                let mut given = vec![0; public.ciphertext_size()];
                let given = public.encrypt(key, &mut given)?;
                let info = KeyTransRecipientInfo {
                    version: CmsVersion::V0,
                    rid: RecipientIdentifier::IssuerAndSerialNumber(whom),
                    key_enc_alg: with_null(RSA),
                    enc_key: OctetString::new(&*given)?,
                };
                Ok((CmsVersion::V0, RecipientInfo::Ktri(info)))
            }
            To::Ec(curve, point, algorithm) => {
                let own = PrivateKey::generate(curve)?;
                let public = own.compute_public_key()?;
                let shared = shared_info()?;
                let peer = UnparsedPublicKey::new(curve, point.as_slice());
                let wrapping = agreement::agree(&own, peer, SmimeError::Crypto, |secret| Ok(derived(secret, &shared)))?;
                let mut given = [0; WRAPPED_BYTES];
                let given = AesKek::new(&key_wrap::AES_256, &wrapping)?.wrap(key, &mut given)?;
                let wrap = Any::from_der(&bare(AES256_WRAP).to_der()?)?;
                let info = KeyAgreeRecipientInfo {
                    version: CmsVersion::V3,
                    originator: OriginatorIdentifierOrKey::OriginatorKey(OriginatorPublicKey {
                        algorithm: algorithm.clone(),
                        public_key: BitString::from_bytes(public.as_ref())?,
                    }),
                    ukm: None,
                    key_enc_alg: AlgorithmIdentifierOwned { oid: ECDH_SHA256, parameters: Some(wrap) },
                    recipient_enc_keys: vec![RecipientEncryptedKey {
                        rid: KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(whom),
                        enc_key: OctetString::new(&*given)?,
                    }],
                };
                Ok((CmsVersion::V2, RecipientInfo::Kari(info)))
            }
        }
    }
}

/// The key that wraps: SHA-256 in the KDF of ANSI X9.63, one block of it (SEC 1 §3.6.1).
fn derived(secret: &[u8], shared: &[u8]) -> [u8; KEY_BYTES] {
    let hash = digest::digest(&digest::SHA256, &[secret, &1_u32.to_be_bytes(), shared].concat());
    let mut key = [0; KEY_BYTES];
    key.copy_from_slice(hash.as_ref());
    key
}

/// ECC-CMS-SharedInfo (RFC 5753 §7.2): the algorithm, and the length of the key in bits, tagged [2].
fn shared_info() -> Result<Vec<u8>, SmimeError> {
    let algorithm = bare(AES256_WRAP).to_der()?;
    let bits = OctetString::new((KEY_BYTES as u32 * 8).to_be_bytes())?.to_der()?;
    let supp = [&[0xa2, u8::try_from(bits.len()).unwrap_or(0)], bits.as_slice()].concat();
    let inner = [algorithm, supp].concat();
    Ok([&[0x30, u8::try_from(inner.len()).unwrap_or(0)], inner.as_slice()].concat())
}
