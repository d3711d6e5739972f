//! A question to a resolver and what comes back, for tests that ask often. The main job is also asked with real `dig`.

use std::{
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

/// Codes of RFC 1035 §4.1.1.
pub const NOERROR: u8 = 0;
pub const NXDOMAIN: u8 = 3;
pub const REFUSED: u8 = 5;

/// A resolver on the same machine that has not answered by then does not answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// The response code that comes back for the address of `name`; `None` when nothing comes.
pub fn ask(resolver: SocketAddr, name: &str) -> Option<u8> {
    // From wherever the resolver is reached, and heard by nobody else.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect(resolver).ok()?;
    socket.set_read_timeout(Some(ANSWER_TIME_MAX)).unwrap();
    // Number 0x5157, recursion desired, one question.
    let mut query = vec![0x51, 0x57, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len()).unwrap());
        query.extend(label.bytes());
    }
    query.extend([0, 0, 1, 0, 1]);
    socket.send(&query).ok()?;
    let mut answer = [0; 1_232];
    let length = socket.recv(&mut answer).ok()?;
    assert!(length >= 12 && answer[..2] == query[..2], "an answer to another question");
    Some(answer[3] & 15)
}
