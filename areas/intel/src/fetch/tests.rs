//! Servers that lie, hang, redirect and send bombs; archives good and bad. Everything stays on 127.0.0.1.

use super::*;
use std::{
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// What the server does with one request: its head is given, and the connection to answer on.
type Script = dyn Fn(&str, &mut TcpStream) + Send + Sync;

struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(script: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("address");
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, script): (_, Arc<Script>) = (Arc::clone(&stop), Arc::new(script));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let script = Arc::clone(&script);
                std::thread::spawn(move || {
                    let mut stream = stream.expect("stream");
                    let head = read_head(&mut stream);
                    script(&head, &mut stream);
                });
            }
        });
        Self { address, stop, thread: Some(thread) }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Lets through this server alone; `feed.example` is it.
    fn reach(&self) -> Reach {
        struct Fixed(SocketAddr);
        impl Names for Fixed {
            fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
                match host {
                    "feed.example" => Ok(vec![self.0]),
                    "inside.example" => Ok(vec![SocketAddr::from(([10, 0, 0, 1], port))]),
                    other => Ok(vec![SocketAddr::new(other.parse().map_err(io::Error::other)?, port)]),
                }
            }
        }
        let own = self.address;
        Reach { names: Arc::new(Fixed(own)), allows: Arc::new(move |address| address == own), authorities: None }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|got| got == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).to_lowercase()
}

fn answer(stream: &mut TcpStream, text: &str) {
    let _sent = stream.write_all(text.as_bytes());
}

/// Patience beyond what a busy machine needs, but for servers that hang.
fn limits(idle: Duration) -> Limits {
    let long = Duration::from_secs(60);
    Limits { bytes_max: 100_000, timeouts: Timeouts { resolve: long, connect: long, idle, total: long } }
}

const PATIENT: Duration = Duration::from_secs(60);

fn pull(server: &Server, url: &str, known: &Validators, idle: Duration) -> Result<Vec<(String, Validators)>, String> {
    let folder = tempfile::tempdir().expect("folder");
    let spool = folder.path().join("spool");
    let origin = Origin::parse(url).expect("address");
    fetch(&origin, known, &server.reach(), &limits(idle), &spool, &|_, _| false)
        .map(|fetched| {
            fetched.into_iter().map(|f| (std::fs::read_to_string(&f.path).expect("spool"), f.validators)).collect()
        })
        .map_err(|error| error.to_string())
}

#[test]
fn an_unchanged_feed_is_not_sent_again() {
    let server = Server::start(|head, stream| {
        if head.contains("if-none-match: \"v1\"") && head.contains("if-modified-since: fri") {
            answer(stream, "HTTP/1.1 304 Not Modified\r\n\r\n");
        } else {
            answer(
                stream,
                "HTTP/1.1 200 OK\r\netag: \"v1\"\r\nlast-modified: Fri, 02 Jan 2026 03:00:00 GMT\r\ncontent-length: 3\r\n\r\nabc",
            );
        }
    });
    let first = pull(&server, &server.url("/feed"), &Validators::default(), PATIENT).expect("first");
    let (text, validators) = &first[0];
    assert_eq!(text, "abc");
    assert_eq!(validators.etag.as_deref(), Some("\"v1\""));
    assert_eq!(pull(&server, &server.url("/feed"), validators, PATIENT).expect("second"), []);
}

