//! A client of DNS over HTTPS: POST over HTTP/2, many streams on connections that stay (RFC 8484 §4.1).

use super::certificate::NAME;
use super::load::{LoadOptions, STALL, Tally};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use h2::client::SendRequest;
use http::{Method, Request, StatusCode, Version};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

type Shared = Rc<RefCell<Tally>>;

/// Runs it, on connections that stay or on new ones, and gives the tally back.
pub fn run(options: &LoadOptions, config: ClientConfig, name: ServerName<'static>, tally: Tally) -> Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    let shared: Shared = Rc::new(RefCell::new(tally));
    let connector = TlsConnector::from(Arc::new(config));
    let client = Client { connector, name, port: options.port };
    let local = LocalSet::new();
    let all = async { if options.anew { anew(&client, &shared).await } else { keep(&client, options, &shared).await } };
    local.block_on(&runtime, all)?;
    drop((local, runtime));
    let Some(tally) = Rc::into_inner(shared) else { bail!("a stream outlived its connection") };
    Ok(tally.into_inner())
}

struct Client {
    connector: TlsConnector,
    name: ServerName<'static>,
    port: u16,
}

impl Client {
    /// A connection whose other half runs by itself until this one is dropped.
    async fn open(&self) -> Result<SendRequest<Bytes>> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.context("connecting")?;
        stream.set_nodelay(true).context("setting up a connection")?;
        let stream = self.connector.connect(self.name.clone(), stream).await.context("agreeing on TLS")?;
        let (sender, connection) = h2::client::handshake(stream).await.context("agreeing on HTTP/2")?;
        // How it ended shows in its streams.
        tokio::task::spawn_local(async { drop(connection.await) });
        Ok(sender)
    }
}

async fn keep(client: &Client, options: &LoadOptions, shared: &Shared) -> Result<()> {
    let mut streams = Vec::new();
    for _ in 0..options.connections {
        let sender = client.open().await?;
        for _ in 0..options.streams {
            let (mut sender, shared) = (sender.clone(), Rc::clone(shared));
            streams.push(tokio::task::spawn_local(async move {
                while !shared.borrow().is_over()? {
                    ask(&mut sender, &shared).await?;
                }
                anyhow::Ok(())
            }));
        }
    }
    for stream in streams {
        stream.await.context("a stream ended by itself")??;
    }
    Ok(())
}

async fn anew(client: &Client, shared: &Shared) -> Result<()> {
    while !shared.borrow().is_over()? {
        let mut sender = client.open().await?;
        ask(&mut sender, shared).await?;
    }
    Ok(())
}

/// One question and its answer.
async fn ask(sender: &mut SendRequest<Bytes>, shared: &Shared) -> Result<()> {
    let message = timeout(STALL, exchange(sender, shared)).await.context("no answer")??;
    shared.borrow_mut().answer(&message);
    Ok(())
}

async fn exchange(sender: &mut SendRequest<Bytes>, shared: &Shared) -> Result<Vec<u8>> {
    let mut question = Vec::new();
    // RFC 8484 §4.1: the identifier is 0, so that caches may keep the answer.
    shared.borrow_mut().question(0, &mut question);
    let request = Request::builder()
        .method(Method::POST)
        .version(Version::HTTP_2)
        .uri(format!("https://{NAME}/dns-query"))
        .header("content-type", "application/dns-message")
        .header("accept", "application/dns-message")
        .header("content-length", question.len())
        .body(())
        .context("putting a request together")?;
    is_ready(sender).await?;
    let (response, mut body) = sender.send_request(request, false).context("asking")?;
    body.send_data(question.into(), true).context("asking")?;
    let response = response.await.context("waiting for an answer")?;
    ensure!(response.status() == StatusCode::OK, "an answer has status {}", response.status());
    let mut body = response.into_body();
    let mut message = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.context("reading an answer")?;
        let _ = body.flow_control().release_capacity(piece.len());
        message.extend_from_slice(&piece);
    }
    Ok(message)
}

/// Waits until the connection takes another stream.
async fn is_ready(sender: &mut SendRequest<Bytes>) -> Result<()> {
    std::future::poll_fn(|context| sender.poll_ready(context)).await.context("waiting for a stream")
}
