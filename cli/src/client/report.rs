//! `aegis report`: the finished report, printed or written to a file.

use std::fs::{OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{ResultLink, WorkflowView};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::refusal::explained;
use super::session::Session;
use super::show;
use crate::context::Context;
use crate::failure::Coded;
use crate::out::{self, Stream};
use aegis_client::path::shown;

/// In the place of a file's name.
const STANDARD_OUTPUT: &str = "-";

/// Print the result of a completed workflow, such as a report, or write it to a file.
///
/// What a terminal would act upon is printed escaped; a file gets the result as it is stored. With --json, the
/// presigned URL that the API gives for it, and until when it can be read.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
    /// Write it here instead of printing it; `-` prints it.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let answer = match session.workflow(&arguments.id).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(error, &arguments.id, &session).await),
    };
    let link = link(&answer.value, &session)?;
    let file = file(arguments.output.as_deref(), session.json)?;
    if let Some(path) = file {
        let report = session.api.fetch(&link.url).await?;
        write(path, &report)?;
    }
    if session.json {
        if let Some(path) = file {
            errln!("report  {}", shown(path));
        }
        let raw: Value = serde_json::from_str(&answer.raw)?;
        out::json(raw.get("result").unwrap_or(&Value::Null));
    } else if let Some(path) = file {
        outln!("{}", shown(path));
    } else {
        print(&session.api.fetch(&link.url).await?);
    }
    Ok(ExitCode::SUCCESS)
}

/// Where `--output` sends a report: into a file, or, for `-`, to standard output.
///
/// # Errors
/// Where JSON shall be printed there as well.
pub fn file(output: Option<&Path>, json: bool) -> Result<Option<&Path>> {
    match output {
        Some(path) if path == Path::new(STANDARD_OUTPUT) && json => {
            let both =
                "standard output cannot hold the report and JSON: leave out `-o -` or `--json`";
            Err(Coded::new("usage", both).into())
        }
        Some(path) if path == Path::new(STANDARD_OUTPUT) => Ok(None),
        file => Ok(file),
    }
}

/// To standard output, as a text from elsewhere.
pub fn print(report: &[u8]) {
    let report = String::from_utf8_lossy(report);
    let end = if report.ends_with('\n') { "" } else { "\n" };
    out::write(Stream::Out, &format!("{report}{end}"));
}

fn link<'a>(view: &'a WorkflowView, session: &Session) -> Result<&'a ResultLink> {
    let Some(link) = &view.result else {
        let next = show::next_steps(view, session).join("\n  ");
        let status = view.status.as_str().replace('_', " ");
        bail!(
            "{} has no result: it is {status}\n  {next}",
            view.workflow_id
        );
    };
    Ok(link)
}

/// Puts a report in its place, and makes the folder if need be. What was there before stays until all of the report is
/// on the disk, and stays for good where that fails.
///
/// # Errors
/// Where the disk says no.
pub fn write(path: &Path, report: &[u8]) -> Result<()> {
    let written = || -> std::io::Result<()> {
        let target = match Target::of(path)? {
            Target::Device => return std::fs::write(path, report),
            Target::File(target) => target,
        };
        let mut file = beside(&target)?;
        file.as_file_mut().write_all(report)?;
        file.as_file().sync_all()?;
        file.persist(&target)?;
        // The name is on the disk only once its folder is.
        std::fs::File::open(folder_of(&target))?.sync_all()
    };
    written().with_context(|| format!("cannot write {}", shown(path)))
}

/// Whether [`write`] will find its place, asked before anything is spent on a report.
///
/// # Errors
/// Where it will not.
pub fn can_be_written(path: &Path) -> std::io::Result<()> {
    match Target::of(path)? {
        Target::Device => OpenOptions::new().append(true).open(path).map(drop),
        // Gone again when it is dropped: only the system knows whether it lets us.
        Target::File(target) => beside(&target).map(drop),
    }
}

enum Target {
    File(PathBuf),
    /// Or a pipe: there is nothing to keep, and nothing may take its place.
    Device,
}

impl Target {
    /// What a link leads to, if there is one.
    fn of(path: &Path) -> std::io::Result<Self> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(found) if found.is_file() => std::fs::canonicalize(path).map(Self::File),
            Ok(_) => Ok(Self::Device),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                std::fs::create_dir_all(folder_of(path))?;
                Ok(Self::File(path.to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent();
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// A new file in the same folder, which can take the place of `target` in one step, with its permissions.
fn beside(target: &Path) -> std::io::Result<NamedTempFile> {
    // But for what the umask takes away.
    let as_usual = Permissions::from_mode(0o666);
    let file = tempfile::Builder::new()
        .prefix(".aegis-")
        .permissions(as_usual)
        .tempfile_in(folder_of(target))
        // The library's own sentence names the new file, which nobody has heard of.
        .map_err(|error| std::io::Error::from(error.kind()))?;
    if let Ok(before) = std::fs::metadata(target) {
        file.as_file().set_permissions(before.permissions())?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        entries.map(name).collect()
    }

    #[test]
    fn an_old_report_is_replaced_whole_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.md");
        std::fs::write(&path, "a longer old report").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let before = std::fs::File::open(&path).unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["r.md"]);
        // Whoever still reads the old one reads all of it: nothing was written into it.
        assert_eq!(
            std::io::read_to_string(before).unwrap(),
            "a longer old report"
        );
    }

    #[test]
    fn a_link_stays_and_a_device_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.md"), folder.path().join("link.md"));
        std::fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&real).unwrap(), b"new");
        write(Path::new("/dev/null"), b"new").unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
        assert!(write(folder.path(), b"new").is_err());
    }
}
