//! One function, started once.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::environment::environment;
use super::runtime_api::RuntimeApi;
use crate::memory::bytes;

const PATIENCE: Duration = Duration::from_secs(10);

/// A program that is a Lambda function, and the package that it is deployed as.
#[derive(Debug, Clone)]
pub struct Function {
    pub name: String,
    pub program: PathBuf,
    pub package_bytes: Option<u64>,
}

/// What one start took.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    pub took: Duration,
    /// Resident when it asked for work, files that are mapped included.
    pub resident_bytes: u64,
    /// Of that, what is the process's own.
    pub own_bytes: u64,
}

impl Function {
    /// # Errors
    /// Where the program does not come to ask for work.
    pub fn start(&self) -> Result<Start> {
        let api = RuntimeApi::listen()?;
        let began = Instant::now();
        let mut child = Command::new(&self.program)
            .env_clear()
            .envs(environment(api.address()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let asked = api.first_question(PATIENCE);
        let memory = memory(&child);
        let said = end(&mut child);
        let (at, _stream) = asked.with_context(|| format!("{} said: {said}", self.name))?;
        let (resident_bytes, own_bytes) = memory?;
        Ok(Start {
            took: at - began,
            resident_bytes,
            own_bytes,
        })
    }
}

/// What it printed, once it has ended.
fn end(child: &mut Child) -> String {
    // An error means that it has ended already.
    let _ = child.kill();
    let mut said = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        let _ = stdout.read_to_string(&mut said);
    }
    let _ = child.wait();
    said
}

/// `VmRSS` and `RssAnon` of `/proc/<pid>/status`.
/// <https://www.kernel.org/doc/html/latest/filesystems/proc.html>
fn memory(child: &Child) -> Result<(u64, u64)> {
    let path = format!("/proc/{}/status", child.id());
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let missing = || format!("{path} does not say it");
    Ok((
        bytes(&status, "VmRSS").with_context(missing)?,
        bytes(&status, "RssAnon").with_context(missing)?,
    ))
}
