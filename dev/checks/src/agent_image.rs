//! The agents' image from its real Dockerfile, by a builder without a daemon, over a base made of this machine's own
//! C library; then an agent in it, under the user that the image names.
//!
//! The base that is deployed comes from a registry, which a test cannot count on. That it is pinned and lints clean is
//! looked at elsewhere.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use aegis_client::local;
use aegis_local_aws::binaries::{self, agent_binary};
use aegis_local_aws::{foreground, prerequisites};
use aegis_terminal::progress::{Step, say};

const BUILDER: &str = "buildah";
const DOCKERFILE: &str = "terraform/agent-image/Dockerfile";
const BASE: &str = "localhost/aegis-test-base:local";
const IMAGE: &str = "localhost/aegis-test-agent:local";
const CONTAINER: &str = "aegis-test-agent";
/// Of the user that the image names.
const UID: &str = "65532";
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

/// # Errors
/// Where the image cannot be built, says something else than it should, or its agent does not run.
pub async fn test() -> Result<()> {
    if !usable().await {
        say(
            "the agents' image: NOT BUILT, because buildah is not on this machine, or not for root",
        );
        return Ok(());
    }
    let root = local::root()?;
    let built = binaries::build(&prerequisites::cargo(), &root).await?;
    let program = built
        .get(&agent_binary("researcher"))
        .context("the build made no researcher")?;
    let step = Step::begin("Build the agents' image and run it");
    let builder = Builder::in_folder(&root.join("target/agent-image"))?;
    let outcome = all(&builder, &root, program).await;
    builder.tidy_up().await;
    outcome?;
    step.done("it answers, without rights");
    Ok(())
}

async fn usable() -> bool {
    let version = Command::new(BUILDER).arg("--version").output().await;
    rustix::process::geteuid().is_root() && version.is_ok_and(|output| output.status.success())
}

async fn all(builder: &Builder, root: &Path, program: &Path) -> Result<()> {
    builder.base(program).await?;
    let context = builder.folder.join("context");
    std::fs::create_dir_all(&context)?;
    std::fs::copy(program, context.join("agent"))?;
    let base = format!("BASE={BASE}");
    let dockerfile = root.join(DOCKERFILE).display().to_string();
    let folder = context.display().to_string();
    let arguments = [
        "build",
        "--format",
        "docker",
        "--build-arg",
        &base,
        "--file",
        &dockerfile,
        "--tag",
        IMAGE,
        &folder,
    ];
    builder.works(&arguments).await?;
    let inspected = builder
        .works(&["inspect", "--type", "image", IMAGE])
        .await?;
    let image: Value = serde_json::from_slice(&inspected.stdout).context("no description")?;
    says_what_it_should(&image["Docker"]["config"])?;
    builder.works(&["from", "--name", CONTAINER, IMAGE]).await?;
    runs(builder).await
}

/// A container host and AgentCore go by these.
fn says_what_it_should(config: &Value) -> Result<()> {
    let expected = [
        ("User", json!(format!("{UID}:{UID}"))),
        ("Entrypoint", json!(["/agent"])),
        ("ExposedPorts", json!({"8080/tcp": {}})),
    ];
    for (name, value) in expected {
        ensure!(config[name] == value, "{name} is {}", config[name]);
    }
    let health = &config["Healthcheck"]["Test"];
    let asked = json!(["CMD", "/agent", "--check-health"]);
    ensure!(*health == asked, "the check of its health is {health}");
    Ok(())
}

/// It serves as the user without rights, and its own check finds it healthy, and ill before and after.
async fn runs(builder: &Builder) -> Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let check = builder.run(port, &["--check-health"]);
    ensure!(
        !passes(check).await?,
        "an agent that does not run is healthy"
    );
    let serving = foreground::run(builder.run(port, &[]), |_| ());
    tokio::select! {
        ended = serving => {
            let said = ended?.errors.join("\n");
            bail!("the agent ended by itself:\n{said}");
        }
        seen = is_well(builder, port) => seen,
    }
}

async fn is_well(builder: &Builder, port: u16) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while !passes(builder.run(port, &["--check-health"])).await? {
        ensure!(Instant::now() < until, "the agent does not become healthy");
        tokio::time::sleep(PAUSE).await;
    }
    let uid = listener_uid(&std::fs::read_to_string("/proc/net/tcp")?, port);
    ensure!(uid.as_deref() == Some(UID), "the agent runs as {uid:?}");
    Ok(())
}

