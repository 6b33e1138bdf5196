//! A stage for development: what is typed, and what has to come of it.

use std::path::{Path, PathBuf};

use aegis_local_aws::binaries::AGENTS;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::deploy_test::{site::Site, there_is};

/// As the guide has it. `SIGNED` is what an API adds that asks for signatures.
const QUICK_START: &str = r#"API_ENDPOINT=$(terraform output -raw api_endpoint)
curl -sS -X POST "$API_ENDPOINT/workflows" SIGNED \
  -H "Content-Type: application/json" \
  -d '{
    "topic": "Impact of quantum computing on cryptography",
    "parameters": {"depth": "comprehensive"}
  }'"#;
const SIGNED: &str = r#"--aws-sigv4 "aws:amz:us-east-1:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY""#;

/// An account in which Lambda runs as few functions as in a new one.
const NEW_ACCOUNT: &str = "#!/usr/bin/env bash\n[[ $* != *get-account-settings* ]] || echo 10\n";

/// dev, with the settings that come with the sources, and the quick start.
pub async fn story(site: &Site) -> Result<()> {
    prerequisites_are_told(site).await?;
    site.works("cp terraform.tfvars.example terraform.tfvars")
        .await?;
    let refused = site.typed("./deploy.sh deploy").await?;
    ensure!(
        !refused.good && refused.all.contains("say --yes"),
        "deploy without a terminal asked nobody: {}",
        refused.all
    );
    site.calls()?;

    site.works("./deploy.sh deploy --yes").await?;
    images_are_built(site).await?;
    ensure!(
        started(site, "").await.is_err(),
        "the API takes unsigned requests"
    );
    started(site, SIGNED).await?;
    logs_are_shown(site).await?;
    outputs_are_told(site).await?;
    only_what_changed_is_built(site).await?;
    // Where it costs nothing, an API may be open: the last of these deployments opened it.
    started(site, "").await?;
    no_workspace_is_mistaken(site).await?;

    keys_are_made(site).await?;
    site.forget_builds()?;
    site.works("./deploy.sh destroy --yes").await?;
    site.works("rm terraform.tfvars").await?;
    Ok(())
}

async fn prerequisites_are_told(site: &Site) -> Result<()> {
    let checked = site.works("./deploy.sh check").await?;
    let told = ["Lambda runs", "Ready."];
    ensure!(
        told.iter().all(|words| checked.all.contains(words)),
        "check: {}",
        checked.all
    );
    let path = site.path_with("aws", NEW_ACCOUNT)?;
    let small = site
        .typed_with("./deploy.sh check", &[("PATH", &path)])
        .await?;
    ensure!(
        small.good && small.all.contains("set dispatch_concurrency = 2"),
        "a new account is not warned: {}",
        small.all
    );
    Ok(())
}

/// Types the quick start.
async fn started(site: &Site, signed: &str) -> Result<()> {
    let answer = site.works(&QUICK_START.replace("SIGNED", signed)).await?;
    let answer: Value = serde_json::from_str(&answer.output)
        .with_context(|| format!("the quick start was answered with {}", answer.output))?;
    ensure!(answer["workflow_id"].is_string(), "no workflow: {answer}");
    Ok(())
}

/// A pushed image carries three tags: its content's, the time's, and `latest`.
async fn images_are_built(site: &Site) -> Result<()> {
    let calls = site.calls()?;
    let packaged = calls
        .iter()
        .filter(|call| call.starts_with("cargo xtask package --"));
    ensure!(
        packaged.count() == 2,
        "cargo was called otherwise: {calls:?}"
    );
    ensure!(
        calls
            .iter()
            .any(|call| call.contains("package --agents --architecture arm64")),
        "the agents' programs were not built for arm64: {calls:?}"
    );
    ensure!(
        built(&calls).len() == AGENTS.len(),
        "not every image was built: {calls:?}"
    );
    for agent in AGENTS {
        let name = format!("aegis-dev-{agent}-agent");
        let build = calls.iter().find(|call| {
            call.contains(" buildx build ") && call.contains(&format!("/{name}:latest"))
        });
        let build = build.with_context(|| format!("no image of the {agent}: {calls:?}"))?;
        for part in [
            "--platform linux/arm64 ",
            "--provenance=false ",
            "--push ",
            "agent-image/Dockerfile ",
        ] {
            ensure!(build.contains(part), "`{part}` is not in `{build}`");
        }
        let list = format!(
            "aws ecr describe-images --repository-name {name} --query 'imageDetails[].imageTags[]' --output text"
        );
        let mut tags: Vec<String> = site
            .works(&list)
            .await?
            .output
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        tags.sort();
        let [time, latest, content] = &tags[..] else {
            bail!("the image of the {agent} has the tags {tags:?}");
        };
        let timely = time.len() == 16 && time.starts_with("20") && time.ends_with('Z');
        ensure!(
            timely && latest == "latest" && content.starts_with("sha-"),
            "the image of the {agent} has the tags {tags:?}"
        );
    }
    ensure!(
        calls
            .iter()
            .filter(|call| call.starts_with("sent agent: "))
            .count()
            == AGENTS.len(),
        "docker was sent more than the program: {calls:?}"
    );
    Ok(())
}

