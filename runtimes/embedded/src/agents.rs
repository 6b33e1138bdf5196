//! Agents: those that ship run in this process, others are HTTP servers that somebody else runs.
//!
//! A built-in agent keeps the same contract as one in a container: it claims its attempt, writes its artifacts once,
//! leaves a completion record and reports over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aegis_agent_analyst::agent::Analyst;
use aegis_agent_kit::Agent;
use aegis_agent_kit::invocation::SESSION_HEADER;
use aegis_agent_kit::server::Server;
use aegis_agent_kit::store::ArtifactStore;
use aegis_agent_researcher::agent::Researcher;
use aegis_agent_writer::agent::Writer;
use aegis_contracts::agent::{AgentTask, InvocationAnswer, InvocationStatus};
use aegis_contracts::flow::Name;
use aegis_contracts::problem::Problem;
use aegis_engine::error::PortError;
use aegis_engine::ports::AgentRuntime;
use aegis_engine::stored::encode;
use async_trait::async_trait;
use http::{StatusCode, header};
use url::{Host, Url};

use crate::configuration::{Agent as Configured, Source};

/// How long an agent may take to accept an attempt.
const PATIENCE: Duration = Duration::from_secs(30);
/// What work may use to finish when the server ends.
const GRACE: Duration = Duration::from_secs(5);

/// A server of the kit, whichever agent is in it.
#[async_trait]
trait BuiltIn: Send + Sync {
    async fn invoke(
        self: Arc<Self>,
        session: String,
        task: AgentTask,
    ) -> Result<InvocationStatus, Box<Problem>>;
    fn stop(&self, session: &str) -> bool;
    async fn idle(&self);
}

#[async_trait]
impl<A: Agent> BuiltIn for Server<A> {
    async fn invoke(
        self: Arc<Self>,
        session: String,
        task: AgentTask,
    ) -> Result<InvocationStatus, Box<Problem>> {
        Self::invoke(&self, session, task).await
    }

    fn stop(&self, session: &str) -> bool {
        Self::stop(self, session)
    }

    async fn idle(&self) {
        Self::idle(self).await;
    }
}

enum Served {
    BuiltIn(Arc<dyn BuiltIn>),
    Url {
        /// Without a slash at its end.
        url: String,
        client: reqwest::Client,
    },
}

pub struct Agents {
    served: BTreeMap<Name, Served>,
    /// Where built-in agents work, so that the API answers while they are busy.
    workshop: tokio::runtime::Handle,
}

impl Agents {
    /// # Errors
    /// Where no client for HTTP can be set up.
    pub fn new(
        configured: &BTreeMap<Name, Configured>,
        store: &Arc<dyn ArtifactStore>,
        workshop: tokio::runtime::Handle,
    ) -> Result<Self, reqwest::Error> {
        let mut served = BTreeMap::new();
        for (name, agent) in configured {
            let one = match &agent.source {
                Source::BuiltIn(program) => Served::BuiltIn(built_in(*program, store)?),
                Source::Url(url) => Served::Url {
                    client: client_for(url)?,
                    url: url.clone(),
                },
            };
            served.insert(name.clone(), one);
        }
        Ok(Self { served, workshop })
    }

    fn find(&self, agent: &Name) -> Result<&Served, PortError> {
        self.served.get(agent).ok_or_else(|| {
            PortError::Permanent(format!("there is no agent `{agent}` in this configuration"))
        })
    }

    /// Whether the agent lives and dies with this process.
    pub fn is_built_in(&self, agent: &Name) -> bool {
        matches!(self.served.get(agent), Some(Served::BuiltIn(_)))
    }

    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.served.keys()
    }

    /// Lets built-in agents finish, for as long as their grace is. What is not finished then is begun again at the next
    /// start, so it is told nothing.
    pub async fn end(&self) {
        let built_in = self.served.values().filter_map(|served| match served {
            Served::BuiltIn(server) => Some(server.idle()),
            Served::Url { .. } => None,
        });
        let idle = futures::future::join_all(built_in);
        if tokio::time::timeout(GRACE, idle).await.is_err() {
            tracing::info!("agents are still at work: they begin again at the next start");
        }
    }
}

