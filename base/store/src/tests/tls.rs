//! PostgreSQL over TLS: the server has to show a certificate that a trusted authority signed for its name.

use crate::testing::PrivatePostgres;
use crate::{Store, StoreConfig, StoreError, params};
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

/// Holds 1 where a missing tool is a failure, as in CI.
const TOOLS_REQUIRED: &str = "SIPAR_TEST_TOOLS_REQUIRED";

/// Between our looking for a free port and the server's taking it another process may have it.
const TRIES_MAX: usize = 5;

/// The server refuses a key that others may read, and cannot read one that is root's.
const NOBODY: u32 = 65_534;

#[test]
fn only_a_certified_server_is_talked_to() {
    let tools = ["openssl", "initdb"].iter().all(|tool| Command::new(tool).arg("--version").output().is_ok());
    if !tools {
        let required = std::env::var(TOOLS_REQUIRED).is_ok_and(|value| value == "1");
        assert!(!required, "openssl or initdb is missing");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let root = rustix::process::geteuid().is_root();
    certify(dir.path(), root);
    let (_server, port) = (0..TRIES_MAX).find_map(|_| serve(dir.path())).expect("a server");
    let authority = dir.path().join("authority.pem").display().to_string().replace('/', "%2F");
    let open = |host: &str, query: &str| {
        let store = Store::open(&StoreConfig::postgres(format!("postgres://sipar@{host}:{port}/postgres?{query}")))?;
        let question = "select count(*) from pg_stat_ssl where ssl and pid = pg_backend_pid()";
        store.read_blocking(move |r| r.query_one(question, params![])?.try_get::<bool>(0))
    };
    let trusted = format!("sslmode=verify-full&sslrootcert={authority}");
    assert!(open("localhost", &trusted).expect("certified for localhost"), "not encrypted");
    assert!(!open("localhost", "sslmode=disable").expect("asked for without"), "encrypted");
    let refused = |host: &str, query: &str, part: &str| {
        let error = open(host, query).expect_err("not to be trusted");
        let text = sipar_model::chain(&error);
        assert!(matches!(error, StoreError::Open { .. }) && text.contains(part), "{text}");
    };
    refused("127.0.0.1", &trusted, "certificate not valid for name");
    refused("localhost", "sslmode=require", "certificate");
    refused("localhost", "sslmode=require&sslrootcert=%2Fmissing.pem", "No such file");
}

/// An authority, and a certificate of it for `localhost`.
fn certify(dir: &Path, root: bool) {
    let run = |args: &str| {
        let output = Command::new("openssl").args(args.split(' ')).current_dir(dir).output().expect("openssl runs");
        assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    run(&format!("req -x509 {curve} -keyout authority.key -out authority.pem -subj /CN=authority -days 2"));
    run(&format!("req {curve} -keyout server.key -out server.csr -subj /CN=localhost"));
    fs::write(dir.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").expect("written");
    run(
        "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -out server.pem -days 2 -extfile names",
    );
    fs::set_permissions(dir.join("server.key"), Permissions::from_mode(0o600)).expect("closed to others");
    if root {
        for file in [dir.to_owned(), dir.join("server.key"), dir.join("server.pem")] {
            chown(file, Some(NOBODY), Some(NOBODY)).expect("handed to nobody");
        }
    }
}

fn serve(dir: &Path) -> Option<(PrivatePostgres, u16)> {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).expect("a port").port();
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", dir.join("server.pem").display()),
        format!("ssl_key_file={}", dir.join("server.key").display()),
    ];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    PrivatePostgres::start_with(&settings).ok().map(|server| (server, port))
}
