//! Something small from a server that lies and sends elsewhere. Everything stays on 127.0.0.1; the larger half of the
//! tests stands where feeds are fetched.

use super::*;
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

/// Answers so many requests, each by its path.
fn serve(requests: usize, answer: fn(&str) -> String) -> (SocketAddr, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("address");
    let thread = std::thread::spawn(move || {
        for _ in 0..requests {
            let (mut stream, _) = listener.accept().expect("a connection");
            let head = head(&mut stream);
            let _sent = stream.write_all(answer(head.split(' ').nth(1).unwrap_or_default()).as_bytes());
        }
    });
    (address, thread)
}

fn head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|got| got == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Every name leads to one server, and no other address may be connected to.
fn reach(to: SocketAddr) -> Reach {
    struct One(SocketAddr);
    impl Names for One {
        fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            let inside = SocketAddr::from(([10, 0, 0, 1], port));
            Ok(vec![if host == "inside.example" { inside } else { self.0 }])
        }
    }
    Reach { names: Arc::new(One(to)), allows: Arc::new(move |address| address == to), authorities: None }
}

fn limits() -> Limits {
    let long = Duration::from_secs(60);
    Limits { bytes_max: 10, timeouts: Timeouts { resolve: long, connect: long, idle: long, total: long } }
}

#[test]
fn something_small() {
    let (address, server) = serve(9, |path| {
        let to = |place: &str| format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n");
        match path {
            "/ten" => "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789".into(),
            "/eleven" => "HTTP/1.1 200 OK\r\n\r\n01234567890".into(),
            "/short" => "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n012".into(),
            "/own" => to("http://www.bank.example/ten"),
            "/other" => to("http://evil.example/ten"),
            "/inside" => to("http://inside.example/"),
            "/unasked" => "HTTP/1.1 304 Not Modified\r\n\r\n".into(),
            _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into(),
        }
    });
    let follows = |host: &str| host == "inside.example" || host == "bank.example" || host.ends_with(".bank.example");
    let check = |path: &str, expect: Result<&str, &str>| {
        let got = small(&format!("http://bank.example{path}"), &reach(address), &limits(), &follows);
        match (got, expect) {
            (Ok(bytes), Ok(text)) => assert_eq!(bytes, text.as_bytes(), "{path}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{path}: {error}"),
            (got, _) => panic!("{path}: {got:?}"),
        }
    };
    check("/ten", Ok("0123456789"));
    check("/eleven", Err("larger than 10 bytes"));
    check("/short", Err("broke after 3 bytes"));
    check("/own", Ok("0123456789"));
    check("/other", Err("redirects to `http://evil.example/ten`, which is somebody else's"));
    check("/inside", Err("leads to 10.0.0.1, which is no public address"));
    check("/unasked", Err("status 304"));
    check("/gone", Err("status 404"));
    server.join().expect("nine requests");
}

#[test]
fn what_is_told_goes_over_tls_and_to_nobody_inside() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let tell = |url: &str| post(url, &[], b"{}", &reach(nobody), &limits());
    assert!(matches!(tell("http://bank.example/"), Err(PostError::Insecure { .. })));
    assert!(matches!(tell("https://inside.example/"), Err(PostError::Fetch(FetchError::Private { .. }))));
    assert!(matches!(tell("nonsense"), Err(PostError::Fetch(FetchError::Url { .. }))));
}
