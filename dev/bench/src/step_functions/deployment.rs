//! Puts the flow on Step Functions up, as `dev/bench/step-functions/template.json` describes it, and takes it down.

use std::time::{Duration, Instant};

use aegis_agent_kit::publish::sha256_hex;
use aegis_aws::client::objects::S3Objects;
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::calls::Calls;

const TEMPLATE: &str = include_str!("../../step-functions/template.json");
const TEAM: &str = include_str!("../../step-functions/team.asl.json");
const SHORTEST: &str = include_str!("../../step-functions/shortest.asl.json");
const STACK: &str = "aegis-bench";
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(200);

/// What the template is to be filled with.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub account: String,
    pub region: String,
    /// `arm64` or `x86_64`.
    pub architecture: &'static str,
    /// The dispatcher's package.
    pub package: Vec<u8>,
    /// Where agents are asked for.
    pub agent_endpoint: String,
    /// Of researcher, analyst and writer.
    pub agent_arns: [String; 3],
    /// Where tokens are pushed to, for the lower bound.
    pub push_url: String,
}

/// What is up.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub team: String,
    pub shortest: String,
    pub tokens: String,
}

impl Deployment {
    /// # Errors
    /// Where the package cannot be put into the bucket, or the stack does not come up.
    pub async fn put_up(calls: &Calls, objects: &S3Objects, wanted: &Wanted) -> Result<Self> {
        let key = format!("bench/{}.zip", sha256_hex(&wanted.package));
        let put = objects.put_if_absent(&key, wanted.package.clone(), "application/zip");
        put.await.context("the dispatcher's package")?;
        Self::take_down(calls).await?;
        let mut fields = named(&[
            ("TemplateBody", &template()?),
            ("Capabilities.member.1", "CAPABILITY_IAM"),
        ]);
        fields.extend(parameters(&[
            ("CodeBucket", objects.bucket()),
            ("CodeKey", &key),
            ("Bucket", objects.bucket()),
            ("AgentEndpoint", &wanted.agent_endpoint),
            ("ResearcherArn", &wanted.agent_arns[0]),
            ("AnalystArn", &wanted.agent_arns[1]),
            ("WriterArn", &wanted.agent_arns[2]),
            ("Architecture", wanted.architecture),
        ]));
        calls.stack("CreateStack", &fields).await?;
        wait_for(calls, "CREATE_COMPLETE").await?;
        let topic = format!(
            "arn:aws:sns:{}:{}:{STACK}-tasks",
            wanted.region, wanted.account
        );
        // Not in the template: whoever is pushed to has to confirm it while it is made.
        calls.subscribe(&topic, &wanted.push_url).await?;
        let machine = |name: &str| {
            format!(
                "arn:aws:states:{}:{}:stateMachine:{STACK}-{name}",
                wanted.region, wanted.account
            )
        };
        Ok(Self {
            team: machine("team"),
            shortest: machine("shortest"),
            tokens: format!("{STACK}-tokens"),
        })
    }

    /// Nothing is done where it is not up.
    ///
    /// # Errors
    /// Where it does not go.
    pub async fn take_down(calls: &Calls) -> Result<()> {
        if status(calls).await.is_none() {
            return Ok(());
        }
        calls.stack("DeleteStack", &named(&[])).await?;
        wait_for(calls, "DELETE_COMPLETE").await
    }
}

/// The template with both flows in their places.
fn template() -> Result<String> {
    let mut template: Value = serde_json::from_str(TEMPLATE)?;
    for (name, definition) in [("Team", TEAM), ("Shortest", SHORTEST)] {
        let place = template.pointer_mut(&format!("/Resources/{name}/Properties/DefinitionString"));
        *place.with_context(|| format!("the template has no {name}"))? = json!(definition);
    }
    Ok(template.to_string())
}

fn named(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let all = [("StackName", STACK)]
        .into_iter()
        .chain(fields.iter().copied());
    all.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn parameters(values: &[(&str, &str)]) -> Vec<(String, String)> {
    let numbered = values
        .iter()
        .enumerate()
        .flat_map(|(index, (name, value))| {
            let place = format!("Parameters.member.{}", index + 1);
            [
                (format!("{place}.ParameterKey"), (*name).to_owned()),
                (format!("{place}.ParameterValue"), (*value).to_owned()),
            ]
        });
    numbered.collect()
}

/// Nothing where there is no such stack.
async fn status(calls: &Calls) -> Option<String> {
    let answer = calls.stack("DescribeStacks", &named(&[])).await.ok()?;
    let rest = answer.split_once("<StackStatus>")?.1;
    let status = rest.split_once("</StackStatus>")?.0.to_owned();
    (status != "DELETE_COMPLETE").then_some(status)
}

async fn wait_for(calls: &Calls, wanted: &str) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match status(calls).await {
            None if wanted == "DELETE_COMPLETE" => return Ok(()),
            Some(status) if status == wanted => return Ok(()),
            Some(status) if status.contains("FAILED") || status.contains("ROLLBACK") => {
                let events = calls
                    .stack("DescribeStackEvents", &named(&[]))
                    .await
                    .unwrap_or_default();
                bail!("the stack {STACK} is {status}: {events}");
            }
            Some(_) | None => tokio::time::sleep(PAUSE).await,
        }
    }
    bail!(
        "the stack {STACK} is not {wanted} after {} s",
        PATIENCE.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step_functions::Flow;

    fn states(definition: &str) -> Vec<Value> {
        let flow: Value = serde_json::from_str(definition).unwrap();
        flow["States"]
            .as_object()
            .unwrap()
            .values()
            .cloned()
            .collect()
    }

    #[test]
    fn both_flows_wait_for_four_tokens_and_only_one_looks_at_artifacts() {
        for (flow, definition, looks) in [(Flow::Team, TEAM, 3), (Flow::Shortest, SHORTEST, 0)] {
            let states = states(definition);
            let with = |part: &str| {
                let resources = states.iter().filter_map(|state| state["Resource"].as_str());
                resources.filter(|resource| resource.contains(part)).count()
            };
            assert_eq!((with(".waitForTaskToken"), with("headObject")), (4, looks));
            // The one function makes one call: it starts an agent.
            assert_eq!(with("lambda:invoke"), flow.calls());
        }
    }

    #[test]
    fn the_template_holds_the_flows() {
        let template = template().unwrap();
        assert!(
            template.contains("waitForTaskToken") && !template.contains("asl.json"),
            "{template}"
        );
    }
}
