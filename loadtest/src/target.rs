//! The stage under test, as those who use it reach it, and whether it is one that may be tested at all.

use std::time::Duration;

use aegis_aws::client::bus::BusClient;
use aegis_aws::client::objects::S3Objects;
use aegis_client::api::{Api, Ask};
use aegis_client::failure::ApiError;
use aegis_client::stage::Stage;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{Status, WorkflowPage, WorkflowSummary};
use anyhow::{Context as _, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

use crate::oracle::queues::{self, Depths};
use crate::scenario::Arrival;

/// Clocks of stage and generator may differ by so much.
const SLACK: Duration = Duration::from_secs(120);
/// A stage that takes longer to answer is not ready to be tested. Long enough for a first call that fails, as functions start.
const PROBE_PATIENCE: Duration = Duration::from_secs(60);
/// An event that no rule takes.
const PROBE_EVENT: &str = "LoadTestProbe";
/// Real researchers refuse a topic of which their sources know too little, and none knows a run's mark: so there is enough
/// beside it that the built-in corpus does know.
const TOPIC: &str = "Impact of quantum computing on cryptography, Shor's algorithm, RSA, elliptic curves and hybrid key \
    exchange in TLS";

pub struct Target {
    pub api: Api,
    pub bus: BusClient,
    /// What events of this run say they come from.
    pub source: String,
    /// Whom the stage takes that source for.
    pub account: Option<String>,
    pub objects: S3Objects,
    pub stage: Stage,
    /// In the topic of every workflow of this run.
    pub mark: String,
}

impl Target {
    /// # Errors
    /// Where the stage file lacks what is needed.
    pub async fn new(stage: Stage, api: Api, source: String) -> Result<Self> {
        let config = stage.connection().load().await;
        Ok(Self {
            api,
            bus: BusClient::new(&config, stage.output("event_bus_name")?),
            source,
            account: stage.account(),
            objects: S3Objects::new(&config, stage.output("artifact_bucket_name")?),
            stage,
            mark: new_mark(),
        })
    }

    /// Workflows that were created since then, newest first.
    ///
    /// # Errors
    /// Where a page is refused.
    pub async fn list(
        &self,
        status: Option<Status>,
        since: Timestamp,
    ) -> Result<Vec<WorkflowSummary>, ApiError> {
        let status = status.map_or(String::new(), |status| {
            format!("&status={}", status.as_str())
        });
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/workflows?limit=100{status}{cursor}");
            let page: WorkflowPage = self.api.attempt(&ask(Method::GET, &path, None)).await?;
            let older = |row: &WorkflowSummary| row.created_at.plus(SLACK) < since;
            let at_the_end = page.workflows.iter().any(older);
            rows.extend(page.workflows.into_iter().filter(|row| !older(row)));
            match page.next_cursor {
                Some(next) if !at_the_end => cursor = format!("&cursor={next}"),
                _ => return Ok(rows),
            }
        }
    }

    /// The topic of the workflow of this number. Real agents find evidence for it.
    pub fn topic(&self, number: usize) -> String {
        topic_of(&self.mark, number)
    }

    /// Asks for little, starts nothing: whether the API answers and lets us read, start and decide, whether artifacts and
    /// dead-letter queues can be looked at, and, where the run will do so, whether events may be put on the bus. Returns
    /// how many letters lie in the queues.
    ///
    /// # Errors
    /// Says what does not work.
    pub async fn probe(&self, plan: &[Arrival]) -> Result<Depths> {
        let asked = tokio::time::timeout(PROBE_PATIENCE, self.probed(plan)).await;
        asked.with_context(|| format!("no answer within {} s", PROBE_PATIENCE.as_secs()))?
    }

    async fn probed(&self, plan: &[Arrival]) -> Result<Depths> {
        let by_event = |arrival: &Arrival| arrival.kind.is_by_event();
        let read = ask(Method::GET, "/workflows?limit=1", None);
        let page = self.api.json::<WorkflowPage>(&read).await;
        page.context("the stage does not let us read workflows")?;
        let start = ask(Method::POST, "/workflows", Some("{}".to_owned()));
        match self.api.json::<Value>(&start).await {
            Err(ApiError::Refused(problem)) if problem.status == 400 => {}
            Err(error) => return Err(error).context("the stage does not let us start workflows"),
            Ok(_) => bail!("the stage took a request without a topic: it is none of this version"),
        }
        let nobody = WorkflowId::derive("load-test-probe", &self.mark);
        if !plan.iter().all(by_event) {
            self.may_approve(&nobody).await?;
        }
        let bucket = self.objects.bucket();
        let listed = self.objects.list(bucket, "workflows/", 1).await;
        listed.context("the artifact bucket cannot be listed")?;
        let nothing = format!("workflows/{nobody}/nothing");
        let got = self.objects.get(&nothing).await;
        got.context("the artifact bucket cannot be read")?;
        if plan.iter().any(by_event) {
            let put = self.bus.put(&self.source, PROBE_EVENT, "{}").await;
            put.context("no events may be put on the bus")?;
        }
        queues::dead_letters(&self.stage)
            .await
            .context("the dead-letter queues cannot be looked at")
    }

    async fn may_approve(&self, nobody: &WorkflowId) -> Result<()> {
        let path = format!("/approve/{nobody}");
        let approval = json!({"decision": "approve"}).to_string();
        let approve = ask(Method::POST, &path, Some(approval));
        match self.api.json::<Value>(&approve).await {
            Err(ApiError::Refused(problem)) if problem.status == 404 => Ok(()),
            Err(error) => Err(error).context("the stage does not let us approve"),
            Ok(_) => bail!("the stage took the approval of a workflow that is not there"),
        }
    }
}

