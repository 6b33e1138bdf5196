//! Runs the program without a terminal, in a folder of its own.

use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::process::Command;

use crate::fake::Fake;

pub struct Program {
    pub folder: TempDir,
    pub fake: Fake,
}

/// What came out of it.
pub struct Outcome {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Program {
    pub fn against(fake: &Fake) -> Self {
        Self::with_authorization(fake, "none")
    }

    pub fn with_authorization(fake: &Fake, authorization: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stage = fake.stage(authorization).to_string();
        std::fs::write(folder.path().join("stage.json"), stage).unwrap();
        Self {
            folder,
            fake: fake.clone(),
        }
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
        command
            .args(words)
            .args(["--stage", "stage.json"])
            .current_dir(self.folder.path())
            .env("TZ", "UTC")
            .env_remove("CARGO")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub async fn run(&self, words: &[&str]) -> Outcome {
        Outcome::of(self.command(words).output().await.unwrap())
    }
}

impl Outcome {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{} {}", self.out, self.err))
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }
}
