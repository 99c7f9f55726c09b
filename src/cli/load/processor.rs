//! The processor time of a server on this machine: of its process and of those that it started. Only Linux tells it.

use std::fs;
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// Since it began, of those that ended too.
pub(super) fn seconds(pid: u32) -> Result<f64, Failure> {
    let ticks = ticks(pid).ok_or(Failure::Process(pid))?;
    let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
    Ok(f64::from(ticks) / TICKS_A_SECOND)
}

fn ticks(pid: u32) -> Option<u64> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // The name of a process may have any character, so the fields count from behind it.
    let (_, fields) = stat.rsplit_once(')')?;
    // User and system time; then those of children that ended.
    let times = fields.split_whitespace().skip(11).take(4);
    let own = times.map(|time| time.parse::<u64>().unwrap_or_default());
    let children = children(&folder).into_iter().filter_map(ticks);
    Some(own.sum::<u64>() + children.sum::<u64>())
}

fn children(folder: &Path) -> Vec<u32> {
    let tasks = fs::read_dir(folder.join("task")).into_iter().flatten();
    let lists =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    let lists: Vec<String> = lists.collect();
    let all = lists.iter().flat_map(|list| list.split_whitespace());
    all.filter_map(|pid| pid.parse().ok()).collect()
}

/// What Linux shows to programs, whatever it counts with.
const TICKS_A_SECOND: f64 = 100.0;
