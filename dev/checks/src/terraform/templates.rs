//! That CloudFormation knows what the templates of the agents' runtimes say: cfn-lint, by AWS's own schema of each resource.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::terraform::plans;
use aegis_client::local;
use aegis_local_aws::emulator::REGION;
use aegis_local_aws::foreground::{self, Line};
use aegis_local_aws::terraform::command::Terraform;
use aegis_local_aws::{environment, venv};
use aegis_terminal::progress::Step;

/// Its runs plan the templates in each way in which they differ.
pub const RUNS: &str = "runtimes.tftest.hcl";

/// `terraform` has been initialised; `scratch` is a folder for what is left behind.
pub async fn check(terraform: &Terraform<'_>, scratch: &Path, python: &str) -> Result<()> {
    let parent = local::default_stack_folder()?;
    // The second emulator brings cfn-lint along.
    let python = venv::ensure(&venv::SECOND_EMULATOR, &parent, python).await?;
    let step = Step::begin("Check the templates of the agents' runtimes");
    step.waiting_for("terraform test");
    let filter = format!("-filter=tests/{RUNS}");
    let lines = terraform
        .lines(&["test", "-json", "-verbose", &filter])
        .await?;
    let mut templates = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in &lines {
        wrong.extend(plans::Message::of(line)?.trouble());
        templates.extend(planned(line)?);
    }
    ensure!(wrong.is_empty(), "{RUNS} fails with {wrong:#?}");
    ensure!(!templates.is_empty(), "{RUNS} plans no template");

    let folder = scratch.join("templates");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    for (name, body) in &templates {
        std::fs::write(folder.join(format!("{name}.json")), body)?;
    }
    step.waiting_for("cfn-lint");
    let mut linter = Command::new(python.with_file_name("cfn-lint"));
    linter
        .args(["--regions", REGION, "--format", "parseable"])
        .args(templates.keys().map(|name| format!("{name}.json")))
        .current_dir(&folder)
        .env_clear()
        .envs(environment::clean(scratch));
    let mut found = Vec::new();
    let finished = foreground::run(linter, |line| {
        let (Line::Output(line) | Line::Error(line)) = line;
        found.push(line.to_owned());
    })
    .await?;
    ensure!(
        finished.status.success(),
        "cfn-lint, {}:\n{}",
        finished.status,
        found.join("\n")
    );
    step.done(&format!("{} templates", templates.len()));
    Ok(())
}

/// A line of `terraform test -json -verbose`; few of them are plans.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "@testrun")]
    run: Option<String>,
    test_plan: Option<Plan>,
}

#[derive(Deserialize)]
struct Plan {
    resource_changes: Vec<ResourceChange>,
}

#[derive(Deserialize)]
struct ResourceChange {
    r#type: String,
    index: Option<serde_json::Value>,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    after: Option<After>,
}

#[derive(Deserialize)]
struct After {
    template_body: Option<String>,
}

/// The templates of one run, each by the names of run and agent.
fn planned(line: &str) -> Result<Vec<(String, String)>> {
    let message: Message = serde_json::from_str(line).context("terraform test says no JSON")?;
    let (Some(run), Some(plan)) = (message.run, message.test_plan) else {
        return Ok(Vec::new());
    };
    let stacks = plan
        .resource_changes
        .into_iter()
        .filter(|resource| resource.r#type == "aws_cloudformation_stack");
    stacks
        .map(|stack| {
            let agent = stack.index.as_ref().and_then(|index| index.as_str());
            let agent = agent.context("a stack without an agent's name")?;
            let body = stack.change.after.and_then(|after| after.template_body);
            let body = body.with_context(|| format!("{run} plans no template for {agent}"))?;
            Ok((format!("{run}-{agent}"), body))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_templates_of_a_run_are_found_in_its_plan() {
        let line = json!({
            "@testrun": "in_a_network",
            "type": "test_plan",
            "test_plan": {"resource_changes": [
                {"type": "aws_sqs_queue", "change": {"after": {"name": "aegis-dev-intake"}}},
                {"type": "aws_cloudformation_stack", "index": "writer", "change": {"after": {"template_body": "{}"}}},
            ]},
        });
        let found = planned(&line.to_string()).unwrap();
        assert_eq!(found, [("in_a_network-writer".to_owned(), "{}".to_owned())]);
        assert_eq!(planned(r#"{"type": "version"}"#).unwrap(), []);
    }

    #[test]
    fn a_template_that_is_not_known_before_the_apply_is_no_template() {
        let line = json!({
            "@testrun": "platform",
            "test_plan": {"resource_changes": [
                {"type": "aws_cloudformation_stack", "index": "writer", "change": {"after": {}}},
            ]},
        });
        assert!(planned(&line.to_string()).is_err());
    }
}
