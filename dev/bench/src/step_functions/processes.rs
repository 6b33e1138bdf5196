//! Processor time of the emulator and of the functions that it runs, and their memory.
//! <https://www.kernel.org/doc/html/latest/filesystems/proc.html>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::memory;

/// The kernel's clock ticks: 100 a second on every Linux of today.
const TICK: Duration = Duration::from_millis(10);

/// Used so far: by the emulator, and by each function's processes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Used {
    pub emulator: Duration,
    pub functions: BTreeMap<String, Duration>,
}

impl Used {
    /// # Errors
    /// Where the emulator is gone.
    pub fn now(emulator: i32) -> Result<Self> {
        Self::below(Path::new("/proc"), emulator)
    }

    fn below(proc: &Path, emulator: i32) -> Result<Self> {
        let own = processor_time(&proc.join(emulator.to_string()));
        let mut used = Self {
            emulator: own.context("the emulator is gone")?,
            functions: BTreeMap::new(),
        };
        for folder in children(proc, emulator) {
            // A function that has ended in between is passed over.
            if let (Some(name), Some(time)) = (function_name(&folder), processor_time(&folder)) {
                *used.functions.entry(name).or_default() += time;
            }
        }
        Ok(used)
    }

    /// What was used since `before`, by functions whose name begins so.
    pub fn of_functions_since(&self, before: &Self, prefix: &str) -> Duration {
        let ours = self
            .functions
            .iter()
            .filter(|(name, _)| name.starts_with(prefix));
        ours.map(|(name, now)| {
            now.saturating_sub(before.functions.get(name).copied().unwrap_or_default())
        })
        .sum()
    }
}

fn children(proc: &Path, parent: i32) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(proc) else {
        return Vec::new();
    };
    let folders = entries.flatten().map(|entry| entry.path());
    folders
        .filter(|folder| field(folder, 1).is_some_and(|found| found == parent.to_string()))
        .collect()
}

/// A field of `stat` behind the command's name, which may hold anything: 1 is the parent.
fn field(folder: &Path, index: usize) -> Option<String> {
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(index).map(str::to_owned)
}

fn processor_time(folder: &Path) -> Option<Duration> {
    let ticks = |index| field(folder, index)?.parse::<u32>().ok();
    Some(TICK * (ticks(11)? + ticks(12)?))
}

/// The most bytes that one process of each function has held resident (`VmHWM`), files that are mapped included.
pub fn most_resident(emulator: i32) -> BTreeMap<String, u64> {
    most_resident_below(Path::new("/proc"), emulator)
}

fn most_resident_below(proc: &Path, emulator: i32) -> BTreeMap<String, u64> {
    let mut resident: BTreeMap<String, u64> = BTreeMap::new();
    for folder in children(proc, emulator) {
        let status = std::fs::read_to_string(folder.join("status")).ok();
        let held = status.and_then(|status| memory::bytes(&status, "VmHWM"));
        if let (Some(name), Some(held)) = (function_name(&folder), held) {
            let most = resident.entry(name).or_default();
            *most = held.max(*most);
        }
    }
    resident
}

fn function_name(folder: &Path) -> Option<String> {
    let environment = std::fs::read(folder.join("environ")).ok()?;
    let variables = environment
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy);
    let mut name = variables.filter_map(|pair| {
        pair.strip_prefix("AWS_LAMBDA_FUNCTION_NAME=")
            .map(str::to_owned)
    });
    name.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(proc: &Path, id: i32, parent: i32, ticks: [u32; 2], function: &str) {
        let status =
            format!("Name:\ta\nVmPeak:\t  9999999 kB\nVmHWM:\t    {id} kB\nVmRSS:\t       1 kB\n");
        let folder = proc.join(id.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let [user, system] = ticks;
        let stat =
            format!("{id} (a) name) S {parent} 1 1 0 -1 4194304 1 0 0 0 {user} {system} 0 0 20 0");
        std::fs::write(folder.join("stat"), stat).unwrap();
        std::fs::write(folder.join("status"), status).unwrap();
        std::fs::write(
            folder.join("environ"),
            format!("A=b\0AWS_LAMBDA_FUNCTION_NAME={function}\0"),
        )
        .unwrap();
    }

    #[test]
    fn functions_are_the_emulators_children_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let proc = folder.path();
        process(proc, 10, 1, [100, 20], "");
        process(proc, 11, 10, [3, 1], "aegis-dev-relay");
        process(proc, 12, 10, [2, 0], "aegis-dev-relay");
        process(proc, 13, 1, [9, 9], "aegis-dev-relay");
        let before = Used::below(proc, 10).unwrap();
        assert_eq!(before.emulator, Duration::from_millis(1200));
        assert_eq!(
            before.functions["aegis-dev-relay"],
            Duration::from_millis(60)
        );
        let resident = most_resident_below(proc, 10);
        assert_eq!(resident["aegis-dev-relay"], 12 * 1024);
        process(proc, 11, 10, [5, 2], "aegis-dev-relay");
        process(proc, 14, 10, [4, 0], "aegis-bench-dispatcher");
        let after = Used::below(proc, 10).unwrap();
        assert_eq!(
            after.of_functions_since(&before, "aegis-dev-"),
            Duration::from_millis(30)
        );
        assert_eq!(
            after.of_functions_since(&before, "aegis-bench-"),
            Duration::from_millis(40)
        );
        assert!(Used::below(proc, 99).is_err());
    }
}