#[test]
fn faults_of_servers_are_told_apart() {
    let server = Server::start(|head, stream| {
        let path = head.split(' ').nth(1).unwrap_or("").to_owned();
        match path.as_str() {
            "/ok" => answer(stream, "HTTP/1.1 200 OK\r\n\r\nto the end"),
            "/short" => answer(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"),
            "/huge" => {
                answer(stream, "HTTP/1.1 200 OK\r\n\r\n");
                let block = [b'x'; 4096];
                while stream.write_all(&block).is_ok() {}
            }
            "/lying-huge" => {
                answer(stream, "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n");
                let block = [b'x'; 4096];
                while stream.write_all(&block).is_ok() {}
            }
            "/broken-chunk" => answer(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc"),
            "/hang" => {
                // Ends when the client has gone.
                let _gone = stream.read(&mut [0]);
            }
            "/hang-later" => {
                answer(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc");
                let _gone = stream.read(&mut [0]);
            }
            "/gone" => answer(stream, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
            "/nonsense" => answer(stream, "SMTP ready\r\n\r\n"),
            "/hop" => answer(stream, "HTTP/1.1 302 Found\r\nlocation: /ok\r\ncontent-length: 0\r\n\r\n"),
            "/loop" => answer(stream, "HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\n\r\n"),
            "/to-private" => answer(
                stream,
                "HTTP/1.1 301 Moved\r\nlocation: http://169.254.169.254/latest/\r\ncontent-length: 0\r\n\r\n",
            ),
            "/to-inside" => {
                answer(stream, "HTTP/1.1 301 Moved\r\nlocation: http://inside.example/\r\ncontent-length: 0\r\n\r\n")
            }
            "/to-file" => {
                answer(stream, "HTTP/1.1 301 Moved\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n")
            }
            _ => answer(stream, "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"),
        }
    });
    let check_within = |path: &str, idle: Duration, expect: &str| {
        let outcome = match pull(&server, &server.url(path), &Validators::default(), idle) {
            Ok(fetched) => fetched.into_iter().map(|(text, _)| text).collect(),
            Err(error) => error,
        };
        assert!(outcome.contains(expect), "{path}: {outcome}");
    };
    let check = |path: &str, expect: &str| check_within(path, PATIENT, expect);
    check("/ok", "to the end");
    check("/hop", "to the end");
    check("/short", "after 3 bytes");
    check("/huge", "larger than 100000 bytes");
    check("/lying-huge", "larger than 100000 bytes");
    check("/broken-chunk", "broke after 3 bytes");
    check_within("/hang", Duration::from_millis(100), "cannot get an answer");
    check_within("/hang-later", Duration::from_secs(2), "fell silent for 2 s after 3 bytes");
    check("/gone", "status 404");
    check("/nonsense", "cannot get an answer");
    check("/loop", "redirects more than 5 times");
    check("/to-private", "leads to 169.254.169.254, which is no public address");
    check("/to-inside", "leads to 10.0.0.1, which is no public address");
    check("/to-file", "`file:///etc/passwd` is no address of a feed");
    check("/other", "status 500");
}

#[test]
fn private_addresses_are_refused_from_the_start() {
    let server = Server::start(|_, stream| answer(stream, "HTTP/1.1 200 OK\r\n\r\nsecret"));
    let folder = tempfile::tempdir().expect("folder");
    let pull = |url: &str, reach: &Reach| {
        let origin = Origin::parse(url).expect("address");
        fetch(&origin, &Validators::default(), reach, &limits(PATIENT), &folder.path().join("spool"), &|_, _| false)
    };
    let error = pull(&server.url("/"), &Reach::public()).expect_err("loopback");
    assert!(matches!(error, FetchError::Private { address, .. } if address == "127.0.0.1"));
    assert!(pull(&server.url("/"), &Reach::private()).is_ok());
    // Odd notations reach no further than plain ones.
    for url in ["http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.1/", "http://127.1/"]
    {
        assert!(pull(url, &Reach::public()).is_err(), "{url}");
    }
}

#[test]
fn origins_are_told_apart() {
    let check = |text: &str, expect: Option<Origin>| assert_eq!(Origin::parse(text).ok(), expect, "{text}");
    check("https://feed.example/x", Some(Origin::Http("https://feed.example/x".into())));
    check("some/feed.csv", Some(Origin::File("some/feed.csv".into())));
    check("file:///some/feed.csv", Some(Origin::File("/some/feed.csv".into())));
    check("some/folder/", Some(Origin::Folder("some/folder/".into())));
    check("", None);
    check("ftp://feed.example/x", None);
}

#[test]
fn a_folder_gives_each_file_once() {
    let folder = tempfile::tempdir().expect("folder");
    for (name, text) in [("b.csv", "2"), ("a.csv", "1"), (".part", "half")] {
        std::fs::write(folder.path().join(name), text).expect("file");
    }
    std::fs::create_dir(folder.path().join("sub")).expect("folder");
    let mut seen: Vec<(String, String)> = Vec::new();
    let pull = |seen: &[(String, String)]| {
        let known = |name: &str, digest: &str| seen.iter().any(|(n, d)| n == name && d == digest);
        let origin = Origin::Folder(folder.path().into());
        fetch(&origin, &Validators::default(), &Reach::public(), &limits(PATIENT), &folder.path().join("x"), &known)
            .expect("folder")
    };
    for expect in [vec!["a.csv", "b.csv"], vec![]] {
        let found = pull(&seen);
        assert_eq!(found.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), expect);
        seen.extend(found.into_iter().map(|f| (f.name, f.digest)));
    }
    std::fs::write(folder.path().join("a.csv"), "changed").expect("file");
    assert_eq!(pull(&seen).len(), 1);
}

fn unpacked(bytes: &[u8], member: Option<&str>, bytes_max: u64) -> Result<Vec<u8>, String> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("feed");
    std::fs::write(&path, bytes).expect("file");
    let mut out = Vec::new();
    let mut reader = open_unpacked(&path, member, bytes_max).map_err(|error| sipar_model::chain(&error))?;
    reader.read_to_end(&mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}

fn zip_of(members: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut packer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        packer.start_file(*name, options).expect("member");
        packer.write_all(bytes).expect("memory");
    }
    packer.finish().expect("memory").into_inner()
}

#[test]
fn archives_are_told_by_their_first_bytes() {
    let check = |bytes: &[u8], member: Option<&str>, expect: Result<&str, &str>| {
        let found = unpacked(bytes, member, 1_000_000).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        match (&found, expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found, expect),
            (Err(found), Err(expect)) => assert!(found.contains(expect), "{found}"),
            _ => panic!("{found:?}, where {expect:?} was expected"),
        }
    };
    let deflated = zip::CompressionMethod::Deflated;
    check(b"plain", None, Ok("plain"));
    check(b"", None, Ok(""));
    check(&gzip(b"packed"), None, Ok("packed"));
    check(&[gzip(b"one"), gzip(b" two")].concat(), None, Ok("one two"));
    check(&zip_of(&[("a.csv", b"zipped")], deflated), None, Ok("zipped"));
    check(&zip_of(&[("a.csv", b"stored")], zip::CompressionMethod::Stored), None, Ok("stored"));
    check(&zip_of(&[("a", b"1"), ("b", b"2")], deflated), None, Err("2 members (a, b); name the one"));
    check(&zip_of(&[("a", b"1"), ("b", b"2")], deflated), Some("b"), Ok("2"));
    check(&zip_of(&[("a", b"1")], deflated), Some("c"), Err("1 members"));
    check(&zip_of(&[], deflated), None, Err("0 members"));
    check(&gzip(&gzip(b"twice")), None, Err("archive inside an archive"));
    check(&zip_of(&[("a", &gzip(b"twice"))], deflated), None, Err("archive inside an archive"));
    check(&gzip(b"cut in the middle of it all")[..20], None, Err(""));
    check(b"PK\x03\x04 and then nothing", None, Err("cannot be used"));
}

#[test]
fn bombs_do_not_go_off() {
    let bomb = vec![0; 20 << 20];
    for packed in [gzip(&bomb), zip_of(&[("bomb", &bomb)], zip::CompressionMethod::Deflated)] {
        assert!(unpacked(&packed, None, 1 << 30).expect_err("bomb").contains("200 times its size"));
        assert!(unpacked(&packed, None, 500_000).expect_err("bomb").contains("more than 500000 bytes"));
    }
}