fn built(calls: &[String]) -> Vec<&String> {
    calls
        .iter()
        .filter(|call| call.contains(" buildx build "))
        .collect()
}

async fn outputs_are_told(site: &Site) -> Result<()> {
    let told = site.works("./deploy.sh outputs --json").await?;
    let outputs: Value = serde_json::from_str(&told.output).context("outputs are not JSON")?;
    for name in [
        "api_endpoint",
        "ecr_repository_urls",
        "docker_commands",
        "agent_arns",
    ] {
        ensure!(
            !outputs[name]["value"].is_null(),
            "there is no output {name}"
        );
    }
    site.calls()?;
    site.works("./deploy.sh test").await?;
    let calls = site.calls()?;
    ensure!(
        calls
            .iter()
            .any(|call| call.starts_with("cargo aegis run --stage ")),
        "test ran no workflow: {calls:?}"
    );
    Ok(())
}

/// A time that changed is no change, as the stand-in for cargo gives every program a new one; a program that changed is
/// one of its own image alone; and one that is taken back is not built again, whatever else changes with it.
async fn only_what_changed_is_built(site: &Site) -> Result<()> {
    let again = site.works("./deploy.sh deploy --yes").await?;
    ensure!(
        built(&site.calls()?).is_empty(),
        "an image was built although nothing had changed: {}",
        again.all
    );

    site.set_program("writer", "second")?;
    site.works("./deploy.sh deploy --yes").await?;
    let calls = site.calls()?;
    let images = built(&calls);
    ensure!(
        images.len() == 1 && images[0].contains("-writer-agent:"),
        "a change of the writer built {images:?}"
    );

    site.set_program("writer", "first")?;
    site.works(r#"sed -i 's/^api_authorization.*/api_authorization = "none"/' terraform.tfvars"#)
        .await?;
    site.works("./deploy.sh deploy --yes").await?;
    let calls = site.calls()?;
    ensure!(
        built(&calls).is_empty()
            && calls
                .iter()
                .any(|call| call.contains(" imagetools create ")),
        "going back built an image: {calls:?}"
    );
    Ok(())
}

/// The settings of one environment are not planned against the state of another, by `terraform` itself either.
async fn no_workspace_is_mistaken(site: &Site) -> Result<()> {
    site.works("terraform workspace new staging").await?;
    let plan = "terraform plan -input=false -target=terraform_data.rules";
    let refused = site.typed(plan).await?;
    let said = refused.all.contains("This workspace holds another");
    ensure!(
        !refused.good && said,
        "dev was planned in the workspace of staging: {}",
        refused.all
    );
    site.works("terraform workspace select dev").await?;
    site.works("terraform workspace delete staging").await?;
    Ok(())
}

/// The platform makes its keys itself at the first dispatch: destroy has to delete what Terraform does not know.
async fn keys_are_made(site: &Site) -> Result<()> {
    for _ in 0..60 {
        if there_is(site, "parameter", "/aegis/dev/").await? {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    bail!("the workflow was not dispatched: there are no keys")
}

const TRIES: usize = 30;

/// Without `--follow`, which ends by itself: the emulator gives log lines no id, by which it would go on.
async fn logs_are_shown(site: &Site) -> Result<()> {
    let Some(program) = version_2().await else {
        errln!(
            "LEFT OUT: `aws logs tail` was not typed, because no `aws` on PATH is of version 2 (on Debian: \
             apt-get install awscli)"
        );
        return Ok(());
    };
    let path = site.path_with("aws", &stand_in(&program))?;
    let tail = async |output: &str| {
        let line = format!("aws logs tail $(terraform output -raw {output})");
        let ended = site.typed_with(&line, &[("PATH", &path)]).await?;
        ensure!(ended.good, "`{line}` failed:\n{}", ended.all);
        anyhow::Ok(ended.output)
    };
    // No agent reports here: it is enough that there is such a group.
    tail("callback_log_group_name").await?;
    for _ in 0..TRIES {
        if tail("controller_log_group_name")
            .await?
            .contains("POST /workflows")
        {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    bail!("aws logs tail shows no line of the quick start")
}

/// Versions before 2.13 read no `AWS_ENDPOINT_URL`.
fn stand_in(program: &Path) -> String {
    let program = program.display();
    format!("#!/usr/bin/env bash\nexec '{program}' --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"\n")
}

async fn version_2() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    for folder in std::env::split_paths(&path) {
        let program = folder.join("aws");
        let Ok(output) = Command::new(&program).arg("--version").output().await else {
            continue;
        };
        if String::from_utf8_lossy(&output.stdout).starts_with("aws-cli/2.") {
            return Some(program);
        }
    }
    None
}
