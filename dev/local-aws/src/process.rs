//! Processes that outlive the command that started them: who they are, whether they still run,
//! and how they are ended.
//!
//! A process id alone is not trusted, because ids are used again: a record also holds when the
//! process began, as the system tells it.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{
    Pid, Signal, kill_process, kill_process_group, test_kill_process, test_kill_process_group,
};
use serde::{Deserialize, Serialize};

use crate::json::write_json;

const POLL: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRecord {
    pub pid: i32,
    /// When it began, in whatever form the system gives; compared, never read.
    pub identity: String,
    /// What it was started with; a different value asks for a restart.
    pub fingerprint: String,
}

/// A program to be started in a process group of its own.
pub struct Detached<'a> {
    pub program: &'a Path,
    pub arguments: Vec<String>,
    /// All of its environment: nothing is inherited.
    pub environment: BTreeMap<String, String>,
    pub folder: &'a Path,
    pub log: PathBuf,
    pub fingerprint: String,
}

impl Detached<'_> {
    /// Starts it and notes it in `record`, so that a later command finds it.
    pub fn start(self, record: &Path) -> Result<ProcessRecord> {
        let say = || format!("cannot start {}", self.program.display());
        let output = open_log(&self.log)?;
        let errors = output.try_clone()?;
        let child = Command::new(self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .with_context(say)?;
        let pid = i32::try_from(child.id()).with_context(say)?;
        let started = ProcessRecord {
            pid,
            identity: identity(pid).unwrap_or_default(),
            fingerprint: self.fingerprint,
        };
        write_json(record, &started)?;
        Ok(started)
    }
}

/// Keeps the log of the run before beside the new one.
fn open_log(path: &Path) -> Result<std::fs::File> {
    if std::fs::metadata(path).is_ok_and(|log| log.len() > 0) {
        std::fs::rename(path, path.with_extension("log.before"))
            .with_context(|| format!("cannot move {}", path.display()))?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))
}

impl ProcessRecord {
    pub fn runs(&self) -> bool {
        !self.identity.is_empty() && identity(self.pid).as_deref() == Some(self.identity.as_str())
    }

    /// Asks it to end, waits up to `patience`, then ends it and whatever is left of its group.
    /// Returns whether it ended by itself.
    pub async fn end(&self, patience: Duration) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return true;
        };
        let mut clean = false;
        if self.runs() {
            // An error means that it is gone already.
            let _ = kill_process(pid, Signal::TERM);
            clean = wait_until(patience, || !self.runs()).await;
        }
        self.sweep_group(pid).await;
        clean
    }

    /// Ends members that outlived the leader. A group cannot be another's while it has members
    /// and nobody else took the leader's id.
    async fn sweep_group(&self, pid: Pid) {
        let taken_by_another = !self.runs() && identity(self.pid).is_some();
        if taken_by_another || test_kill_process_group(pid).is_err() {
            return;
        }
        let _ = kill_process_group(pid, Signal::TERM);
        if !wait_until(Duration::from_secs(2), || {
            test_kill_process_group(pid).is_err()
        })
        .await
        {
            let _ = kill_process_group(pid, Signal::KILL);
            wait_until(Duration::from_secs(2), || test_kill_process(pid).is_err()).await;
        }
    }
}

/// Polls until `condition` holds; false when the time ran out first.
async fn wait_until(patience: Duration, condition: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !condition() {
        if began.elapsed() >= patience {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    true
}

/// `None` when no such process runs; one that has ended but was not collected counts as ended.
pub fn identity(pid: i32) -> Option<String> {
    match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(boot) => {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some(format!("{}/{}", boot.trim(), begin_of(&stat)?))
        }
        Err(_) => identity_by_ps(pid),
    }
}

/// Field 22 of `/proc/<pid>/stat`, counted after the command's name, which may hold anything.
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn begin_of(stat: &str) -> Option<&str> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)
}

fn identity_by_ps(pid: i32) -> Option<String> {
    let output = Command::new("ps")
        .args(["-o", "stat=,lstart=", "-p", &pid.to_string()])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let (state, began) = line.split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| began.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path) -> ProcessRecord {
        let program = Path::new("/bin/sleep");
        Detached {
            program,
            arguments: vec!["60".to_owned()],
            environment: BTreeMap::new(),
            folder,
            log: folder.join("sleeper.log"),
            fingerprint: "one".to_owned(),
        }
        .start(&folder.join("sleeper.json"))
        .unwrap()
    }

    #[tokio::test]
    async fn a_started_process_is_found_again_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let started = sleeper(folder.path());
        let found: ProcessRecord =
            crate::json::read_json(&folder.path().join("sleeper.json")).unwrap();
        assert_eq!(found, started);
        assert!(found.runs());
        assert!(found.end(Duration::from_secs(5)).await);
        assert!(!found.runs());
    }

    #[tokio::test]
    async fn another_process_with_the_same_id_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let started = sleeper(folder.path());
        let impostor = ProcessRecord {
            identity: "another time".to_owned(),
            ..started.clone()
        };
        assert!(!impostor.runs());
        impostor.end(Duration::from_secs(1)).await;
        assert!(started.runs());
        started.end(Duration::from_secs(5)).await;
    }

    const STAT: &str = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 4711 9 9";

    #[test]
    fn begin_is_found_whatever_the_name() {
        assert_eq!(begin_of(STAT), Some("4711"));
    }

    #[test]
    fn a_zombie_has_ended() {
        assert_eq!(begin_of(&STAT.replace(" S ", " Z ")), None);
    }

    #[test]
    fn this_process_runs_and_keeps_its_identity() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(identity(me).is_some());
        assert_eq!(identity(me), identity(me));
    }
}
