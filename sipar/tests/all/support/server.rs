//! `sipar serve` and `sipar edge` as children: their addresses, their log, their end.

use super::{Home, WAIT_MAX, until};
use base64::Engine as _;
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

/// An answer over HTTP.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    /// The JSON of an answer that went well.
    pub fn json(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Server {
    /// Starts it, without waiting for anything.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        Self { child, log }
    }

    /// Starts `sipar serve` and waits until it listens.
    pub fn serve(home: &Home) -> Self {
        let server = Self::start(&mut home.command(&["serve"]));
        server.wait_for_line("sign in");
        server
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Waits for a line that holds `words`.
    pub fn wait_for_line(&self, words: &str) -> String {
        until(&format!("`{words}` in: {}", self.log()), || self.line(words))
    }

    fn line(&self, words: &str) -> Option<String> {
        self.log.lock().unwrap().iter().find(|line| line.contains(words)).cloned()
    }

    /// The address that it printed under this heading, if it has come.
    pub fn address_now(&self, heading: &str) -> Option<SocketAddr> {
        let log = self.log.lock().unwrap();
        let mut told = log.iter().filter_map(|line| line.strip_prefix(heading)).filter(|rest| rest.starts_with(' '));
        let first = told.next()?.trim();
        first.strip_prefix("http://").unwrap_or(first).parse().ok()
    }

    /// The address that it printed under this heading.
    pub fn address(&self, heading: &str) -> SocketAddr {
        until(&format!("the address of `{heading}`"), || self.address_now(heading))
    }

    /// Asks the portal with the operator's key.
    pub fn get(&self, home: &Home, path: &str) -> Answer {
        get(self.address("portal"), path, &operator_key(home))
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it as an operator does, and waits until it is gone.
    pub fn stop(mut self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let began = Instant::now();
        while self.is_running() {
            assert!(began.elapsed() < WAIT_MAX, "it did not end: {}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Kills it (`SIGKILL`) and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the server said:\n{}", self.log());
        }
    }
}

/// The key of the command line.
pub fn operator_key(home: &Home) -> String {
    let path = home.data.join("keys").join("operator.key");
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(WAIT_MAX)).proxy(None);
    config.build().into()
}

/// Asks over HTTP; an empty key is not sent.
pub fn get(address: SocketAddr, path: &str, key: &str) -> Answer {
    let mut request = agent().get(format!("http://{address}{path}"));
    if !key.is_empty() {
        request = request.header("x-api-key", key);
    }
    let mut response = request.call().unwrap();
    let status = response.status().as_u16();
    Answer { status, body: response.body_mut().read_to_string().unwrap() }
}

/// Sends a form over HTTP, with a name and a secret as RFC 7617 has them.
pub fn post_form(address: SocketAddr, path: &str, who: (&str, &str), form: &[(&str, &str)]) -> Answer {
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", who.0, who.1));
    let request = agent().post(format!("http://{address}{path}")).header("authorization", format!("Basic {basic}"));
    let mut response = request.send_form(form.iter().copied()).unwrap();
    let status = response.status().as_u16();
    Answer { status, body: response.body_mut().read_to_string().unwrap() }
}

/// Sends JSON over HTTP. `None` when the other side is gone.
pub fn post(address: SocketAddr, path: &str, key: &str, body: &Value) -> Option<Answer> {
    let request = agent().post(format!("http://{address}{path}")).header("x-api-key", key);
    let mut response = request.header("content-type", "application/json").send(body.to_string()).ok()?;
    let status = response.status().as_u16();
    Some(Answer { status, body: response.body_mut().read_to_string().ok()? })
}

/// Sends a form as a browser that is signed in with a key does.
pub fn send_form(portal: SocketAddr, path: &str, key: &str, fields: &[(&str, &str)]) -> Answer {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0).build().into();
    let request = agent.post(format!("http://{portal}{path}")).header("accept", "text/html");
    let mut response = request.header("x-api-key", key).send_form(fields.iter().copied()).unwrap();
    let status = response.status().as_u16();
    Answer { status, body: response.body_mut().read_to_string().unwrap() }
}
