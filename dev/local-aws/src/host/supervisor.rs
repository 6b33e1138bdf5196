//! Keeps one agent running: starts it, starts it again when it ends, ends it with the host.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::host::plan::Agent;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// An agent that ran this long is well: the next end is a new story.
const WELL_AFTER: Duration = Duration::from_secs(30);
/// How long an agent may take to end by itself.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Returns once `stopping` says so and the agent has ended.
pub async fn keep_running(agent: Agent, mut stopping: watch::Receiver<bool>) {
    let Some(program) = agent.program.clone() else {
        return;
    };
    let mut pause = FIRST_PAUSE;
    while !*stopping.borrow() {
        let began = Instant::now();
        match start(&agent, &program) {
            Err(error) => errln!("agent {}: cannot start: {error}", agent.name),
            Ok(mut child) => {
                let process = child.id().unwrap_or_default();
                errln!("agent {}: started, process {process}", agent.name);
                tokio::select! {
                    status = child.wait() => {
                        match status {
                            Ok(status) => errln!("agent {}: ended by itself: {status}", agent.name),
                            Err(error) => errln!("agent {}: lost: {error}", agent.name),
                        }
                    }
                    () = told_to_stop(&mut stopping) => {
                        end(&agent, child).await;
                        return;
                    }
                }
            }
        }
        if began.elapsed() > WELL_AFTER {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = told_to_stop(&mut stopping) => return,
        }
        pause = next_pause(pause);
    }
}

fn next_pause(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    while !*stopping.borrow() {
        if stopping.changed().await.is_err() {
            return;
        }
    }
}

/// The agent stays in the host's process group, so that whoever ends the group ends it too.
fn start(agent: &Agent, program: &Path) -> std::io::Result<Child> {
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&agent.log)?;
    Command::new(program)
        .env_clear()
        .envs(&agent.environment)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
}

async fn end(agent: &Agent, mut child: Child) {
    if let Some(pid) = child
        .id()
        .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
    {
        // An error means that it is gone already.
        let _ = kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(END_PATIENCE, child.wait())
        .await
        .is_err()
    {
        errln!("agent {}: did not end when asked and is killed", agent.name);
        let _ = child.kill().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    fn agent(folder: &Path, script: &str) -> Agent {
        let program = folder.join("agent");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        Agent {
            name: "test".to_owned(),
            program: Some(program),
            url: String::new(),
            runtime_arn: String::new(),
            role_arn: String::new(),
            environment: BTreeMap::from([(
                "OUT".to_owned(),
                folder.join("out").display().to_string(),
            )]),
            credentials_token: String::new(),
            log: folder.join("agent.log"),
        }
    }

    #[tokio::test]
    async fn an_agent_that_ends_is_started_again() {
        let folder = tempfile::tempdir().unwrap();
        let agent = agent(folder.path(), "echo started >> $OUT");
        let (stop, stopping) = watch::channel(false);
        let supervisor = tokio::spawn(keep_running(agent, stopping));
        let starts = || {
            std::fs::read_to_string(folder.path().join("out"))
                .unwrap_or_default()
                .lines()
                .count()
        };
        let began = Instant::now();
        while starts() < 2 && began.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send_replace(true);
        supervisor.await.unwrap();
        assert!(starts() >= 2);
    }

    #[tokio::test]
    async fn an_agent_is_ended_with_the_host() {
        let folder = tempfile::tempdir().unwrap();
        let agent = agent(
            folder.path(),
            "trap 'echo ended >> $OUT; exit 0' TERM\necho up >> $OUT\nwhile :; do sleep 0.05; done",
        );
        let (stop, stopping) = watch::channel(false);
        let supervisor = tokio::spawn(keep_running(agent, stopping));
        let out = || std::fs::read_to_string(folder.path().join("out")).unwrap_or_default();
        let began = Instant::now();
        while out().is_empty() && began.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send_replace(true);
        supervisor.await.unwrap();
        assert_eq!(out(), "up\nended\n");
    }

    #[test]
    fn pauses_grow_up_to_a_limit() {
        assert_eq!(next_pause(FIRST_PAUSE), Duration::from_millis(400));
        assert_eq!(next_pause(Duration::from_secs(8)), LONGEST_PAUSE);
    }
}
