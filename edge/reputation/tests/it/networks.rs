//! Who announces an address, where that is known.

use crate::common::{block, desk};
use serde_json::json;
use sipar_model::{Asn, SnapshotSerial};
use sipar_snapshot::{Networks, NetworksBuilder, SigningKey};
use std::sync::Arc;

#[tokio::test]
async fn the_announcing_network_is_named() {
    let desk = desk(&[block("203.0.113.9")]);
    let key = SigningKey::from_seed([7; 32]).unwrap();
    let mut builder = NetworksBuilder::new(SnapshotSerial(1), crate::common::NOW);
    let (first, last) = ("203.0.113.0".parse().unwrap(), "203.0.113.255".parse().unwrap());
    builder.add(first, last, Asn(64_500), "Example Networks").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("networks");
    builder.write(&path, &key).unwrap();
    desk.service.swap_networks(Arc::new(Networks::open(&path, &key.verifying_key()).unwrap()));

    let owner = json!({ "asn": 64_500, "name": "Example Networks" });
    let check = async |path: &str, expect: Option<&serde_json::Value>| {
        assert_eq!(desk.get(path).await.body.get("network"), expect, "{path}");
    };
    check("/v1/ip/203.0.113.9", Some(&owner)).await;
    check("/v1/ip/203.0.113.10", Some(&owner)).await;
    check("/v1/ip/203.0.113.0/24", Some(&owner)).await;
    check("/v1/url?u=http://203.0.113.77/", Some(&owner)).await;
    check("/v1/ip/198.51.100.1", None).await;
    check("/v1/domain/example.org", None).await;
}
