//! The area of zones alone, with a snapshot that is there already: what a transfer costs, without what makes decisions.

use crate::house;
use anyhow::{Context, Result};
use sipar_area::{Area as _, House};
use sipar_model::fact::SnapshotPublished;
use sipar_model::{Clock as _, Fact, SnapshotSerial, SystemClock};
use sipar_store::Durability;
use sipar_zones::Server;
use sipar_zones::model::ZonesConfig;
use std::path::Path;

/// Serves zone `all.test` of a snapshot on a port of loopback until it is ended. Who comes from there needs no key.
pub fn run(snapshot: &Path, port: u16, folder: &Path) -> Result<()> {
    let house = house::open(folder, Durability::ProcessKill)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting a runtime")?;
    runtime.block_on(serve(&house, snapshot, port))
}

async fn serve(house: &House, snapshot: &Path, port: u16) -> Result<()> {
    let area = sipar_zones::area(house).context("opening zones")?;
    house.store.migrate(area.name(), area.migrations()).await.context("preparing the tables of zones")?;
    let listen = ([127, 0, 0, 1], port).into();
    area.zones().configure(&ZonesConfig {
        listen: vec![listen],
        rpz_origin: "test".into(),
        list_origin: "test".into(),
        ..ZonesConfig::default()
    });
    let incoming = house.blobs.incoming().join("bench");
    std::fs::copy(snapshot, &incoming).context("copying the snapshot")?;
    let blob = house.blobs.adopt(&incoming).context("adopting the snapshot")?;
    let created_at = SystemClock.now();
    let told =
        Fact::Snapshot(SnapshotPublished { serial: SnapshotSerial(1), blob, entries: 1, file_bytes: 1, created_at });
    let hearer = std::sync::Arc::clone(&area);
    let heard = house.store.write(move |tx| hearer.hear(tx, &told)).await;
    heard.context("telling zones of the snapshot")?;
    let about =
        serde_json::json!({ "slug": "bench", "unsigned_from": ["127.0.0.0/8"], "lists": ["all.ip4", "all.ip6"] });
    let about = serde_json::from_value(about).context("describing the subscriber")?;
    area.zones().subscribe(about).await.context("subscribing")?;
    for job in area.jobs() {
        (job.run)().await.with_context(|| format!("running `{}`", job.name))?;
    }
    let _server = Server::start(area.zones(), &[listen]).await.context("listening")?;
    std::future::pending().await
}
