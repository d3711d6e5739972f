//! Other people's programs that tests need.

use super::required;
use std::{
    net::UdpSocket,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// Where Debian puts servers, which is not on everybody's PATH.
const MORE_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Where a program is.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(MORE_FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether a program is on this machine. Where tests must not be skipped, its absence is a failure.
pub fn has(program: &str) -> bool {
    let found = find(program).is_some();
    assert!(found || !required("SIPAR_TEST_TOOLS_REQUIRED"), "`{program}` is required; Debian has it");
    if !found {
        eprintln!("skipped: `{program}` is not installed");
    }
    found
}

/// A program that runs until it is dropped.
pub struct Running(pub Child);

impl Running {
    /// Starts a program that is there, told nothing and heard by nobody.
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(find(program).unwrap());
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

/// A port of the loopback that is free, as far as anybody can know: for programs that cannot choose one themselves.
pub fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}
