//! New certificates, bad ones, and what is said of them.

use super::*;
use std::fs;

/// A certificate and its key as PEM.
fn pair(year: i32) -> (String, String) {
    let mut params = rcgen::CertificateParams::new(vec!["dns.example.pk".into()]).expect("a name");
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    let key = rcgen::KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("signed").pem(), key.serialize_pem())
}

struct Files {
    _folder: tempfile::TempDir,
    config: EncryptedConfig,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = EncryptedConfig {
            certificate: folder.path().join("cert.pem"),
            key: folder.path().join("key.pem"),
            ..EncryptedConfig::default()
        };
        Self { _folder: folder, config }
    }

    /// Replaces both as tools do: a new file is renamed into place.
    fn put(&self, certificate: &str, key: &str) {
        for (path, text) in [(&self.config.certificate, certificate), (&self.config.key, key)] {
            let fresh = path.with_extension("new");
            fs::write(&fresh, text).expect("written");
            fs::rename(&fresh, path).expect("renamed");
        }
    }
}

/// 1 January of a year, in seconds since 1970.
fn year_s(year: i16) -> Option<i64> {
    let day = jiff::civil::date(year, 1, 1).to_zoned(TimeZone::UTC).expect("a day");
    Some(day.timestamp().as_second())
}
use jiff::tz::TimeZone;

#[test]
fn a_new_certificate_takes_over_and_a_bad_one_does_not() {
    let files = Files::new();
    let (first, second, third) = (pair(2030), pair(2031), pair(2032));
    files.put(&first.0, &first.1);
    let certificates = Certificates::open(&files.config).expect("opened");
    assert_eq!(certificates.current().ends_s, year_s(2030));
    assert!(!certificates.look(), "nothing has changed");

    files.put(&second.0, &second.1);
    assert!(certificates.look());
    assert_eq!((certificates.current().ends_s, certificates.is_refused()), (year_s(2031), false));

    for (certificate, key) in [(&third.0, &second.1), (&"rubbish".to_owned(), &third.1), (&third.0, &String::new())] {
        files.put(certificate, key);
        assert!(!certificates.look());
        assert_eq!((certificates.current().ends_s, certificates.is_refused()), (year_s(2031), true));
        assert!(!certificates.look(), "it is said once");
    }
    fs::remove_file(&files.config.key).expect("removed");
    assert!(!certificates.look());
    files.put(&third.0, &third.1);
    assert!(certificates.look());
    assert_eq!((certificates.current().ends_s, certificates.is_refused()), (year_s(2032), false));
}

#[test]
fn what_is_wrong_is_told() {
    let files = Files::new();
    let (one, other) = (pair(2030), pair(2030));
    let check = |certificate: &str, key: &str, expect: &str| {
        files.put(certificate, key);
        let error = Certificates::open(&files.config).err().expect("refused").to_string();
        assert!(error.contains(expect), "{error}");
    };
    check("", &one.1, "cert.pem` holds no certificate that can be read as PEM");
    check(&one.1, &one.1, "cert.pem` holds no certificate that can be read as PEM");
    check(&one.0, &one.0, "key.pem` holds no private key that can be read as PEM");
    check(&one.0, &other.1, "cannot be used together");
    check(&"#".repeat(2 << 20), &one.1, "longer than 1 MiB");
    fs::remove_file(&files.config.certificate).expect("removed");
    let error = Certificates::open(&files.config).err().expect("refused").to_string();
    assert!(error.starts_with("cannot read `") && error.ends_with("cert.pem`"), "{error}");
}

#[test]
fn the_watch_notices_and_ends() {
    let files = Files::new();
    let (first, second) = (pair(2030), pair(2031));
    files.put(&first.0, &first.1);
    let certificates = Certificates::open(&files.config).expect("opened");
    let watch = certificates.watch().expect("started");
    files.put(&second.0, &second.1);
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while certificates.current().ends_s != year_s(2031) {
        assert!(std::time::Instant::now() < until, "not noticed");
        std::thread::yield_now();
    }
    certificates.stop();
    watch.join().expect("ended");
}
