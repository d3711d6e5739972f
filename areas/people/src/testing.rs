//! A passkey in software, for tests: it answers as a browser with its device does (WebAuthn Level 3 §6.3, §7).

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// User present, user verified (WebAuthn Level 3 §6.1).
const PRESENT: u8 = 0b0000_0001;
const VERIFIED: u8 = 0b0000_0100;
const ATTESTED: u8 = 0b0100_0000;

/// A device with one passkey.
pub struct SoftPasskey {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    user: String,
    /// What it has counted. Tests turn it back to be a copy.
    pub counter: u32,
    /// Whether it verifies its owner, as it should.
    pub verifies: bool,
    /// The origin that its browser is on.
    pub origin: String,
}

impl SoftPasskey {
    /// Makes a passkey as `options` ask, on a page of `origin`; gives the browser's answer with it.
    ///
    /// # Panics
    /// When the options are not what they should be.
    #[must_use]
    pub fn create(options: &Value, origin: &str) -> (Self, Value) {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref()).expect("a key");
        let id = Sha256::digest(key.public_key().as_ref()).to_vec();
        let asked = &options["publicKey"];
        assert_eq!(asked["authenticatorSelection"]["residentKey"], "required", "{asked}");
        assert_eq!(asked["authenticatorSelection"]["userVerification"], "required", "{asked}");
        let user = asked["user"]["id"].as_str().expect("a user").to_owned();
        let made = Self { key, id, user, counter: 1, verifies: true, origin: origin.to_owned() };
        let mut data = made.data(asked["rp"]["id"].as_str().expect("an rp id"), ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(made.id.len()).expect("short").to_be_bytes());
        data.extend(&made.id);
        data.extend(made.cose());
        let client = made.client("webauthn.create", asked);
        let response =
            json!({ "clientDataJSON": text(client.as_bytes()), "attestationObject": text(&attestation(&data)) });
        let answer = made.answer(response);
        (made, answer)
    }

    /// Answers as `options` ask.
    ///
    /// # Panics
    /// When the options are not what they should be.
    pub fn get(&mut self, options: &Value) -> Value {
        let asked = &options["publicKey"];
        assert_eq!(asked["userVerification"], "required", "{asked}");
        self.counter += 1;
        let data = self.data(asked["rpId"].as_str().expect("an rp id"), 0);
        let client = self.client("webauthn.get", asked);
        let signed = [data.as_slice(), Sha256::digest(client.as_bytes()).as_slice()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        self.answer(json!({
            "clientDataJSON": text(client.as_bytes()), "authenticatorData": text(&data),
            "signature": text(signature.as_ref()), "userHandle": self.user,
        }))
    }

    fn answer(&self, response: Value) -> Value {
        json!({ "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "response": response,
            "extensions": {} })
    }

    fn data(&self, rp: &str, flags: u8) -> Vec<u8> {
        let flags = flags | PRESENT | if self.verifies { VERIFIED } else { 0 };
        let mut data = Sha256::digest(rp.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client(&self, kind: &str, asked: &Value) -> String {
        json!({ "type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": false })
            .to_string()
    }

    /// The public key in COSE (RFC 9053 §7.1.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
    fn cose(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let mut out = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        out.extend(&point[1..33]);
        out.extend([0x22, 0x58, 0x20]);
        out.extend(&point[33..65]);
        out
    }
}

/// {"fmt": "none", "attStmt": {}, "authData": …} in CBOR (RFC 8949 §3).
fn attestation(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0xa3, 0x63];
    out.extend(b"fmt");
    out.push(0x64);
    out.extend(b"none");
    out.push(0x67);
    out.extend(b"attStmt");
    out.extend([0xa0, 0x68]);
    out.extend(b"authData");
    out.push(0x59);
    out.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(data);
    out
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
