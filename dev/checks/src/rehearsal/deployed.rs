//! `cargo xtask test deployed`: the end-to-end tests and those of the real ports, against stages that `deploy.sh` deployed as
//! it is typed. One is for development, one is as in production: state in a bucket, signed requests, protection.
//!
//! The agents run here, in the place of AgentCore; the tests run as an IAM user, who is made and removed like a person
//! that is given access.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::rehearsal::configuration::{CONFIGURATIONS, Configuration};
use crate::rehearsal::ground::Ground;
use crate::rehearsal::{nothing_is_left, operator, site::Site};
use crate::test::{MANY, cargo_test};
use crate::test_stack::{ON_THE_STACK, SHORT_TIMES};
use aegis_client::local::StackFolder;
use aegis_local_aws::description::Description;
use aegis_local_aws::host::plan::Plan;
use aegis_local_aws::json::write_json;
use aegis_local_aws::{agents, down, terraform::variables};

/// Where the stack of this part is, below the folder that `--dir` names.
const FOLDER: &str = "deployed";
/// What the tests ask of a stage beside its own settings.
const SETTINGS: &str = "tests.tfvars.json";
/// The emulator reports these wrongly: the plan of an unchanged stage may name these and nothing else.
const MISREPORTED: [&str; 3] = [
    "aws_cloudwatch_metric_alarm.",
    "aws_cloudwatch_composite_alarm.",
    "aws_s3_object.",
];

/// `only` picks a configuration by the name of its environment.
pub async fn test(
    parent: &StackFolder,
    keep: bool,
    only: Option<&str>,
    rest: &[String],
) -> Result<()> {
    let folder = StackFolder::new(parent.root().join(FOLDER));
    if folder.root().exists() {
        down::take_down(&folder, true).await?;
    }
    let outcome = all(&folder, only, rest).await;
    if keep {
        return outcome;
    }
    let down = down::take_down(&folder, true).await;
    outcome.and(down)
}

async fn all(folder: &StackFolder, only: Option<&str>, rest: &[String]) -> Result<()> {
    let wanted = |one: &&Configuration| only.is_none_or(|name| name == one.environment);
    let configurations: Vec<_> = CONFIGURATIONS.iter().filter(wanted).collect();
    ensure!(!configurations.is_empty(), "there is no such configuration");
    let ground = Ground::prepare(folder, true).await?;
    for configuration in configurations {
        let site = &ground.site(configuration.environment)?;
        configuration.write_settings(site)?;
        write_json(
            &site.terraform().join(SETTINGS),
            &settings(configuration, &ground),
        )?;
        site.works(&configuration.typed("deploy", SETTINGS)).await?;
        unchanged(site, configuration).await?;
        let tested = tested(folder, configuration, &ground, site, rest).await;
        agents::end(folder).await?;
        tested?;
        removed(site, configuration).await?;
    }
    Ok(())
}

fn settings(configuration: &Configuration, ground: &Ground) -> Value {
    let mut settings = Map::new();
    for (name, value) in SHORT_TIMES.iter().filter_map(|pair| pair.split_once('=')) {
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        settings.insert(name.to_owned(), value);
    }
    let environment = variables::lambda_environment(&ground.settings);
    settings.insert("extra_lambda_environment".to_owned(), json!(environment));
    settings.insert("lambda_timeout_seconds".to_owned(), json!(10));
    settings.insert("tags".to_owned(), json!({"cost_center": "tests"}));
    for (name, value) in configuration.for_the_tests() {
        settings.insert(name.to_owned(), value);
    }
    Value::Object(settings)
}

/// A second plan names nothing but what the emulator reports wrongly.
async fn unchanged(site: &Site, configuration: &Configuration) -> Result<()> {
    let planned = site.works(&configuration.typed("plan", SETTINGS)).await?;
    let lines = planned.all.lines().map(str::trim);
    let changes = lines.filter(|line| line.contains(" will be ") || line.contains(" must be "));
    let changes: Vec<_> = changes
        .map(|line| line.trim_start_matches("# "))
        .filter(|line| !MISREPORTED.iter().any(|kind| line.starts_with(kind)))
        .collect();
    ensure!(
        changes.is_empty(),
        "a second plan would change {changes:#?}"
    );
    Ok(())
}

/// Agents, somebody who calls, the stage's description, and then the tests.
async fn tested(
    folder: &StackFolder,
    configuration: &Configuration,
    ground: &Ground,
    site: &Site,
    rest: &[String],
) -> Result<()> {
    let told = site.works(&configuration.outputs()).await?.output;
    let outputs = plain(&serde_json::from_str(&told).context("outputs are not JSON")?)?;
    operator::lend_roles(site, &outputs).await?;
    let plan = Plan::new(folder, &ground.settings, &outputs);
    agents::ensure(folder, &plan, &ground.products, &ground.emulator.record).await?;
    let keys = operator::make(site, &outputs).await?;
    let mut description = Description::new(&ground.settings, outputs);
    description.access_key_id = keys.access_key_id;
    description.secret_access_key = keys.secret_access_key;
    write_json(&folder.stack_file(), &description)?;
    // Where tests look for it, wherever it is kept.
    let state = site.works("terraform state pull").await?.output;
    std::fs::create_dir_all(folder.terraform())?;
    std::fs::write(folder.terraform().join("terraform.tfstate"), state)?;

    let mut arguments = vec!["--workspace", "--no-fail-fast"];
    arguments.extend(ON_THE_STACK.iter().flat_map(|name| ["--test", *name]));
    arguments.push("--");
    for (name, why) in configuration.left_out() {
        errln!("left out: {name}: {why}");
        arguments.extend(["--skip", name]);
    }
    arguments.extend(rest.iter().map(String::as_str));
    cargo_test(&arguments, Some((folder, MANY))).await
}

/// `{"name": {"value": …}}` as `{"name": …}`.
fn plain(outputs: &Value) -> Result<Value> {
    let Some(outputs) = outputs.as_object() else {
        bail!("outputs are no object: {outputs}");
    };
    let value = |(name, output): (&String, &Value)| (name.clone(), output["value"].clone());
    Ok(Value::Object(outputs.iter().map(value).collect()))
}

/// What the tests made is taken away first: Terraform knows nothing of it.
async fn removed(site: &Site, configuration: &Configuration) -> Result<()> {
    operator::remove_all(site).await?;
    operator::remove_tap(site).await?;
    let name = format!("aegis-{}", configuration.environment);
    let destroyed = site
        .typed_with(
            &configuration.typed("destroy", SETTINGS),
            &[("AEGIS_DESTROY", &name)],
        )
        .await?;
    ensure!(destroyed.good, "destroy failed:\n{}", destroyed.all);
    nothing_is_left(site, configuration.kept).await?;
    configuration.remove_settings(site)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_as_deploy_sh_prints_them() {
        let printed = json!({"region": {"sensitive": false, "value": "us-east-1"}});
        assert_eq!(plain(&printed).unwrap(), json!({"region": "us-east-1"}));
        assert!(plain(&json!([])).is_err());
    }
}
