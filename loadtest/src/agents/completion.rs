//! How a finished task is reported.

use aegis_agent_kit::reporter::{Answer, Reporter, http_client};
use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::callback::AgentReport;
use async_trait::async_trait;

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// The attempt counts no more, or its token does not: nothing is lost.
    NoLongerWanted(String),
    Failed(String),
}

/// Whoever waits for the task.
#[async_trait]
pub trait Completion: Send + Sync + 'static {
    /// The work goes on. Called at least three times per allowed silence, not at its beginning.
    async fn alive(&self, _task: &AgentTask) -> Taken {
        Taken::Yes
    }

    /// The artifacts and the completion record lie in the bucket. Called again for a task that is handed out again.
    async fn succeeded(&self, task: &AgentTask, record: &CompletionRecord) -> Taken;
}

/// Over HTTP to the callback API that the task names, with the task's token.
#[derive(Debug, Clone)]
pub struct Callbacks {
    http: reqwest::Client,
    only: Option<String>,
}

impl Callbacks {
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: http_client()?,
            only: None,
        })
    }

    /// Reports to nothing but what lies below `base`: for a server that strangers can reach.
    #[must_use]
    pub fn only_below(self, base: &str) -> Self {
        Self {
            only: Some(format!("{}/", base.trim_end_matches('/'))),
            ..self
        }
    }

    fn reporter(&self, task: &AgentTask) -> Result<Reporter, Taken> {
        let url = &task.callback.url;
        if self
            .only
            .as_ref()
            .is_some_and(|base| !url.starts_with(base))
        {
            return Err(Taken::NoLongerWanted(format!("{url} is not ours")));
        }
        let url = reqwest::Url::parse(url)
            .map_err(|error| Taken::Failed(format!("the callback's URL: {error}")))?;
        Ok(Reporter::new(self.http.clone(), url, task))
    }
}

#[async_trait]
impl Completion for Callbacks {
    async fn alive(&self, task: &AgentTask) -> Taken {
        let report = AgentReport::Progress {
            step: task.step.clone(),
            branch: task.branch,
            attempt: task.attempt,
            message: "waiting".to_owned(),
            percent: None,
            usage: None,
        };
        match self.reporter(task) {
            Ok(reporter) => taken(reporter.send(&report).await),
            Err(refused) => refused,
        }
    }

    async fn succeeded(&self, task: &AgentTask, record: &CompletionRecord) -> Taken {
        let report = AgentReport::Succeeded {
            step: record.of.step.clone(),
            branch: record.of.branch,
            attempt: record.of.attempt,
            summary: record.summary.clone(),
            artifacts: record.artifacts.clone(),
            items: record.items,
            usage: record.usage,
        };
        match self.reporter(task) {
            Ok(reporter) => taken(reporter.deliver(&report).await),
            Err(refused) => refused,
        }
    }
}

fn taken(answer: Answer) -> Taken {
    match answer {
        Answer::Taken => Taken::Yes,
        Answer::Superseded => Taken::NoLongerWanted("superseded".to_owned()),
        Answer::Unauthorised => Taken::NoLongerWanted("the token counts no more".to_owned()),
        Answer::Refused(why) | Answer::Unavailable(why) => Taken::Failed(why),
    }
}
