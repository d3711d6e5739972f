//! The ring rule: which crate may use which. An area imports no area; an edge never reaches the store.

use super::Fault;
use crate::shell;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The only rooms of base that an edge may see.
const EDGE_SEES: &[&str] = &["base/model", "base/snapshot"];

/// One crate of the workspace: its folder from the root, and the folders of the workspace crates it uses.
struct Room {
    folder: String,
    name: String,
    uses: Vec<String>,
}

/// The workspace's crates.
pub struct Graph {
    rooms: Vec<Room>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
}

impl Graph {
    /// Ask cargo. Dependencies of every kind count, those of tests too.
    pub fn read(root: &Path) -> Result<Self> {
        let told =
            shell::output(shell::cargo(root).args(["metadata", "--format-version", "1", "--no-deps", "--offline"]))?;
        Self::parse(&told, root)
    }

    fn parse(told: &str, root: &Path) -> Result<Self> {
        let metadata: Metadata =
            serde_json::from_str(told).context("cannot understand what `cargo metadata` printed")?;
        let folder = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        let rooms = metadata.packages.into_iter().map(|package| Room {
            folder: package.manifest_path.parent().map(folder).unwrap_or_default(),
            name: package.name,
            uses: package.dependencies.iter().filter_map(|used| used.path.as_deref()).map(folder).collect(),
        });
        Ok(Self { rooms: rooms.collect() })
    }
}

/// The ring of a room is its first folder.
fn ring(folder: &str) -> &str {
    folder.split('/').next().unwrap_or_default()
}

pub fn check(graph: &Graph) -> Vec<Fault> {
    let mut faults = Vec::new();
    for room in &graph.rooms {
        let manifest = format!("{}/Cargo.toml", room.folder);
        if let Some(expect) = name_of(&room.folder).filter(|expect| *expect != room.name) {
            faults.push(Fault::whole(&manifest, format!("the crate in this folder is called `{expect}`")));
        }
        for used in &room.uses {
            if let Some(why) = refusal(&room.folder, used) {
                faults.push(Fault::whole(&manifest, format!("uses {used}, but {why}")));
            }
        }
    }
    faults
}

/// `areas/intel` is the crate `sipar-intel`.
fn name_of(folder: &str) -> Option<String> {
    folder.split_once('/').map(|(_, room)| format!("sipar-{room}"))
}

fn refusal(room: &str, used: &str) -> Option<&'static str> {
    match (ring(room), ring(used)) {
        ("sipar" | "tools", _) => None,
        (_, "tools") => Some("nothing is built on the tools"),
        (_, "sipar") => Some("the binary is outside every ring"),
        ("base", "base") => None,
        ("base", _) => Some("base knows only base"),
        ("areas", "base") => None,
        ("areas", "areas") => Some("an area never uses another area: let them exchange facts (base/model)"),
        ("areas", _) => Some("an area knows only base"),
        ("edge", _) if EDGE_SEES.contains(&used) => None,
        ("edge", _) => Some("an edge sees only base/model and base/snapshot, so that it answers when all else is down"),
        _ => Some("this folder is in no ring"),
    }
}

/// How many rooms the longest way down passes.
pub fn depth(graph: &Graph) -> usize {
    let by_folder: BTreeMap<&str, &Room> = graph.rooms.iter().map(|room| (room.folder.as_str(), room)).collect();
    graph.rooms.iter().map(|room| depth_of(room, &by_folder, graph.rooms.len())).max().unwrap_or_default()
}

/// `left` bounds the walk: dependencies of tests may form a ring, which cargo allows.
fn depth_of(room: &Room, by_folder: &BTreeMap<&str, &Room>, left: usize) -> usize {
    let below = room.uses.iter().filter_map(|used| by_folder.get(used.as_str())).filter(|_| left > 0);
    1 + below.map(|used| depth_of(used, by_folder, left - 1)).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(uses: &[(&str, &[&str])]) -> Graph {
        let rooms = uses.iter().map(|(folder, uses)| Room {
            folder: (*folder).to_owned(),
            name: name_of(folder).unwrap_or_else(|| "sipar".to_owned()),
            uses: uses.iter().map(|used| (*used).to_owned()).collect(),
        });
        Graph { rooms: rooms.collect() }
    }

    #[test]
    fn rings() {
        for (room, used, allowed) in [
            ("areas/intel", "base/store", true),
            ("areas/intel", "areas/shield", false),
            ("areas/intel", "edge/dns", false),
            ("base/web", "base/authz", true),
            ("base/area", "areas/intel", false),
            ("edge/dns", "base/model", true),
            ("edge/dns", "base/snapshot", true),
            ("edge/dns", "base/store", false),
            ("edge/dns", "edge/reputation", false),
            ("sipar", "areas/intel", true),
            ("tools/bench", "areas/intel", true),
            ("areas/intel", "tools/bench", false),
            ("base/model", "sipar", false),
            ("extra/x", "base/model", false),
        ] {
            let faults = check(&graph(&[(room, &[used])]));
            assert_eq!(faults.is_empty(), allowed, "{room} uses {used}: {faults:?}");
        }
    }

    #[test]
    fn a_crate_is_named_after_its_folder() {
        let mut graph = graph(&[("areas/intel", &[])]);
        graph.rooms[0].name = "intelligence".to_owned();
        assert_eq!(check(&graph).len(), 1);
    }

    #[test]
    fn what_cargo_prints_is_understood() {
        let told = r#"{"packages": [{"name": "sipar-intel", "manifest_path": "/x/areas/intel/Cargo.toml",
            "dependencies": [{"name": "sipar-shield", "path": "/x/areas/shield"}, {"name": "serde", "path": null}]}]}"#;
        let faults = check(&Graph::parse(told, Path::new("/x")).unwrap());
        assert_eq!(faults.len(), 1);
        assert!(faults[0].to_string().starts_with("areas/intel/Cargo.toml: uses areas/shield"), "{faults:?}");
    }

    #[test]
    fn depth_counts_rooms_and_survives_a_ring_of_test_dependencies() {
        assert_eq!(depth(&graph(&[("sipar", &["base/a"]), ("base/a", &["base/b"]), ("base/b", &[])])), 3);
        assert!(depth(&graph(&[("base/a", &["base/b"]), ("base/b", &["base/a"])])) > 1);
    }
}
