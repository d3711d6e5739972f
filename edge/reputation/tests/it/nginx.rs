//! Real nginx with the configuration that the guide documents, word by word but for ports and folders.

use crate::{
    common::{block, policy},
    swap::{Connection, Running},
};
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

const PAGE: &str = include_str!("../../../../docs/src/nginx.md");

/// With 1 here, as in CI, a missing nginx fails the test.
const REQUIRED: &str = "SIPAR_TEST_TOOLS_REQUIRED";

/// The page's configuration for these addresses, inside what a process of its own needs.
fn configuration(folder: &Path, listen: SocketAddr, service: SocketAddr) -> String {
    let block = PAGE.split("```nginx\n").nth(1).unwrap().split("```").next().unwrap();
    let mut text = block.to_owned();
    let web = folder.join("www");
    for (from, to) in [
        ("server 127.0.0.1:8081;", format!("server {service};")),
        ("listen 80;", format!("listen {listen};")),
        ("root /srv/www;", format!("root {};", web.display())),
        ("set_real_ip_from 192.0.2.10;", "set_real_ip_from 127.0.0.1;".to_owned()),
    ] {
        assert_eq!(text.matches(from).count(), 1, "the page has `{from}` once");
        text = text.replace(from, &to);
    }
    let place = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {place}/{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {place}/nginx.pid;\nerror_log stderr notice;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n"
    )
}

/// Starts nginx; `None` when the machine has none.
async fn start(folder: &Path, service: SocketAddr) -> Option<(Child, SocketAddr)> {
    std::fs::create_dir(folder.join("www")).unwrap();
    std::fs::write(folder.join("www/index.html"), "hello").unwrap();
    // Another process may take the port between our asking and nginx's taking it: then the next one.
    for _ in 0..5 {
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration(folder, listen, service)).unwrap();
        let started = Command::new("nginx")
            .env("PATH", format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default()))
            .arg("-p")
            .arg(folder)
            .arg("-e")
            .arg("stderr")
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut child) = started else {
            let required = std::env::var(REQUIRED).is_ok_and(|value| value == "1");
            assert!(!required, "{REQUIRED} is set and there is no nginx: apt-get install nginx-light");
            eprintln!("skipped: there is no nginx here; apt-get install nginx-light");
            return None;
        };
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            // It listens before it says which system it runs on.
            if line.contains("OS: ") {
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Some((child, listen));
            }
            said = said + &line + "\n";
        }
        assert!(said.contains("Address already in use"), "{said}");
    }
    panic!("five ports were taken by others");
}

async fn status(nginx: SocketAddr, headers: &str) -> u16 {
    Connection::open(nginx).await.get("/", headers).await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_refuses_listed_clients_as_the_guide_says() {
    let running = Running::start().await;
    let folder = tempfile::tempdir().unwrap();
    let Some((mut child, nginx)) = start(folder.path(), running.address).await else { return };
    let from = |address: &str| format!("X-Forwarded-For: {address}\r\n");
    let listed = from("203.0.113.9");
    let check = async |headers: &str, expect: u16| assert_eq!(status(nginx, headers).await, expect, "{headers}");

    check(&listed, 200).await; // No snapshot yet: the site stays up.
    running.service.swap(policy(1, &[block("203.0.113.9"), block("198.51.100.0/24"), block("2001:db8:7::/48")]));
    check(&listed, 403).await;
    check(&from("198.51.100.77"), 403).await;
    check(&from("2001:db8:7::1"), 403).await;
    check(&from("203.0.113.8"), 200).await;
    check("", 200).await;
    // A client cannot choose what is asked for, nor ask the service itself.
    check(&format!("{listed}X-Sipar-Address: 203.0.113.8\r\n"), 403).await;
    check("X-Sipar-Address: 203.0.113.9\r\n", 200).await;
    assert_eq!(Connection::open(nginx).await.get("/_sipar", "").await.0, 404);
    // On one kept connection, before and after it is unlisted.
    let mut kept = Connection::open(nginx).await;
    assert_eq!(kept.get("/", &listed).await.0, 403);
    running.service.swap(policy(2, &[block("198.51.100.0/24")]));
    assert_eq!(kept.get("/", &listed).await, (200, b"hello".to_vec()));
    check(&from("198.51.100.77"), 403).await;
    assert_eq!(running.service.take_counts().len(), 3, "each decision that was met is counted");
    drop(kept);

    child.kill().await.unwrap();
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_site_does_not_go_down_with_its_reputation_service() {
    // A port where nobody listens.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let Some((mut child, nginx)) = start(folder.path(), silent).await else { return };
    assert_eq!(status(nginx, "X-Forwarded-For: 203.0.113.9\r\n").await, 200);
    child.kill().await.unwrap();
}
