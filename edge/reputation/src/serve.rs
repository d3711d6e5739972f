//! Connections within bounds: so many at once, each idle or slow for so long, and an end that lets answers finish.

use crate::{Reputation, routes::router};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, Response, StatusCode},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tower::ServiceExt as _;

/// A body must be whole within this time: the largest has 10,000 items, some hundred kilobytes.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// Answers under way have this long to finish once the service is told to stop.
const END_WITHIN: Duration = Duration::from_secs(5);
/// After the system refuses a connection, for example for want of file handles, the next is awaited so much later.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// Connections at most, whatever the settings say: the semaphore counts them in 32 bits.
const CONNECTIONS_MAX: usize = 1 << 20;

/// Answers on `listener` until `stop` is ready, within the bounds of its settings.
///
/// # Errors
/// None today; a listener that fails is tried again.
pub async fn serve(
    service: Arc<Reputation>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (connections_max, idle_s) = service.bounds();
    let app = App { router: router(Arc::clone(&service)), service };
    let most = connections_max.clamp(1, CONNECTIONS_MAX);
    let places = Arc::new(Semaphore::new(most));
    let mut http = http1::Builder::new();
    // Counts from the end of one request to the head of the next, too: so it ends idle connections as well.
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(u64::from(idle_s.max(1))));
    // Answers are short: copied together they go out in one piece for less than as two.
    http.writev(false);
    let (end, ended) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let place = tokio::select! {
            () = &mut stop => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = answer_on(stream, peer, app.clone(), http.clone(), ended.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the reputation service could not take a connection");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(end);
    // Whoever has not finished by then is cut off.
    let _finished = timeout(END_WITHIN, places.acquire_many(u32::try_from(most).unwrap_or(u32::MAX))).await;
    Ok(())
}

/// What connections have in common.
#[derive(Clone)]
struct App {
    service: Arc<Reputation>,
    router: Router,
}

enum Answer {
    Now(Response<Body>),
    Routed(Router, Request<Incoming>),
}

async fn answer_on(
    stream: TcpStream,
    peer: SocketAddr,
    app: App,
    http: http1::Builder,
    mut ended: watch::Receiver<()>,
) {
    let service = service_fn(move |request| {
        let answer = match app.service.at_once(peer, &request) {
            Some(answer) => Answer::Now(answer),
            None => Answer::Routed(app.router.clone(), request),
        };
        async move {
            Ok::<_, Infallible>(match answer {
                Answer::Now(answer) => answer,
                Answer::Routed(router, request) => routed(router, peer, request).await,
            })
        }
    });
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // What a client does wrong on its connection is its own affair, and is not logged.
    let _over = tokio::select! {
        over = connection.as_mut() => over,
        _ = ended.changed() => {
            connection.as_mut().graceful_shutdown();
            timeout(END_WITHIN, connection).await.unwrap_or(Ok(()))
        }
    };
}

async fn routed(router: Router, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let has_body = request.method() == Method::POST;
    let answer = router.oneshot(request);
    let answered = if has_body { timeout(BODY_WITHIN, answer).await } else { Ok(answer.await) };
    match answered {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_too_slow) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
            response
        }
    }
}
