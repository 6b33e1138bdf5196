//! What a start does for workflows that were under way when the process before it ended.
//!
//! Its end is no life of an attempt: what a built-in agent was at work on begins again in the same attempt and session, and
//! its claims are forgotten first, because whoever made them cannot be alive. Agents behind URLs live on, and could not
//! report meanwhile: they get as much time to give a sign of life as if they had just given one.

use std::collections::BTreeMap;
use std::sync::Arc;

use aegis_agent_kit::claim;
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::error::PortError;
use aegis_workflow::{Heartbeat, Input, Work};

use crate::Parts;
use crate::agents::Agents;

/// A workflow that cannot be taken up is left to the sweep, which says so and sets it aside if nobody can read it.
///
/// # Errors
/// Where it cannot be told which workflows there are.
pub(crate) async fn recover(
    parts: &Parts,
    dispatchers: &BTreeMap<Name, Arc<Dispatcher>>,
    agents: &Agents,
) -> Result<(), PortError> {
    let (mut taken_up, mut passed_over) = (0, 0);
    for id in under_way(parts)? {
        match one(parts, dispatchers, agents, &id).await {
            Ok(()) => taken_up += 1,
            Err(error) => {
                passed_over += 1;
                tracing::warn!(workflow_id = %id, %error, "not taken up at the start; the sweep will do it");
            }
        }
    }
    if taken_up + passed_over > 0 {
        tracing::info!(taken_up, passed_over, "workflows taken up");
    }
    Ok(())
}

/// Everything that waits for something has a time at which it is woken.
fn under_way(parts: &Parts) -> Result<Vec<WorkflowId>, PortError> {
    let ids = parts.database.read(|connection| {
        let mut statement = connection
            .prepare("SELECT id FROM workflows WHERE wake_at IS NOT NULL ORDER BY wake_at, id")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<rusqlite::Result<Vec<String>>>()
    })?;
    let ids = ids.into_iter().map(|id| {
        id.parse()
            .map_err(|error| PortError::Permanent(format!("`{id}` is stored: {error}")))
    });
    ids.collect()
}

async fn one(
    parts: &Parts,
    dispatchers: &BTreeMap<Name, Arc<Dispatcher>>,
    agents: &Agents,
    id: &WorkflowId,
) -> Result<(), PortError> {
    let Some((workflow, request)) = parts.engine.load_with_request(id).await? else {
        return Ok(());
    };
    for work in workflow.work() {
        let built_in = dispatchers
            .get(&work.agent)
            .filter(|_| agents.is_built_in(&work.agent));
        if built_in.is_some() {
            // Also where no dispatch was noted: the process may have ended between the claim and the note.
            let prefix = attempt_prefix(&workflow.flow.flow, &workflow.id, &work.of);
            parts.objects.forget(claim::keys(&prefix).collect()).await?;
        }
        if work.dispatched_at.is_none() {
            continue;
        }
        still_alive(parts, id, work).await?;
        if let Some(dispatcher) = built_in {
            dispatcher.begin_again(&workflow, &request, work).await?;
        }
    }
    parts.engine.send_owed(&workflow).await
}

async fn still_alive(parts: &Parts, id: &WorkflowId, work: &Work) -> Result<(), PortError> {
    let sign = Heartbeat {
        of: work.of.clone(),
        message: "the server was started again".to_owned(),
        percent: None,
        usage: None,
    };
    parts.engine.apply(id, Input::Progress(sign)).await?;
    Ok(())
}
