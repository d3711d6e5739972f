//! Killed with SIGKILL again and again while callers append and a job publishes: what was acknowledged is in the
//! ledger, once, and the ledger verifies.

use super::{key, open};
use crate::{Entry, LedgerError, MIGRATIONS, append, verify};
use serde_json::json;
use sipar_model::TimestampMs;
use sipar_store::{DataDir, Store, StoreConfig};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names the data folder to the process that is going to be killed.
const VICTIM: &str = "SIPAR_LEDGER_TEST_VICTIM";
const ROUNDS: u32 = 12;
const CALLERS: u32 = 8;
/// A victim that is never killed ends by itself.
const ENTRIES_MAX: u32 = 2_000;

/// Not a test of its own: what the killed process does.
#[test]
fn victim() {
    let Some(dir) = std::env::var_os(VICTIM).map(PathBuf::from) else { return };
    let _lock = DataDir::lock(&dir).expect("the folder is free: its last user is dead");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = open_store(&dir);
        store.migrate("sipar-ledger", MIGRATIONS).await.expect("migrated");
        let ledger = open(&dir.join("ledger"));
        let callers: Vec<_> = (0..CALLERS).map(|caller| tokio::spawn(append_many(store.clone(), caller))).collect();
        while !callers.iter().all(tokio::task::JoinHandle::is_finished) {
            ledger.publish(&store).await.expect("published");
            tokio::task::yield_now().await;
        }
    });
}

async fn append_many(store: Store, caller: u32) {
    for round in 0..ENTRIES_MAX {
        let token = format!("{}-{caller}-{round}", std::process::id());
        let entry = Entry::new("test", TimestampMs(0), json!({ "token": token }));
        let kept = store.write(move |tx| append(tx, std::slice::from_ref(&entry), TimestampMs(0))).await;
        let number = kept.expect("appended")[0];
        // One write call, so that a line is whole or not there.
        let line = format!("\nkept {number} {token}\n");
        std::io::stdout().write_all(line.as_bytes()).expect("told");
    }
}

fn open_store(dir: &Path) -> Store {
    Store::open(&StoreConfig::sqlite(dir.join("store.sqlite"))).expect("opened")
}

/// Lets a victim acknowledge `lines` entries, kills it, and returns all that it acknowledged.
fn kill_after(dir: &Path, lines: usize) -> Vec<(u64, String)> {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "tests::murder::victim", "--nocapture", "--test-threads=1"]).env(VICTIM, dir);
    let mut victim = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("started");
    let mut kept = Vec::new();
    let said = BufReader::new(victim.stdout.take().expect("piped")).lines();
    for line in said.map_while(Result::ok) {
        if let Some(told) = line.strip_prefix("kept ")
            && let Some((number, token)) = told.split_once(' ')
        {
            kept.push((number.parse().expect("a number"), token.to_owned()));
            if kept.len() == lines {
                // Lines that are on their way are read on: they were acknowledged too.
                victim.kill().expect("killed");
            }
        }
    }
    let status = victim.wait().expect("ended");
    assert!(!status.success() && kept.len() >= lines, "it was to be killed after {lines}, and said {}", kept.len());
    kept
}

#[test]
fn what_was_acknowledged_is_there_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut kept: HashMap<u64, String> = HashMap::new();
    for round in 0..ROUNDS {
        // From 1 to some 300 lines, spread by a multiplier without common factor.
        for (number, token) in kill_after(dir.path(), 1 + (round * 101 % 307) as usize) {
            assert_eq!(kept.insert(number, token), None, "number {number} was given twice");
        }
        let between = verify(&dir.path().join("ledger"), key().verifying_key());
        between.unwrap_or_else(|faults| panic!("after round {round}: {faults:?}"));
    }
    let store = open_store(dir.path());
    let ledger = open(&dir.path().join("ledger"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let publish = async {
        while ledger.publish(&store).await?.more {}
        Ok::<_, LedgerError>(())
    };
    runtime.block_on(publish).expect("published");
    let size = verify(ledger.dir(), key().verifying_key()).expect("whole").size;
    let mut seen: HashMap<String, u64> = HashMap::new();
    for number in 0..size {
        let token = ledger.entry(number).expect("there").body["token"].as_str().expect("a token").to_owned();
        assert_eq!(seen.insert(token, number), None, "doubled");
    }
    for (number, token) in &kept {
        assert_eq!(seen.get(token), Some(number), "acknowledged and lost or moved");
    }
    assert!(kept.len() >= 1_000, "{}", kept.len());
}
