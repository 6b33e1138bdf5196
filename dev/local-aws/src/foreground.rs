//! Runs a program and waits for it, in a process group of its own, so that giving up (an error,
//! Ctrl-C) ends the program and everything that it started, and gives it time to tidy up.

use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a program may tidy up after an interrupt: Terraform writes its state.
const TIDY_UP: Duration = Duration::from_secs(20);
/// Lines of standard error that are kept to explain a failure.
const KEPT_LINES: usize = 60;

pub struct Finished {
    pub status: ExitStatus,
    /// The last lines of standard error.
    pub errors: Vec<String>,
}

/// One line, and which stream it came from.
pub enum Line<'a> {
    Output(&'a str),
    Error(&'a str),
}

/// Runs `command` and hands each line to `observe` as it comes.
pub async fn run(mut command: Command, mut observe: impl FnMut(Line<'_>)) -> Result<Finished> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::start(command)?;
    let mut errors = Vec::new();
    let output = group.child.stdout.take().context("no standard output")?;
    let error = group.child.stderr.take().context("no standard error")?;
    let mut output = BufReader::new(output).lines();
    let mut error = BufReader::new(error).lines();
    let (mut output_open, mut error_open) = (true, true);
    while output_open || error_open {
        tokio::select! {
            line = output.next_line(), if output_open => match line? {
                Some(line) => observe(Line::Output(&line)),
                None => output_open = false,
            },
            line = error.next_line(), if error_open => match line? {
                Some(line) => {
                    observe(Line::Error(&line));
                    if errors.len() == KEPT_LINES {
                        errors.remove(0);
                    }
                    errors.push(line);
                }
                None => error_open = false,
            },
        }
    }
    let status = group.child.wait().await?;
    Ok(Finished { status, errors })
}

/// Runs `command` with this command's own output streams.
pub async fn run_visibly(command: Command) -> Result<ExitStatus> {
    let mut group = Group::start(command)?;
    Ok(group.child.wait().await?)
}

/// Ends the group when it is dropped while its leader still runs. Blocking is right here: this
/// happens only when the whole command is about to end.
struct Group {
    child: Child,
}

impl Group {
    fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).process_group(0);
        let child = command.spawn().with_context(|| {
            let name = command.as_std().get_program().to_string_lossy();
            format!("cannot start {name}")
        })?;
        Ok(Self { child })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(pid) = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
        else {
            return;
        };
        let _ = kill_process_group(pid, Signal::INT);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > TIDY_UP {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_and_status_are_reported() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; exit 3"]);
        let mut output = Vec::new();
        let finished = run(command, |line| {
            if let Line::Output(line) = line {
                output.push(line.to_owned());
            }
        })
        .await
        .unwrap();
        assert_eq!(output, ["one"]);
        assert_eq!(finished.errors, ["two"]);
        assert_eq!(finished.status.code(), Some(3));
    }

    #[tokio::test]
    async fn giving_up_ends_grandchildren_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("sleep 60 & echo $! > {}; wait", file.display()));
        let waiting = tokio::time::timeout(Duration::from_millis(500), run(command, |_| ()));
        assert!(waiting.await.is_err());
        let pid: i32 = std::fs::read_to_string(&file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(crate::process::identity(pid), None);
    }
}
