//! A copy of the repository's `terraform/` in which `deploy.sh` is called, and the environment of those calls.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use tokio::process::Command;
use walkdir::WalkDir;

use aegis_client::local::StackFolder;
use aegis_local_aws::binaries::AGENTS;
use aegis_local_aws::emulator::REGION;
use aegis_local_aws::foreground::{self, Line};
use aegis_local_aws::json::write_json;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::terraform::command::GARBAGE_COLLECTOR;
use aegis_local_aws::terraform::{mirror, variables};

const STAND_INS: [(&str, &str); 2] = [
    ("cargo", include_str!("../../assets/stand-ins/cargo")),
    ("docker", include_str!("../../assets/stand-ins/docker")),
];

pub struct Site {
    /// Told before each line that is typed here.
    name: &'static str,
    root: PathBuf,
    environment: Vec<(String, String)>,
}

/// How a call ended.
pub struct Ended {
    pub good: bool,
    /// Standard output.
    pub output: String,
    /// Both streams, as they came.
    pub all: String,
}

impl Site {
    /// Several, of different names, may be side by side.
    pub fn prepare(
        name: &'static str,
        folder: &StackFolder,
        settings: &Settings,
        repository: &Path,
        tools: &Path,
    ) -> Result<Self> {
        let root = folder.root().join("sites").join(name);
        if root.exists() {
            std::fs::remove_dir_all(&root)?;
        }
        copy(&repository.join("terraform"), &root.join("terraform"))?;
        let path = root.join("tools");
        for (name, script) in STAND_INS {
            write_program(&path, name, script)?;
        }
        let mut environment = vec![
            ("AWS_ENDPOINT_URL".to_owned(), settings.aws_endpoint_url()),
            (
                "AWS_ACCESS_KEY_ID".to_owned(),
                settings.access_key_id.clone(),
            ),
            (
                "AWS_SECRET_ACCESS_KEY".to_owned(),
                settings.secret_access_key.clone(),
            ),
            ("AWS_REGION".to_owned(), REGION.to_owned()),
            ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()),
            ("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()),
            (
                GARBAGE_COLLECTOR.0.to_owned(),
                GARBAGE_COLLECTOR.1.to_owned(),
            ),
            (
                "STAND_IN_CALLS".to_owned(),
                root.join("calls").display().to_string(),
            ),
            (
                "STAND_IN_FOLDER".to_owned(),
                root.join("built").display().to_string(),
            ),
        ];
        if let Some(mirror) = mirror::find() {
            let file = root.join("terraform.rc");
            mirror::write_configuration(&mirror, &file)?;
            environment.push(("TF_CLI_CONFIG_FILE".to_owned(), file.display().to_string()));
        }
        let tools = tools.parent().context("Python lies in no folder")?;
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let folders = [path, tools.to_path_buf()].into_iter();
        let all = std::env::join_paths(folders.chain(std::env::split_paths(&usual)))?;
        environment.push(("PATH".to_owned(), all.to_string_lossy().into_owned()));
        let site = Self {
            name,
            root,
            environment,
        };
        site.set_local_values(settings)?;
        copy(&folder.packages(), &site.root.join("built/packages"))?;
        for agent in AGENTS {
            site.set_program(agent, "first")?;
        }
        Ok(site)
    }

    /// What makes any stage one of the local AWS, beside what the engineer writes.
    fn set_local_values(&self, settings: &Settings) -> Result<()> {
        let values = json!({
            "aws_endpoint_url": settings.aws_endpoint_url(),
            "lambda_architecture": variables::lambda_architecture(),
            "build_agent_images": true,
            "agents": variables::agents(settings),
        });
        write_json(&self.terraform().join("local.auto.tfvars.json"), &values)
    }

    pub fn terraform(&self) -> PathBuf {
        self.root.join("terraform")
    }

    /// The calls' `PATH`, with one more program in front.
    pub fn path_with(&self, name: &str, script: &str) -> Result<String> {
        let folder = self.root.join("tools-of-one-call");
        write_program(&folder, name, script)?;
        let usual = self.environment.iter().find(|(name, _)| name == "PATH");
        let usual = usual.map_or("", |(_, path)| path.as_str());
        Ok(format!("{}:{usual}", folder.display()))
    }

    /// As in a clone in which nothing was built: whoever destroys a stage need not build it first.
    pub fn forget_builds(&self) -> Result<()> {
        std::fs::remove_dir_all(self.root.join("target")).context("nothing was built here")
    }

    /// What stands for an agent's program.
    pub fn set_program(&self, agent: &str, content: &str) -> Result<()> {
        let folder = self.root.join("built/programs");
        std::fs::create_dir_all(&folder)?;
        let text = format!("the program of the {agent}: {content}\n");
        std::fs::write(folder.join(format!("{agent}-agent")), text)
            .context("cannot write a program")
    }

    /// What the stand-ins noted since this was asked last.
    pub fn calls(&self) -> Result<Vec<String>> {
        let file = self.root.join("calls");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(&file, "")?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// A line as it is typed in `terraform/`.
    pub async fn typed(&self, line: &str) -> Result<Ended> {
        self.typed_with(line, &[]).await
    }

    pub async fn typed_with(&self, line: &str, more: &[(&str, &str)]) -> Result<Ended> {
        errln!("{} $ {line}", self.name);
        let mut command = Command::new("bash");
        command.args(["-c", line]).current_dir(self.terraform());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if ["AWS_", "TF_", "AEGIS_", "CARGO"]
                .iter()
                .any(|start| name.starts_with(start))
            {
                command.env_remove(name.as_ref());
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if !line.starts_with("./deploy.sh") {
            // Version 1 of the command line of AWS knows only this name. The script sees to it itself.
            command.env("AWS_DEFAULT_REGION", REGION);
        }
        command
            .envs(more.iter().copied())
            .stdin(std::process::Stdio::null());
        let (mut output, mut all) = (String::new(), String::new());
        let finished = foreground::run(command, |line| {
            let text = match line {
                Line::Output(text) => {
                    output.push_str(text);
                    output.push('\n');
                    text
                }
                Line::Error(text) => text,
            };
            all.push_str(text);
            all.push('\n');
        })
        .await?;
        Ok(Ended {
            good: finished.status.success(),
            output,
            all,
        })
    }

    /// The same, for what has to work.
    pub async fn works(&self, line: &str) -> Result<Ended> {
        let ended = self.typed(line).await?;
        if !ended.good {
            bail!("`{line}` failed:\n{}", ended.all);
        }
        Ok(ended)
    }
}

fn write_program(folder: &Path, name: &str, script: &str) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join(name);
    std::fs::write(&file, script).with_context(|| format!("cannot write {}", file.display()))?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Without what Terraform or an engineer leaves beside the sources; with the files' modes.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let own = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        let left_behind =
            name.starts_with(".terraform") || name.contains(".tfstate") || name == "backend.tf";
        entry.depth() == 0
            || !(left_behind || name.ends_with(".tfvars") || name.ends_with(".tfvars.json"))
    };
    for entry in WalkDir::new(from).into_iter().filter_entry(own) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target)?;
        } else {
            std::fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}