/// An agent that ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Researcher,
    Analyst,
    Writer,
}

impl Program {
    pub const ALL: [(&str, Self); 3] = [
        (Researcher::NAME, Self::Researcher),
        (Analyst::NAME, Self::Analyst),
        (Writer::NAME, Self::Writer),
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Researcher => Researcher::NAME,
            Self::Analyst => Analyst::NAME,
            Self::Writer => Writer::NAME,
        }
    }
}

fn built_in(
    program: Program,
    store: &Arc<dyn ArtifactStore>,
) -> Result<Arc<dyn BuiltIn>, reqwest::Error> {
    let store = store.clone();
    Ok(match program {
        Program::Researcher => Server::built_in(Researcher, store)?,
        Program::Analyst => Server::built_in(Analyst, store)?,
        Program::Writer => Server::built_in(Writer, store)?,
    })
}

fn refused(agent: &Name, status: u16, said: &str) -> PortError {
    let what = format!("the agent `{agent}` answered {status}: {said}");
    match status {
        // It would lead elsewhere, again and again.
        300..=399 => PortError::Permanent(what),
        _ => PortError::of_an_agent(status, what),
    }
}

#[async_trait]
impl AgentRuntime for Agents {
    async fn invoke(
        &self,
        agent: &Name,
        session: &str,
        task: &AgentTask,
    ) -> Result<InvocationAnswer, PortError> {
        match self.find(agent)? {
            Served::BuiltIn(server) => {
                let work = server.clone().invoke(session.to_owned(), task.clone());
                let begun = self.workshop.spawn(work).await;
                let broke = |error| PortError::Transient(format!("the agent `{agent}`: {error}"));
                let begun = begun.map_err(broke)?;
                let status =
                    begun.map_err(|problem| refused(agent, problem.status, &problem.detail))?;
                Ok(InvocationAnswer { status })
            }
            Served::Url { url, client } => {
                let request = client.post(format!("{url}/invocations"));
                invoke_by_url(agent, url, request, session, task).await
            }
        }
    }

    async fn stop(&self, agent: &Name, session: &str) -> Result<(), PortError> {
        match self.find(agent)? {
            Served::BuiltIn(server) => {
                server.stop(session);
                Ok(())
            }
            // An agent that does not answer has no session either, and it need not serve this.
            Served::Url { url, client } => {
                let request = client.delete(format!("{url}/invocations/{session}"));
                let _ = request.timeout(PATIENCE).send().await;
                Ok(())
            }
        }
    }
}

/// For an agent at this address. A task holds a token: it goes nowhere but to the agent that was named, and no proxy stands
/// between this machine and itself.
///
/// # Errors
/// Where TLS cannot be set up.
pub(crate) fn client_for(url: &str) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let host = Url::parse(url).ok();
    let here = match host.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match here {
        true => builder.no_proxy().build(),
        false => builder.build(),
    }
}

/// Bytes of an agent's answer that are read.
const LONGEST_ANSWER: usize = 64 * 1024;

async fn invoke_by_url(
    agent: &Name,
    url: &str,
    request: reqwest::RequestBuilder,
    session: &str,
    task: &AgentTask,
) -> Result<InvocationAnswer, PortError> {
    let unreachable = |error: reqwest::Error| {
        PortError::Transient(format!("the agent `{agent}` at {url}: {error}"))
    };
    let mut request = request
        .timeout(PATIENCE)
        .header(SESSION_HEADER, session)
        .header(header::CONTENT_TYPE, "application/json")
        .body(encode(task)?);
    if let Some(traceparent) = &task.traceparent {
        request = request.header("traceparent", traceparent);
    }
    let mut answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&part);
        if body.len() > LONGEST_ANSWER {
            break;
        }
    }
    let body = String::from_utf8_lossy(&body);
    let head: String = body.chars().take(200).collect();
    if status != StatusCode::OK {
        return Err(refused(agent, status.as_u16(), &head));
    }
    serde_json::from_str(&body).map_err(|error| {
        PortError::Permanent(format!("the agent `{agent}` answered `{head}`: {error}"))
    })
}
