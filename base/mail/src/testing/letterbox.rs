//! A mail server that takes everything, or says what a test tells it to say.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

#[derive(Default)]
struct State {
    /// What a command that begins so is answered; an empty answer is silence, until the client goes.
    answers: Vec<(String, String)>,
    letters: Vec<String>,
    heard: Vec<String>,
    connections: usize,
}

/// A mail server of a thread of its own. It ends with the test's process.
pub struct Letterbox {
    /// Where.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Letterbox {
    /// Starts one that takes everything.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that breaks off is none of its business.
                thread::spawn(move || talk(&stream, &shared).ok());
            }
        });
        Self { address, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on what begins with `command` is answered so (with the line's end); `GREETING`, and `.` for the whole
    /// letter, are commands too. An empty answer is silence.
    pub fn answer(&self, command: &str, answer: &str) {
        self.state().answers.insert(0, (command.to_owned(), answer.to_owned()));
    }

    /// From now on it takes everything again.
    pub fn take_everything(&self) {
        self.state().answers.clear();
    }

    /// The letters that it took, as they came over the wire.
    #[must_use]
    pub fn letters(&self) -> Vec<String> {
        self.state().letters.clone()
    }

    /// Every command so far.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        self.state().heard.clone()
    }

    /// Connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state().connections
    }
}

fn talk(mut stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let told = |line: &str| lock().answers.iter().find(|(begins, _)| line.starts_with(begins)).map(|one| one.1.clone());
    let mut lines = BufReader::new(stream);
    let mut say = |answer: Option<String>, usual: &str| -> std::io::Result<()> {
        stream.write_all(answer.as_deref().unwrap_or(usual).as_bytes())
    };
    lock().connections += 1;
    say(told("GREETING"), "220 letterbox.example\r\n")?;
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        let command = line.trim_end().to_owned();
        line.clear();
        lock().heard.push(command.clone());
        match command.split(' ').next().unwrap_or_default() {
            "EHLO" => say(told(&command), "250-letterbox.example\r\n250 8BITMIME\r\n")?,
            "DATA" => {
                let answer = told(&command);
                let is_refused = answer.is_some();
                say(answer, "354 go on\r\n")?;
                if is_refused {
                    continue;
                }
                let mut letter = String::new();
                while lines.read_line(&mut line)? > 0 && line != ".\r\n" {
                    letter.push_str(line.strip_prefix('.').unwrap_or(&line));
                    line.clear();
                }
                line.clear();
                let answer = told(".");
                if answer.as_ref().is_none_or(|answer| !answer.starts_with(['4', '5'])) {
                    lock().letters.push(letter);
                }
                say(answer, "250 taken\r\n")?;
            }
            "QUIT" => return say(told(&command), "221 bye\r\n"),
            _ => say(told(&command), "250 ok\r\n")?,
        }
    }
    Ok(())
}
