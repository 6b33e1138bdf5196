//! What Terraform made, read back from the AWS that it was made in.

use std::path::{Path, PathBuf};
use std::process::Command;

use aegis_e2e::stack::{Stack, e2e};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Tells most settings of alarms, and the tags that objects are made with, back wrongly: the emulator, not AWS.
const MISREPORTED: [&str; 3] = [
    "aws_cloudwatch_metric_alarm",
    "aws_cloudwatch_composite_alarm",
    "aws_s3_object",
];

fn terraform_folder(stack: &Stack) -> PathBuf {
    stack.folder.join("terraform")
}

fn json(path: &Path) -> Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// `terraform plan` against the running stack, in words of its machine-readable output.
fn plan(stack: &Stack) -> Result<Vec<Value>> {
    let folder = terraform_folder(stack);
    let settings = json(&stack.folder.join("settings.json"))?;
    let text = |name: &str| settings[name].as_str().unwrap_or_default();
    let port = settings["first_port"].as_u64().context("no port")?;
    let mut command = Command::new("terraform");
    command
        .current_dir(folder.join("module"))
        .args(["plan", "-json", "-input=false", "-lock=false"])
        .arg(format!(
            "-state={}",
            folder.join("terraform.tfstate").display()
        ))
        .arg(format!(
            "-var-file={}",
            folder.join("local.tfvars.json").display()
        ))
        .env("TF_DATA_DIR", folder.join("data"))
        .env("CHECKPOINT_DISABLE", "1")
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("AWS_ACCESS_KEY_ID", text("access_key_id"))
        .env("AWS_SECRET_ACCESS_KEY", text("secret_access_key"))
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let given = settings["variables"].as_object().context("no variables")?;
    for (name, value) in given {
        command.arg(format!(
            "-var={name}={}",
            value.as_str().unwrap_or_default()
        ));
    }
    let mirror = folder.join("terraform.rc");
    if mirror.exists() {
        command.env("TF_CLI_CONFIG_FILE", mirror);
    }
    let output = command.output().context("cannot run terraform")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "terraform plan: {said}");
    let lines = said.lines().map(serde_json::from_str);
    Ok(lines.collect::<Result<_, _>>()?)
}

/// Reads every resource back, as all others are: versions, keys, lifecycle, rules, functions, log groups, ...
#[test]
fn a_second_plan_changes_nothing() -> Result<()> {
    e2e(async |stack| {
        let said = plan(stack)?;
        let summary = said.iter().find(|line| line["type"] == "change_summary");
        ensure!(summary.is_some(), "no summary in {said:?}");
        let planned = said.iter().filter(|line| line["type"] == "planned_change");
        let changed: Vec<_> = planned
            .map(|line| &line["change"])
            .filter(|change| {
                let kind = change["resource"]["resource_type"].as_str();
                !kind.is_some_and(|kind| MISREPORTED.contains(&kind))
            })
            .map(|change| (&change["resource"]["addr"], &change["action"]))
            .collect();
        ensure!(changed.is_empty(), "the plan would change {changed:?}");
        Ok(())
    })
}

/// The resources that Terraform manages, with their attributes.
fn managed(state: &Value) -> Vec<(String, &Value)> {
    let resources = state["resources"].as_array().into_iter().flatten();
    let managed = resources.filter(|resource| resource["mode"] == "managed");
    managed
        .flat_map(|resource| {
            let name = format!("{}.{}", resource["type"], resource["name"]).replace('"', "");
            let instances = resource["instances"].as_array().into_iter().flatten();
            instances.map(move |instance| (name.clone(), &instance["attributes"]))
        })
        .collect()
}

#[test]
fn every_resource_carries_the_tags() -> Result<()> {
    e2e(async |stack| {
        let state = json(&terraform_folder(stack).join("terraform.tfstate"))?;
        let summary = &stack.outputs.deployment_summary;
        let mut tagged = 0;
        for (name, attributes) in managed(&state) {
            let Some(tags) = attributes.get("tags_all") else {
                continue;
            };
            if name.starts_with("aws_s3_object.") {
                continue;
            }
            for (key, value) in [
                ("cost_center", "tests"),
                ("application", "aegis"),
                ("environment", summary.environment.as_str()),
                ("stack", summary.name.as_str()),
            ] {
                ensure!(tags[key] == value, "{name} has {tags}");
            }
            tagged += 1;
        }
        // Not every stage has alarms.
        ensure!(tagged > 60, "only {tagged} resources have tags");
        Ok(())
    })
}

#[test]
fn no_secret_is_in_terraforms_state() -> Result<()> {
    e2e(async |stack| {
        let keys = stack.keys().await?;
        let state = std::fs::read_to_string(terraform_folder(stack).join("terraform.tfstate"))?;
        ensure!(
            state.contains(&stack.outputs.token_keys_parameter),
            "not the stack's state"
        );
        ensure!(
            !state.contains(&keys.current.secret),
            "the state holds the token key"
        );
        Ok(())
    })
}
