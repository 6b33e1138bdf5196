//! What must be on the machine before anything is started, and how to get it.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use serde::Deserialize;

const OLDEST_PYTHON: (u32, u32) = (3, 10);
const OLDEST_TERRAFORM: (u32, u32) = (1, 5);
/// Newest last on purpose: what the user calls `python3` is preferred when it will do.
const PYTHONS: [&str; 6] = [
    "python3",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python",
];

/// The programs found.
#[derive(Debug, Clone)]
pub struct Prerequisites {
    pub python: String,
    pub terraform: String,
    pub cargo: String,
}

/// Looks for all of them and reports every problem together.
pub fn check() -> Result<Prerequisites> {
    let mut problems = Vec::new();
    let python = find_python();
    if let Err(problem) = &python {
        problems.push(problem.clone());
    }
    if let Err(problem) = judge_terraform(output_of("terraform", &["version", "-json"]).as_deref())
    {
        problems.push(problem);
    }
    let cargo = cargo();
    if output_of(&cargo, &["--version"]).is_none() {
        problems.push("Rust's cargo was not found: install Rust with rustup.".to_owned());
    }
    match python {
        Ok(python) if problems.is_empty() => Ok(Prerequisites {
            python,
            terraform: "terraform".to_owned(),
            cargo,
        }),
        _ => bail!("{}", problems.join("\n")),
    }
}

/// The cargo that runs this command, if one does.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// A Python that can make virtual environments.
pub fn python() -> Result<String> {
    find_python().map_err(anyhow::Error::msg)
}

fn find_python() -> Result<String, String> {
    const PROBE: &str = "import sys, venv, ensurepip; print(*sys.version_info[:2])";
    let mut problem = judge_python(None);
    for name in PYTHONS {
        let answer = output_of(name, &["-c", PROBE]);
        match judge_python(answer.as_deref()) {
            Ok(()) => return Ok(name.to_owned()),
            Err(found) if answer.is_some() => problem = Err(found),
            Err(_) => {}
        }
    }
    problem.map(|()| String::new())
}

/// `answer` is "major minor", or nothing when Python or its venv module is missing.
fn judge_python(answer: Option<&str>) -> Result<(), String> {
    let (major, minor) = OLDEST_PYTHON;
    let Some(answer) = answer else {
        return Err(format!(
            "Python {major}.{minor} or newer with its venv module was not found: install it \
             (on Debian and Ubuntu: apt-get install python3 python3-venv)."
        ));
    };
    let mut parts = answer.split_whitespace().map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(a)), Some(Ok(b))) if (a, b) >= OLDEST_PYTHON => Ok(()),
        _ => Err(format!(
            "Python {} is too old: install Python {major}.{minor} or newer.",
            answer.trim().replace(' ', ".")
        )),
    }
}

#[derive(Deserialize)]
struct TerraformVersion {
    terraform_version: String,
}

/// `answer` is what `terraform version -json` prints, or nothing when there is no Terraform.
fn judge_terraform(answer: Option<&str>) -> Result<(), String> {
    let (major, minor) = OLDEST_TERRAFORM;
    let Some(answer) = answer else {
        return Err(format!(
            "Terraform was not found: install version {major}.{minor} or newer from HashiCorp's \
             download page or your package manager, and put it on the PATH."
        ));
    };
    let version = serde_json::from_str::<TerraformVersion>(answer)
        .map(|version| version.terraform_version)
        .unwrap_or_default();
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(a)), Some(Ok(b))) if (a, b) >= OLDEST_TERRAFORM => Ok(()),
        _ => Err(format!(
            "Terraform {version} is too old: install version {major}.{minor} or newer."
        )),
    }
}

fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .env_remove("TF_CLI_CONFIG_FILE")
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_must_be_new_enough() {
        assert_eq!(judge_python(Some("3 10\n")), Ok(()));
        assert_eq!(judge_python(Some("4 0")), Ok(()));
        assert!(
            judge_python(Some("3 9"))
                .unwrap_err()
                .contains("3.9 is too old")
        );
        assert!(judge_python(None).unwrap_err().contains("python3-venv"));
    }

    #[test]
    fn terraform_must_be_new_enough() {
        let version = |text: &str| format!("{{\"terraform_version\":\"{text}\"}}");
        assert_eq!(judge_terraform(Some(&version("1.5.0"))), Ok(()));
        assert_eq!(judge_terraform(Some(&version("1.11.4"))), Ok(()));
        assert!(
            judge_terraform(Some(&version("1.4.9")))
                .unwrap_err()
                .contains("too old")
        );
        assert!(judge_terraform(None).unwrap_err().contains("not found"));
    }
}