fn new_mark() -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("load test {}", &unique[..10])
}

fn topic_of(mark: &str, number: usize) -> String {
    format!("{TOPIC} ({mark}, {number})")
}

fn ask(method: Method, path: &str, body: Option<String>) -> Ask<'_> {
    Ask {
        method,
        path,
        idempotency_key: body.as_ref().map(|_| "load-test-probe"),
        body,
    }
}

/// Whether the stage is prod, by its output `environment` or, where there is none, by the name of its table.
pub fn is_prod(stage: &Stage) -> bool {
    let prod = |name: &str| matches!(name.to_lowercase().as_str(), "prod" | "production" | "live");
    match stage.output("environment") {
        Ok(environment) => prod(environment),
        Err(_) => stage
            .output("workflow_table_name")
            .is_ok_and(|table| table.split('-').any(prod)),
    }
}

#[cfg(test)]
mod tests {
    use aegis_agent_researcher::corpus::articles;
    use aegis_agent_researcher::extract::read;
    use aegis_agent_researcher::index::Index;
    use aegis_agent_researcher::research::research;
    use aegis_contracts::findings::Depth;

    use super::*;

    #[test]
    fn real_researchers_find_evidence_for_the_topic_of_every_workflow() {
        let documents: Vec<_> = articles().iter().map(|file| read(file).unwrap()).collect();
        let index = Index::build(&documents);
        for number in [0, 7, 1_999, 123_456] {
            let topic = topic_of(&new_mark(), number);
            let found = research(&topic, Depth::Quick, &documents, &index);
            assert!(found.is_ok(), "{found:?}");
        }
    }

    #[test]
    fn prod_is_known_by_its_environment_or_its_table() {
        let of = |outputs: Value| {
            let stage = json!({"api_endpoint": "http://x", "outputs": outputs});
            is_prod(&serde_json::from_value(stage).unwrap())
        };
        assert!(of(json!({"environment": "prod"})));
        assert!(!of(
            json!({"environment": "staging", "workflow_table_name": "aegis-prod-x"})
        ));
        assert!(of(json!({"workflow_table_name": "aegis-prod-workflows"})));
        assert!(!of(
            json!({"workflow_table_name": "aegis-staging-workflows"})
        ));
    }
}
