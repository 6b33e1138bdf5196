//! How long a function takes from its start to its first question for work, and what it holds of memory then.
//!
//! A small stand-in for Lambda's Runtime API on 127.0.0.1 starts each program, waits for its first `GET
//! /2018-06-01/runtime/invocation/next`, looks at its memory and ends it. Functions take turns, so that a busy moment
//! of the machine meets all of them.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;

use crate::functions::environment;
use crate::text::{number, table};

const PATIENCE: Duration = Duration::from_secs(10);
const NEXT: &str = "GET /2018-06-01/runtime/invocation/next ";

/// A program that is a Lambda function, and the package that it is deployed as.
#[derive(Debug, Clone)]
pub struct Function {
    pub name: String,
    pub program: PathBuf,
    pub package_bytes: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct ColdStart {
    /// `release` or `dev`.
    pub profile: String,
    pub runs: u32,
    /// The least that a function can be.
    pub hello: Measured,
    pub functions: Vec<Measured>,
}

/// Medians.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    pub name: String,
    pub init_ms: f64,
    /// The quickest of all starts: what other work on the machine disturbs least.
    pub quickest_ms: f64,
    /// Of the medians, against the least that a function can be.
    pub ratio: f64,
    /// When it asked for work, files that are mapped included.
    pub resident_mb: f64,
    /// Of that, what is the process's own: the rest are pages of its file and libraries.
    pub own_mb: f64,
    pub package_mb: f64,
}

/// What one start took.
#[derive(Debug, Clone, Copy)]
struct Start {
    ms: f64,
    resident_mb: f64,
    own_mb: f64,
}

/// Starts each function `runs` times, in turns.
///
/// # Errors
/// Where one does not start.
pub fn measure(
    hello: &Function,
    functions: &[Function],
    runs: u32,
    profile: &str,
) -> Result<ColdStart> {
    ensure!(runs > 0, "nothing is measured in 0 runs");
    let mut starts: BTreeMap<&str, Vec<Start>> = BTreeMap::new();
    // The first of each fills the machine's cache of files, and does not count.
    for run in 0..=runs {
        for function in std::iter::once(hello).chain(functions) {
            let start = function.start()?;
            if run > 0 {
                starts.entry(&function.name).or_default().push(start);
            }
        }
    }
    let measured = |function: &Function, least: Option<f64>| {
        let all = starts
            .get(function.name.as_str())
            .map_or(&[][..], Vec::as_slice);
        let init_ms = median(all, |start| start.ms);
        let times = all.iter().map(|start| start.ms);
        Measured {
            name: function.name.clone(),
            init_ms,
            quickest_ms: times.reduce(f64::min).unwrap_or_default(),
            ratio: init_ms / least.unwrap_or(init_ms),
            resident_mb: median(all, |start| start.resident_mb),
            own_mb: median(all, |start| start.own_mb),
            package_mb: megabytes(function.package_bytes),
        }
    };
    let least = measured(hello, None);
    let functions = functions.iter();
    Ok(ColdStart {
        profile: profile.to_owned(),
        runs,
        functions: functions
            .map(|one| measured(one, Some(least.init_ms)))
            .collect(),
        hello: least,
    })
}

fn median(starts: &[Start], of: impl Fn(&Start) -> f64) -> f64 {
    let mut values: Vec<f64> = starts.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

impl Function {
    fn start(&self) -> Result<Start> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the Runtime API's stand-in")?;
        let address = listener.local_addr()?;
        let began = Instant::now();
        let mut child = Command::new(&self.program)
            .env_clear()
            .envs(environment(address))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let asked = first_question(listener);
        let memory = memory(&child);
        let said = end(&mut child);
        let (at, _stream) = asked.with_context(|| format!("{} said: {said}", self.name))?;
        let (resident_mb, own_mb) = memory?;
        Ok(Start {
            ms: (at - began).as_secs_f64() * 1000.0,
            resident_mb,
            own_mb,
        })
    }
}

/// When the function asked for work. The connection stays open as long as what is returned lives.
fn first_question(listener: TcpListener) -> Result<(Instant, TcpStream)> {
    let (say, asked) = channel();
    // Ends with the process, or when it has said what it heard.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            if BufReader::new(&stream).read_line(&mut line).is_ok() {
                // An error means that nobody waits any more.
                let _ = say.send((Instant::now(), line, stream));
                return;
            }
        }
    });
    match asked.recv_timeout(PATIENCE) {
        Ok((at, line, stream)) if line.starts_with(NEXT) => Ok((at, stream)),
        Ok((_, line, _)) => bail!("the function's first request is `{}`", line.trim()),
        Err(_) => bail!("the function asked for no work in {} s", PATIENCE.as_secs()),
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
fn memory(child: &Child) -> Result<(f64, f64)> {
    let path = format!("/proc/{}/status", child.id());
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let field = |name: &str| {
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes: u64 = line?.split_whitespace().next()?.parse().ok()?;
        Some(megabytes(kilobytes * 1024))
    };
    field("VmRSS")
        .zip(field("RssAnon"))
        .with_context(|| format!("{path} does not say it"))
}

pub fn text(found: &ColdStart) -> String {
    let row = |one: &Measured| {
        let figures = [
            one.init_ms,
            one.quickest_ms,
            one.ratio,
            one.resident_mb,
            one.own_mb,
            one.package_mb,
        ];
        let mut row = vec![one.name.clone()];
        row.extend(figures.map(number));
        row
    };
    let all = std::iter::once(&found.hello).chain(&found.functions);
    let head = [
        "function",
        "init ms",
        "quickest ms",
        "of hello",
        "resident MB",
        "own MB",
        "package MB",
    ];
    format!(
        "{} builds, median of {} starts\n\n{}",
        found.profile,
        found.runs,
        table(&head, &all.map(row).collect::<Vec<_>>())
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn function(folder: &std::path::Path, script: &str) -> Function {
        let program = folder.join("bootstrap");
        std::fs::write(&program, format!("#!/bin/bash\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Function {
            name: "one".to_owned(),
            program,
            package_bytes: 2_000_000,
        }
    }

    /// Asks for work as a function does; bash can open a connection by itself.
    const ASKS: &str = r#"
exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\/}"
printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n' >&3
read -r line <&3
"#;

    #[test]
    fn each_run_of_each_function_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let one = function(folder.path(), ASKS);
        let hello = Function {
            name: "hello".to_owned(),
            ..one.clone()
        };
        let found = measure(&hello, &[one], 3, "dev").unwrap();
        assert_eq!((found.runs, found.functions.len()), (3, 1));
        let one = &found.functions[0];
        assert!(
            one.init_ms > 0.0 && one.resident_mb > one.own_mb && one.own_mb > 0.0,
            "{one:?}"
        );
        assert_eq!((one.package_mb, found.hello.ratio), (2.0, 1.0));
    }

    #[test]
    fn a_function_that_cannot_start_is_told_with_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let one = function(
            folder.path(),
            "echo 'WORKFLOW_TABLE is not set'; exec 3<>\"/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\\/}\"; printf 'POST /2018-06-01/runtime/init/error HTTP/1.1\\r\\n' >&3",
        );
        let said = format!("{:#}", one.start().unwrap_err());
        assert!(
            said.contains("WORKFLOW_TABLE is not set") && said.contains("init/error"),
            "{said}"
        );
    }
}