async fn passes(mut command: Command) -> Result<bool> {
    command.stdin(Stdio::null());
    Ok(command.output().await?.status.success())
}

/// Whose process listens at a port, by the kernel's table of sockets.
fn listener_uid(table: &str, port: u16) -> Option<String> {
    const LISTENS: &str = "0A";
    let local = format!(":{port:04X}");
    let mut rows = table.lines().map(|line| line.split_whitespace().collect());
    let found: Vec<&str> = rows
        .find(|row: &Vec<&str>| row.len() > 7 && row[1].ends_with(&local) && row[3] == LISTENS)?;
    Some(found[7].to_owned())
}

/// A builder whose images lie in a folder of the test.
struct Builder {
    folder: PathBuf,
}

impl Builder {
    fn in_folder(folder: &Path) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_path_buf(),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(BUILDER);
        command
            .arg("--root")
            .arg(self.folder.join("storage"))
            .arg("--runroot")
            .arg(self.folder.join("run"))
            .args(["--storage-driver", "vfs"])
            // Needs no right to make namespaces, and shares this machine's network.
            .env("BUILDAH_ISOLATION", "chroot");
        command
    }

    async fn works(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command();
        let output = command
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{BUILDER} {} failed:\n{said}", arguments.join(" "));
        }
        Ok(output)
    }

    /// The agent in its container, listening at `port` of 127.0.0.1.
    fn run(&self, port: u16, arguments: &[&str]) -> Command {
        let mut command = self.command();
        command
            .args(["run", "--env", &format!("AGENT_BIND=127.0.0.1:{port}")])
            .args([
                "--env",
                "ARTIFACT_BUCKET=none",
                "--env",
                "AWS_REGION=us-east-1",
            ])
            .args([CONTAINER, "--", "/agent"])
            .args(arguments)
            .kill_on_drop(true);
        command
    }

    /// What the program is linked to, certificates, and nothing else: no shell, as in the base that is deployed.
    async fn base(&self, program: &Path) -> Result<()> {
        let folder = self.folder.join("base");
        let listed = Command::new("ldd").arg(program).output().await?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        for file in linked(&listed).into_iter().chain([CERTIFICATES]) {
            let target = folder.join(file.trim_start_matches('/'));
            std::fs::create_dir_all(target.parent().context("a library lies in no folder")?)?;
            std::fs::copy(file, &target).with_context(|| format!("cannot copy {file}"))?;
        }
        let dockerfile = self.folder.join("base.Dockerfile");
        std::fs::write(&dockerfile, "FROM scratch\nCOPY . /\n")?;
        let (dockerfile, folder) = (
            dockerfile.display().to_string(),
            folder.display().to_string(),
        );
        let arguments = ["build", "--file", &dockerfile, "--tag", BASE, &folder];
        self.works(&arguments).await.map(|_| ())
    }

    async fn tidy_up(&self) {
        // There may be none; the folder goes all the same.
        let _ = self.works(&["rm", CONTAINER]).await;
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            say(&format!("{} is left: {error}", self.folder.display()));
        }
    }
}

const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The files in what `ldd` prints: `libc.so.6 => /lib/libc.so.6 (0x…)`, and the loader alone.
fn linked(listed: &str) -> Vec<&str> {
    let words = listed.lines().flat_map(str::split_whitespace);
    words.filter(|word| word.starts_with('/')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_socket_listens_is_found() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 1 1\n\
             1: 0100007F:1F91 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 1 1\n";
        assert_eq!(listener_uid(table, 8080).as_deref(), Some("65532"));
        assert_eq!(listener_uid(table, 8081), None, "it does not listen");
    }

    #[test]
    fn the_files_of_a_program_are_read_off() {
        let listed = "\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/libc.so.6 (0x2)\n\t/lib64/ld.so.2 (0x3)\n";
        assert_eq!(linked(listed), ["/lib/libc.so.6", "/lib64/ld.so.2"]);
    }

    #[test]
    fn an_image_that_runs_as_root_is_refused() {
        let good = json!({"User": "65532:65532", "Entrypoint": ["/agent"], "ExposedPorts": {"8080/tcp": {}},
            "Healthcheck": {"Test": ["CMD", "/agent", "--check-health"]}});
        assert!(says_what_it_should(&good).is_ok());
        let mut root = good.clone();
        root["User"] = json!("");
        assert!(says_what_it_should(&root).is_err());
        let mut unchecked = good;
        unchecked["Healthcheck"] = Value::Null;
        assert!(says_what_it_should(&unchecked).is_err());
    }
}
