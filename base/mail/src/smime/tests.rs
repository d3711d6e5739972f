//! What is signed verifies, and what is encrypted opens, with OpenSSL's `cms` (Debian's package `openssl`).

use super::*;
use crate::{
    Attachment, Letter, MailConfig, Mailer, Recipient,
    testing::{Letterbox, plain},
};
use rcgen::{CertificateParams, DnType, KeyPair};
use sipar_model::TimestampMs;
use std::{fs, path::Path, process::Command};

const TEXT: &str = "یہ ایک خط ہے۔\n\nThis is a letter.\n.\nFrom a program.\n";

/// Set to 1 where a missing program is a failure.
const REQUIRED: &str = "SIPAR_TEST_TOOLS_REQUIRED";

fn has_openssl() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    let required = std::env::var(REQUIRED).is_ok_and(|value| value == "1");
    assert!(found || !required, "openssl is required; Debian has it: openssl");
    found
}

/// A certificate with its key, written to `NAME.pem` and `NAME.key`.
fn certified(folder: &Path, name: &str, algorithm: &'static rcgen::SignatureAlgorithm) -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate_for(algorithm).unwrap();
    let pair = (params.self_signed(&key).unwrap().pem(), key.serialize_pem());
    fs::write(folder.join(format!("{name}.pem")), &pair.0).unwrap();
    fs::write(folder.join(format!("{name}.key")), &pair.1).unwrap();
    pair
}

const ALGORITHMS: [(&str, &rcgen::SignatureAlgorithm); 3] = [
    ("p256", &rcgen::PKCS_ECDSA_P256_SHA256),
    ("p384", &rcgen::PKCS_ECDSA_P384_SHA384),
    ("rsa", &rcgen::PKCS_RSA_SHA256),
];

/// Runs `openssl cms`; what it wrote, if it was content.
fn openssl(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let ran = Command::new("openssl").arg("cms").args(arguments).current_dir(folder).output().unwrap();
    ran.status.success().then_some(ran.stdout)
}

/// The letter as it goes over the wire from an instance with this key, to that certificate.
async fn sent(folder: &Path, signs: Option<&str>, to: Option<&Envelope>) -> Vec<u8> {
    let letterbox = Letterbox::start();
    let file = |kind: &str| signs.map(|name| folder.join(format!("{name}.{kind}"))).unwrap_or_default();
    let config =
        MailConfig { sign_certificate_file: file("pem"), sign_key_file: file("key"), ..plain(letterbox.address) };
    let mailer = Mailer::open(&config, "Example CERT").unwrap().unwrap();
    let recipient = Recipient::parse("noc@isp.example").unwrap();
    let date = TimestampMs(1_790_000_000_000);
    let letter = Letter { to: &recipient, subject: "x", text: TEXT, languages: "ur, en", id: "test.1", date };
    let csv = Attachment { name: "a.csv", kind: "text/csv; charset=utf-8", bytes: "=1,سپر\r\n".as_bytes() };
    mailer.send_with(&letter, &[csv], to).await.unwrap();
    letterbox.letters().remove(0).into_bytes()
}

#[tokio::test]
async fn what_is_signed_verifies_and_what_was_changed_does_not() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, algorithm) in ALGORITHMS {
        certified(folder.path(), name, algorithm);
        let letter = sent(folder.path(), Some(name), None).await;
        fs::write(folder.path().join("letter"), &letter).unwrap();
        let certificate = format!("{name}.pem");
        let verify = ["-verify", "-in", "letter", "-inform", "SMIME", "-CAfile", &certificate];
        let inner = openssl(folder.path(), &verify).unwrap_or_else(|| panic!("{name} does not verify"));
        let inner = String::from_utf8(inner).unwrap();
        assert!(inner.contains("multipart/mixed") && inner.contains("text/csv"), "{inner}");
        // Without anything that reads S/MIME the letter reads as before.
        let text = String::from_utf8(letter).unwrap();
        assert!(text.contains("multipart/signed") && text.contains("Auto-Submitted: auto-generated"), "{text}");
        let changed = text.replacen("PTEs", "PTIs", 1);
        assert_ne!(changed, text);
        fs::write(folder.path().join("letter"), changed).unwrap();
        assert_eq!(openssl(folder.path(), &verify), None, "{name}: a changed letter verifies");
    }
    // Another certificate's key signs nothing in its name.
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(matches!(Signer::read(&read("p256.pem"), &read("p384.key")), Err(SmimeError::Key)));
    let (_, other) = certified(folder.path(), "other", &rcgen::PKCS_ECDSA_P256_SHA256);
    assert!(matches!(Signer::read(&read("p256.pem"), other.as_bytes()), Err(SmimeError::Mismatch)));
    assert!(matches!(Signer::read(b"nonsense", other.as_bytes()), Err(SmimeError::Certificate)));
    assert!(matches!(Signer::read(&read("p256.pem"), &read("p256.pem")), Err(SmimeError::Key)));
}

#[tokio::test]
async fn what_is_encrypted_opens_for_its_reader_alone() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certified(folder.path(), "own", &rcgen::PKCS_ECDSA_P256_SHA256);
    for (name, algorithm) in ALGORITHMS {
        let (certificate, _) = certified(folder.path(), name, algorithm);
        certified(folder.path(), "stranger", algorithm);
        let envelope = Envelope::to(certificate.as_bytes()).unwrap();
        let letter = sent(folder.path(), Some("own"), Some(&envelope)).await;
        let text = String::from_utf8(letter.clone()).unwrap();
        assert!(text.contains("smime-type=enveloped-data") && !text.contains("PTEs") && !text.contains("letter."));
        fs::write(folder.path().join("letter"), &letter).unwrap();
        let open = |who: &str| {
            let (recip, key) = (format!("{who}.pem"), format!("{who}.key"));
            let decrypt = ["-decrypt", "-in", "letter", "-inform", "SMIME", "-recip", &recip, "-inkey", &key];
            openssl(folder.path(), &decrypt)
        };
        let inner = open(name).unwrap_or_else(|| panic!("{name} does not open"));
        // Inside it is signed by the instance.
        fs::write(folder.path().join("inner"), &inner).unwrap();
        let verify = ["-verify", "-in", "inner", "-inform", "SMIME", "-CAfile", "own.pem"];
        let inner = openssl(folder.path(), &verify).unwrap_or_else(|| panic!("{name}: what is inside does not verify"));
        assert!(String::from_utf8(inner).unwrap().contains("PTEs2LPZvtixDQo="), "{name}");
        assert_eq!(open("stranger"), None, "{name}: a stranger opens it");
        // Each time another key.
        assert_ne!(sent(folder.path(), Some("own"), Some(&envelope)).await, letter);
    }
}

#[test]
fn keys_that_nobody_encrypts_to_are_refused() {
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let pem = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
    assert!(matches!(Envelope::to(pem.as_bytes()), Err(SmimeError::Algorithm)));
    assert!(matches!(Envelope::to(b"-----BEGIN CERTIFICATE-----\n"), Err(SmimeError::Certificate)));
}
