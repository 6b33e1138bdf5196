//! `cargo xtask test deployed`: the end-to-end tests and those of the real ports, against stages that `deploy.sh` deployed as
//! it is typed. One is for development, one is as in production: state in a bucket, signed requests, protection.
//!
//! The agents run here, in the place of AgentCore; the tests run as an IAM user, who may call the routes of clients and look
//! after the stage, and who is made and removed like a person that is given access.

use aegis_client::local::StackFolder;
use aegis_local_aws::description::Description;
use aegis_local_aws::host::plan::Plan;
use aegis_local_aws::json::write_json;
use aegis_local_aws::terraform::variables::{self, ACCOUNT};
use aegis_local_aws::{agents, down};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::deploy_test::production::{self, STATE_BUCKET};
use crate::deploy_test::{Ground, nothing_is_left, site::Site};
use crate::test::{MANY, cargo_test};
use crate::test_stack::{ON_THE_STACK, SHORT_TIMES};

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
    down::after_use(&folder, keep, outcome).await
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
    lend_roles(site, &outputs).await?;
    let plan = Plan::new(folder, &ground.settings, &outputs);
    agents::ensure(folder, &plan, &ground.products, &ground.emulator.record).await?;
    let keys = make_operator(site, &outputs).await?;
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
    remove_all_users(site).await?;
    remove_tap(site).await?;
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

/// A part of the names of tests, and why they are left out.
type LeftOut = (&'static str, &'static str);

/// Its place is taken by `./deploy.sh plan`, whose second plan has to be empty too.
const PLAN: LeftOut = (
    "deployment::a_second_plan_changes_nothing",
    "it plans where `cargo xtask up` does; here ./deploy.sh plan was typed for it",
);

pub struct Configuration {
    /// Of the stage.
    pub environment: &'static str,
    /// What is typed behind each verb.
    options: &'static str,
    /// Variables that only tests need, and what to give them, as JSON.
    wanted: &'static [(&'static str, &'static str)],
    left_out: &'static [LeftOut],
    /// What may be there after it is removed.
    pub kept: &'static [&'static str],
}

pub const CONFIGURATIONS: [Configuration; 2] = [
    Configuration {
        environment: "dev",
        options: "",
        wanted: &[("approver_sources", r#"["partner.crm"]"#)],
        left_out: &[PLAN],
        kept: &[],
    },
    Configuration {
        environment: "prod",
        options: " --environment prod --remote-state aegis-rehearsal-state",
        wanted: &[],
        left_out: &[PLAN],
        kept: &[STATE_BUCKET],
    },
];

impl Configuration {
    /// `./deploy.sh VERB …`
    pub fn typed(&self, verb: &str, settings: &str) -> String {
        let options = self.options;
        format!("./deploy.sh {verb}{options} --var-file {settings} --yes")
    }

    pub fn outputs(&self) -> String {
        format!("./deploy.sh outputs{} --json", self.options)
    }

    pub fn for_the_tests(&self) -> impl Iterator<Item = (&'static str, Value)> {
        self.wanted
            .iter()
            .map(|(name, value)| (*name, serde_json::from_str(value).unwrap_or(json!(value))))
    }

    pub fn left_out(&self) -> &'static [LeftOut] {
        self.left_out
    }

    /// The settings that come with the sources.
    pub fn write_settings(&self, site: &Site) -> Result<()> {
        let example = std::fs::read_to_string(site.terraform().join("terraform.tfvars.example"))?;
        let text = match self.environment {
            "prod" => production::settings(&example)?,
            _ => example,
        };
        std::fs::write(self.file(site), text).context("cannot write the settings")
    }

    pub fn remove_settings(&self, site: &Site) -> Result<()> {
        std::fs::remove_file(self.file(site)).context("cannot remove the settings")
    }

    fn file(&self, site: &Site) -> std::path::PathBuf {
        let name = match self.environment {
            "prod" => "prod.tfvars",
            _ => "terraform.tfvars",
        };
        site.terraform().join(name)
    }
}

const OPERATOR: &str = "aegis-operator";
const POLICY: &str = "operator.json";
const TRUST: &str = "trust.json";
/// Whatever tests look into. The API is not among it: of that only the routes for clients.
const SERVICES: [&str; 8] = [
    "dynamodb", "events", "iam", "logs", "s3", "sqs", "ssm", "sts",
];

struct Keys {
    pub access_key_id: String,
    pub secret_access_key: String,
}

async fn make_operator(site: &Site, outputs: &Value) -> Result<Keys> {
    let policy = policy(outputs).context("the API's address does not name it")?;
    write_json(&site.terraform().join(POLICY), &policy)?;
    site.works(&format!("aws iam create-user --user-name {OPERATOR}"))
        .await?;
    site.works(&format!(
        "aws iam put-user-policy --user-name {OPERATOR} --policy-name operator --policy-document file://{POLICY}"
    ))
    .await?;
    let made = format!("aws iam create-access-key --user-name {OPERATOR} --output json");
    let made: Value = serde_json::from_str(&site.works(&made).await?.output)?;
    let field = |name: &str| {
        let text = made["AccessKey"][name].as_str().map(str::to_owned);
        text.with_context(|| format!("a key without {name}"))
    };
    Ok(Keys {
        access_key_id: field("AccessKeyId")?,
        secret_access_key: field("SecretAccessKey")?,
    })
}

/// `…/_aws/execute-api/<api>/$default`
fn policy(outputs: &Value) -> Option<Value> {
    let endpoint = outputs["api_endpoint"].as_str()?;
    let api = endpoint.trim_end_matches("/$default").rsplit('/').next()?;
    let routes =
        ["workflows*", "approve/*"].map(|path| format!("arn:aws:execute-api:*:*:{api}/*/*/{path}"));
    let services = SERVICES.map(|service| format!("{service}:*"));
    Some(json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": routes},
        {"Effect": "Allow", "Action": services, "Resource": "*"},
    ]}))
}

