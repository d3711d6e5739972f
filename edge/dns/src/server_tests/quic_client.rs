//! A client of DNS over QUIC, as good or as bad as a test wants it.

use super::*;
use bytes::{Bytes, BytesMut};
use quinn_proto::crypto::rustls::QuicClientConfig;
use quinn_proto::{
    ClientConfig, Connection, ConnectionHandle, DatagramEvent, Dir, Endpoint, EndpointConfig, Event, StreamId,
};
use rustls::pki_types::CertificateDer;
use std::time::Instant;

/// One connection to a server.
pub struct QuicClient {
    socket: UdpSocket,
    server: SocketAddr,
    endpoint: Endpoint,
    handle: ConnectionHandle,
    connection: Connection,
    /// Why it ended, if it has.
    pub lost: Option<String>,
}

impl QuicClient {
    /// Begins a connection; it speaks this protocol and trusts this certificate.
    pub fn new(server: SocketAddr, certificate: &CertificateDer<'static>, protocol: &[u8]) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![protocol.to_vec()];
        let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).expect("QUIC")));
        let mut endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), None, false, None);
        let (handle, connection) =
            endpoint.connect(Instant::now(), config, server, "dns.example.pk").expect("a connection");
        let socket = client(server);
        socket.set_read_timeout(Some(Duration::from_millis(5))).expect("set");
        Self { socket, server, endpoint, handle, connection, lost: None }
    }

    /// Sends and receives until `done` says so, or the connection is lost.
    fn run<T>(&mut self, mut done: impl FnMut(&mut Connection) -> Option<T>) -> Option<T> {
        let until = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < until, "nothing happens");
            let mut out = Vec::new();
            while let Some(transmit) = self.connection.poll_transmit(Instant::now(), 1, &mut out) {
                let _ = self.socket.send(&out[..transmit.size]);
                out.clear();
            }
            let mut buf = [0; 2048];
            if let Ok(length) = self.socket.recv(&mut buf) {
                let data = BytesMut::from(&buf[..length]);
                let event = self.endpoint.handle(Instant::now(), self.server, None, None, data, &mut out);
                if let Some(DatagramEvent::ConnectionEvent(_, event)) = event {
                    self.connection.handle_event(event);
                }
            }
            if self.connection.poll_timeout().is_some_and(|due| due <= Instant::now()) {
                self.connection.handle_timeout(Instant::now());
            }
            while let Some(event) = self.connection.poll_endpoint_events() {
                if let Some(event) = self.endpoint.handle_event(self.handle, event) {
                    self.connection.handle_event(event);
                }
            }
            while let Some(event) = self.connection.poll() {
                if let Event::ConnectionLost { reason } = event {
                    self.lost = Some(format!("{reason:?}"));
                    return None;
                }
            }
            if let Some(result) = done(&mut self.connection) {
                return Some(result);
            }
        }
    }

    /// Opens a stream and sends these bytes on it; `finish` says that they are all.
    pub fn send(&mut self, bytes: &[u8], finish: bool) -> Option<StreamId> {
        let id = self.run(|connection| connection.streams().open(Dir::Bi))?;
        assert_eq!(self.connection.send_stream(id).write(bytes).expect("room"), bytes.len());
        if finish {
            self.connection.send_stream(id).finish().expect("open");
        }
        Some(id)
    }

    /// What comes on a stream until its end.
    pub fn receive(&mut self, id: StreamId) -> Option<Vec<u8>> {
        let mut got = Vec::new();
        self.run(|connection| {
            let mut stream = connection.recv_stream(id);
            let mut chunks = stream.read(true).ok()?;
            let end = loop {
                match chunks.next(usize::MAX) {
                    Ok(Some(chunk)) => got.extend_from_slice(&chunk.bytes),
                    Ok(None) => break Some(()),
                    Err(_) => break None,
                }
            };
            let _ = chunks.finalize();
            end
        })?;
        Some(got)
    }

    /// Goes on until the connection is lost; says why.
    pub fn end(&mut self) -> String {
        if self.lost.is_none() {
            self.run(|_| None::<()>);
        }
        self.lost.clone().unwrap_or_default()
    }

    /// Says goodbye.
    pub fn close(mut self) {
        self.connection.close(Instant::now(), 0u32.into(), Bytes::new());
        let mut out = Vec::new();
        while let Some(transmit) = self.connection.poll_transmit(Instant::now(), 1, &mut out) {
            let _ = self.socket.send(&out[..transmit.size]);
            out.clear();
        }
    }
}
