//! Subscribers are told of each new serial at once (RFC 1996), again a few times while they do not answer.

use crate::{
    Zones,
    asked::seconds,
    model::Subscriber,
    wire::{Key, Name, SOA, check_answer, sign_request},
};
use sipar_authz::{Random as _, SystemRandom};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::UdpSocket, task::JoinSet, time::timeout};

/// How long an answer is waited for, each time longer; who is silent looks by itself after the zone's refresh.
const WAITS: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// Opcode NOTIFY, authoritative (RFC 1996 §3.7).
const FLAGS: [u8; 2] = [0x24, 0];

/// Tells everybody of each new serial until it is dropped.
pub async fn run(zones: Arc<Zones>) {
    let mut newest = zones.newest.subscribe();
    loop {
        let mut telling = JoinSet::new();
        for subscriber in zones.subscribers.load().iter() {
            for (target, zone) in targets(&zones, subscriber) {
                let (zones, subscriber) = (Arc::clone(&zones), Arc::clone(subscriber));
                telling.spawn(async move { tell(&zones, &subscriber, target, &zone).await });
            }
        }
        // A newer serial ends what is told of this one.
        if newest.changed().await.is_err() {
            return;
        }
    }
}

fn targets(zones: &Zones, subscriber: &Subscriber) -> Vec<(SocketAddr, Name)> {
    let names: Vec<Name> = zones.zone_names(&subscriber.about);
    let all = subscriber.about.notify.iter();
    all.flat_map(|target| names.iter().map(move |name| (*target, name.clone()))).collect()
}

async fn tell(zones: &Zones, subscriber: &Subscriber, target: SocketAddr, zone: &Name) {
    // Who may come without a key knows none.
    let key = subscriber.keys.first().filter(|_| !subscriber.unsigned(target.ip()));
    for wait in WAITS {
        if matches!(timeout(wait, once(zones, key, target, zone)).await, Ok(Some(()))) {
            return;
        }
    }
    zones.counts.event(&subscriber.about.slug, "notify-unanswered");
}

/// Sends one NOTIFY and waits for its answer.
async fn once(zones: &Zones, key: Option<&Key>, target: SocketAddr, zone: &Name) -> Option<()> {
    let any: SocketAddr = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse().ok()?;
    let socket = UdpSocket::bind(any).await.ok()?;
    socket.connect(target).await.ok()?;
    let mut id = [0; 2];
    SystemRandom.fill(&mut id).ok()?;
    let mut message = vec![id[0], id[1], FLAGS[0], FLAGS[1], 0, 1, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(zone.wire());
    message.extend_from_slice(&SOA.to_be_bytes());
    message.extend_from_slice(&[0, 1]);
    let now_s = seconds(&*zones.house.clock);
    let mac = key.map(|key| sign_request(&mut message, key, now_s));
    socket.send(&message).await.ok()?;
    let mut buffer = [0; 1_232];
    loop {
        let Ok(length) = socket.recv(&mut buffer).await else {
            // Nobody listens there yet: the wait goes on, so that the next try comes later.
            return std::future::pending().await;
        };
        let answer = &buffer[..length];
        let ours = answer.get(..2) == Some(&id[..]) && answer.get(2).is_some_and(|flags| flags & 0xF8 == 0xA0);
        let proven = match (key, &mac) {
            (Some(key), Some(mac)) => check_answer(answer, key, now_s, mac).is_ok(),
            _ => true,
        };
        if ours && proven {
            return Some(());
        }
    }
}