/// In AWS the service AgentCore takes the agents' roles on. Here the agent host does, in the name of the account; prod does
/// not let a variable say so.
async fn lend_roles(site: &Site, outputs: &Value) -> Result<()> {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}}]});
    write_json(&site.terraform().join(TRUST), &trust)?;
    let roles = outputs["agent_role_arns"].as_object();
    for arn in roles.context("there are no agents' roles")?.values() {
        let name = arn.as_str().and_then(|arn| arn.rsplit('/').next());
        let name = name.with_context(|| format!("{arn} names no role"))?;
        site.works(&format!(
            "aws iam update-assume-role-policy --role-name {name} --policy-document file://{TRUST}"
        ))
        .await?;
    }
    Ok(())
}

/// This user, and those that tests made: nobody else is in the account.
async fn remove_all_users(site: &Site) -> Result<()> {
    let line = r#"for user in $(aws iam list-users --query 'Users[].UserName' --output text); do
    for key in $(aws iam list-access-keys --user-name "$user" --query 'AccessKeyMetadata[].AccessKeyId' --output text); do
        aws iam delete-access-key --user-name "$user" --access-key-id "$key"
    done
    for policy in $(aws iam list-user-policies --user-name "$user" --query 'PolicyNames[]' --output text); do
        aws iam delete-user-policy --user-name "$user" --policy-name "$policy"
    done
    aws iam delete-user --user-name "$user"
done"#;
    site.works(line).await?;
    Ok(())
}

/// Rule and queue by which tests hear all events. Where no test asked for them there are none.
async fn remove_tap(site: &Site) -> Result<()> {
    let line = r#"set -euo pipefail
bus=$(terraform output -raw event_bus_name)
rules=$(aws events list-rules --event-bus-name "$bus" --name-prefix aegis-e2e --query 'Rules[].Name' --output text)
for rule in ${rules/None/}; do
    aws events remove-targets --event-bus-name "$bus" --rule "$rule" --ids "$rule" >/dev/null
    aws events delete-rule --event-bus-name "$bus" --name "$rule"
done
queues=$(aws --endpoint-url "$AWS_ENDPOINT_URL" sqs list-queues --queue-name-prefix aegis-e2e --query 'QueueUrls[]' --output text)
for queue in ${queues/None/}; do
    aws --endpoint-url "$AWS_ENDPOINT_URL" sqs delete-queue --queue-url "$queue"
done"#;
    site.works(line).await?;
    Ok(())
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

    #[test]
    fn each_configuration_is_typed_as_the_guide_has_it() {
        let [dev, prod] = &CONFIGURATIONS;
        assert_eq!(
            dev.typed("deploy", "t"),
            "./deploy.sh deploy --var-file t --yes"
        );
        assert_eq!(
            prod.outputs(),
            "./deploy.sh outputs --environment prod --remote-state aegis-rehearsal-state --json"
        );
        for one in &CONFIGURATIONS {
            assert!(one.for_the_tests().all(|(_, value)| !value.is_string()));
        }
    }

    #[test]
    fn the_operator_may_call_routes_of_clients_of_one_api() {
        let outputs = json!({"api_endpoint": "http://127.0.0.1:1/_aws/execute-api/a1b2/$default"});
        let policy = policy(&outputs).unwrap();
        let routes = policy["Statement"][0]["Resource"].to_string();
        assert!(
            routes.contains("arn:aws:execute-api:*:*:a1b2/*/*/approve/*"),
            "{routes}"
        );
        let services = policy["Statement"][1]["Action"].to_string();
        assert!(!services.contains("execute-api"), "{services}");
    }
}
