//! What a server and its children have used: processor time, resident memory; and how busy the machine was otherwise.

use anyhow::{Context, Result};
use std::fs;
use std::time::{Duration, Instant};

/// At most so many processes are looked at below one server.
const TREE_MAX: usize = 1_000;
/// A machine is quiet when less than this share of it is busy.
const QUIET_SHARE: f64 = 0.04;
/// How long it must be quiet.
const QUIET_WINDOW: Duration = Duration::from_secs(1);

/// Resident memory of a process tree, in MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Memory {
    /// Sum of VmRSS.
    pub resident_mib: f64,
    /// Of that, backed by files: pages of a mapped snapshot, which the system may drop and several processes share.
    pub file_mib: f64,
    /// Sum of VmHWM: the most that was resident at once.
    pub peak_mib: f64,
}

impl Memory {
    /// As a cell of a table: all that is resident, and how much of it is mapped from files.
    pub fn cell(self) -> String {
        format!("{:.1} ({:.1})", self.resident_mib, self.file_mib)
    }
}

/// This process and all below it.
pub fn tree(pid: u32) -> Vec<u32> {
    let mut pids = vec![pid];
    let mut next = 0;
    while next < pids.len() && pids.len() < TREE_MAX {
        for task in tasks(pids[next]) {
            let children = fs::read_to_string(format!("/proc/{}/task/{task}/children", pids[next])).unwrap_or_default();
            pids.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        next += 1;
    }
    pids
}

/// Nanoseconds that all threads of the tree have run, user and system together.
///
/// From `/proc/PID/task/TID/schedstat`, which counts nanoseconds where `stat` counts hundredths of a second.
/// Time of threads that have ended is lost: measure only servers that keep theirs.
pub fn ran_ns(pid: u32) -> u64 {
    let of_task = |pid: u32, task: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/task/{task}/schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    tree(pid).into_iter().flat_map(|pid| tasks(pid).into_iter().filter_map(move |task| of_task(pid, task))).sum()
}

/// Seconds that the tree has run, from `stat`: coarse (1/100 s), with threads and waited-for children that have ended.
pub fn ran_s(pid: u32) -> f64 {
    let of_process = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // After the name in brackets; utime, stime, cutime, cstime are fields 14 to 17 (proc_pid_stat(5)).
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(fields.get(11..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum::<u64>())
    };
    tree(pid).into_iter().filter_map(of_process).sum::<u64>() as f64 / TICKS_PER_S
}

/// `sysconf(_SC_CLK_TCK)` on Linux, fixed at 100 for user space.
const TICKS_PER_S: f64 = 100.0;

/// The tree's resident memory now.
pub fn memory(pid: u32) -> Memory {
    let mut memory = Memory::default();
    for pid in tree(pid) {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let mib = |field: &str| {
            let line = text.lines().find(|line| line.starts_with(field));
            let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
            kib.unwrap_or_default() / 1_024.0
        };
        memory.resident_mib += mib("VmRSS:");
        memory.file_mib += mib("RssFile:");
        memory.peak_mib += mib("VmHWM:");
    }
    memory
}

/// Hundredths of a second that the machine's processors were busy, and that there were at all.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    busy: u64,
    total: u64,
}

impl Machine {
    /// As it stands now.
    pub fn now() -> Result<Self> {
        let text = fs::read_to_string("/proc/stat").context("reading `/proc/stat`")?;
        let first = text.lines().next().unwrap_or_default();
        let fields: Vec<u64> =
            first.split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok()).collect();
        let total = fields.iter().sum::<u64>();
        let idle = fields.get(3).copied().unwrap_or_default() + fields.get(4).copied().unwrap_or_default();
        Ok(Self { busy: total - idle, total })
    }

    /// The share of the machine that others than ours used since then: ours used `ours_s` seconds of processor time.
    pub fn others_since(self, ours_s: f64) -> Result<f64> {
        let now = Self::now()?;
        let busy_s = (now.busy - self.busy) as f64 / TICKS_PER_S;
        let total_s = ((now.total - self.total) as f64 / TICKS_PER_S).max(0.01);
        Ok(((busy_s - ours_s) / total_s).max(0.0))
    }
}

/// Waits until the machine is idle, at most so long. Says whether it is.
pub fn wait_quiet(longest: Duration) -> Result<bool> {
    let until = Instant::now() + longest;
    while Instant::now() < until {
        let before = Machine::now()?;
        std::thread::sleep(QUIET_WINDOW);
        if before.others_since(0.0)? < QUIET_SHARE {
            return Ok(true);
        }
    }
    Ok(false)
}

fn tasks(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_uses_time() {
        let pid = std::process::id();
        let memory = memory(pid);
        assert!(memory.resident_mib > 0.5 && memory.peak_mib >= memory.resident_mib, "{memory:?}");
        let before = ran_ns(pid);
        let sum = (0..20_000_000_u64).fold(0, |a, b| a ^ b.wrapping_mul(0x9e37_79b9));
        assert_ne!(sum, 1);
        assert!(ran_ns(pid) > before);
        assert!(tree(pid).contains(&pid));
    }
}
