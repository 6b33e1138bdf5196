//! What a run costs this machine.

use std::collections::BTreeMap;

use aegis_loadtest::report::Process;

use aegis_client::local::StackFolder;
use aegis_local_aws::agents::HOST;
use aegis_local_aws::emulator;
use aegis_local_aws::json::read_json;
use aegis_local_aws::process::ProcessRecord;

/// Of the times in `/proc/<pid>/stat`: what Linux has shown to programs since it has shown them any.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time of the local stack's processes, in ticks, by name. Empty where the system has no `/proc`.
pub struct Spent(BTreeMap<&'static str, u64>);

impl Spent {
    pub fn so_far(folder: &StackFolder) -> Self {
        let all = processes();
        let of = |name| {
            let record = read_json::<ProcessRecord>(&folder.process_file(name));
            record.filter(ProcessRecord::runs).map(|record| record.pid)
        };
        let mut spent = BTreeMap::new();
        if let Some(own) = all.get(&std::process::id().cast_signed()) {
            spent.insert("this command", own.own);
        }
        if let Some(emulator) = of(emulator::NAME).and_then(|pid| all.get(&pid)) {
            spent.insert("emulator", emulator.own);
            spent.insert("functions", emulator.waited_for + below(&all, emulator.pid));
        }
        if let Some(host) = of(HOST).and_then(|pid| all.get(&pid)) {
            spent.insert("agents", host.own + host.waited_for + below(&all, host.pid));
        }
        Self(spent)
    }

    pub fn since(&self, before: &Self) -> Vec<Process> {
        let spent = self.0.iter().map(|(name, now)| {
            let then = before.0.get(name).copied().unwrap_or_default();
            Process {
                name: (*name).to_owned(),
                cpu_seconds: now.saturating_sub(then) as f64 / TICKS_PER_SECOND,
            }
        });
        spent.collect()
    }
}

/// One line of `/proc/<pid>/stat`.
struct Stat {
    pid: i32,
    parent: i32,
    own: u64,
    /// Of children that have ended.
    waited_for: u64,
}

fn processes() -> BTreeMap<i32, Stat> {
    let Ok(folder) = std::fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    let stats = folder.flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let text = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        Some((pid, stat(pid, &text)?))
    });
    stats.collect()
}

/// Fields 4 and 14 to 17, counted after the command's name, which may hold anything.
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn stat(pid: i32, text: &str) -> Option<Stat> {
    let (_, after_name) = text.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        own: number(14)? + number(15)?,
        waited_for: number(16)? + number(17)?,
    })
}

/// Of all that descend from a process.
fn below(all: &BTreeMap<i32, Stat>, pid: i32) -> u64 {
    let children = all.values().filter(|stat| stat.parent == pid);
    children
        .map(|child| child.own + child.waited_for + below(all, child.pid))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_whatever_the_name_and_summed_over_descendants() {
        let line = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 11 12 13 14 20 0 1 0 4711 9 9";
        let child = line.replace(" S 1 ", " S 7 ");
        let all = BTreeMap::from([(7, stat(7, line).unwrap()), (8, stat(8, &child).unwrap())]);
        assert_eq!(
            (all[&7].own, all[&7].waited_for, all[&7].parent),
            (23, 27, 1)
        );
        assert_eq!(below(&all, 7), 50);
        assert_eq!(below(&all, 8), 0);
    }
}
