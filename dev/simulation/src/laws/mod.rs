//! What must hold of every harness when it has come to rest.

mod clients;
mod course;

use std::collections::BTreeSet;

use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::event::Event;
use aegis_contracts::ids::WorkflowId;
use aegis_testkit::memory::Row;
use aegis_testkit::reports::ended_by_report;
use aegis_workflow::{Ended, Phase, Workflow};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::harness::{Harness, rules};
use crate::queues::{RECURSIVE, WORN_OUT};

/// A law that was broken, and by what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{law}: {what}")]
pub struct Broken {
    pub law: &'static str,
    pub what: String,
}

type Verdict = Result<(), Broken>;

fn holds(law: &'static str, holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds {
        return Ok(());
    }
    Err(Broken { law, what: what() })
}

/// # Errors
/// The first law that does not hold.
pub fn judge(harness: &Harness) -> Verdict {
    let rows = harness.ports.table.rows();
    nothing_accepted_is_lost(harness, &rows)?;
    for row in &rows {
        let workflow = harness.workflow(row).map_err(|what| Broken {
            law: "every state can be read",
            what,
        })?;
        every_wait_has_ended(&workflow)?;
        history_has_no_gap(&workflow, row)?;
        unheard_agents_are_asked_to_stop(harness, &workflow, row)?;
        results_count_once(&workflow, row)?;
        course::is_taken(harness, &workflow, row)?;
        course::nobody_works_without_a_grant(harness, &workflow, row)?;
        clients::reminders_are_bounded(&workflow, row)?;
        clients::decisions_are_in_time(&workflow, row)?;
        results_are_there(harness, &workflow, row)?;
        clients::the_budget_holds(&workflow, row)?;
    }
    clients::votes_are_somebodys(harness)?;
    every_event_is_published(harness, &rows)?;
    work_is_done_once(harness)?;
    nobody_at_work_ends_as_idle(harness)?;
    sends_are_bounded(harness)?;
    nobody_wakes_itself(harness)?;
    nothing_forged_is_taken(harness)?;
    what_is_dead_is_explained(harness)?;
    poison_is_set_aside(harness)
}

fn nothing_accepted_is_lost(harness: &Harness, rows: &[Row]) -> Verdict {
    let known: BTreeSet<&WorkflowId> = rows.iter().map(Row::id).collect();
    harness.observed(|observed| {
        let mut wanted = observed.accepted.iter().chain(&observed.asked_by_event);
        let lost = wanted.find(|id| !known.contains(id));
        holds("no accepted workflow is lost", lost.is_none(), || {
            format!("{lost:?} was accepted and is not in the table")
        })
    })
}

fn every_wait_has_ended(workflow: &Workflow) -> Verdict {
    let ended = matches!(workflow.phase, Phase::Ended(_)) && workflow.stops.is_none();
    holds("no wait is without end", ended, || {
        let due = workflow.due_at(&rules());
        let Workflow {
            id, phase, stops, ..
        } = workflow;
        format!("{id} rests in {phase:?} with {stops:?}, due {due:?}")
    })
}

/// An agent whose attempt ended without its report may still be at work: it was asked to stop, or that was tried as often as
/// it may be.
fn unheard_agents_are_asked_to_stop(harness: &Harness, workflow: &Workflow, row: &Row) -> Verdict {
    harness.observed(|observed| {
        let sessions = observed.sessions.keys();
        for session in sessions.filter(|(id, _)| *id == workflow.id) {
            let of = &session.1;
            let asked = ended_by_report(events(row), of)
                || observed.stops.contains(session)
                || harness.has_worn_out(session);
            holds(
                "an agent that was not heard is asked to stop",
                asked,
                || format!("{}: {of} was never asked to stop", workflow.id),
            )?;
        }
        Ok(())
    })
}

fn history_has_no_gap(workflow: &Workflow, row: &Row) -> Verdict {
    let versions: Vec<u64> = row.history().iter().map(|entry| entry.version).collect();
    let expected: Vec<u64> = (1..=workflow.version).collect();
    holds("history has no gap", versions == expected, || {
        format!("{}: {versions:?}", workflow.id)
    })
}

fn events(row: &Row) -> impl Iterator<Item = &Event> {
    row.history()
        .iter()
        .flat_map(|entry| &entry.events)
        .map(|event| &event.body)
}

fn results_count_once(workflow: &Workflow, row: &Row) -> Verdict {
    let mut seen = BTreeSet::new();
    for event in events(row) {
        if let Event::StepCompleted {
            step,
            branch,
            attempt,
            ..
        } = event
        {
            let new = seen.insert((step, *branch, *attempt));
            holds("a result counts once", new, || {
                format!("{}: {step} {branch:?} {attempt} counted twice", workflow.id)
            })?;
        }
    }
    let completed = events(row).filter(|event| matches!(event, Event::WorkflowCompleted { .. }));
    let count = completed.count();
    let once = count == usize::from(workflow.phase == Phase::Ended(Ended::Completed));
    holds("a workflow completes once", once, || {
        format!("{}: {count} completions", workflow.id)
    })
}

fn results_are_there(harness: &Harness, workflow: &Workflow, row: &Row) -> Verdict {
    let mut artifacts: Vec<&ArtifactRef> = Vec::new();
    for event in events(row) {
        match event {
            Event::WorkflowCompleted { result, .. } => artifacts.push(result),
            Event::StepCompleted { artifacts: new, .. } => artifacts.extend(new),
            _ => {}
        }
    }
    for artifact in artifacts {
        let stored = harness.ports.artifacts.get(&artifact.key);
        let digest = stored.map(|bytes| HEXLOWER.encode(&Sha256::digest(bytes)));
        let matches = digest.as_deref() == Some(artifact.sha256.as_str());
        holds("artifacts are what was reported", matches, || {
            format!("{}: {}", workflow.id, artifact.key)
        })?;
    }
    Ok(())
}

fn every_event_is_published(harness: &Harness, rows: &[Row]) -> Verdict {
    let mut written = 0;
    for event in rows
        .iter()
        .flat_map(Row::history)
        .flat_map(|entry| &entry.events)
    {
        written += 1;
        let same =
            harness.observed(|observed| observed.published.get(&event.event_id) == Some(event));
        holds("every event is published as it was written", same, || {
            format!("{} of {}", event.body.detail_type(), event.workflow_id)
        })?;
    }
    harness.observed(|observed| {
        let unique = observed.published.len() == written && observed.contradictions.is_empty();
        holds("an event has one id and one content", unique, || {
            let published = observed.published.len();
            format!("{published} published, {written} written")
        })
    })
}

fn work_is_done_once(harness: &Harness) -> Verdict {
    harness.observed(|observed| {
        for ((id, of), facts) in &observed.sessions {
            let once = facts.begun <= facts.ended + 1 && facts.revisions.len() == 1;
            holds("an attempt is worked on once per life", once, || {
                format!("{id}: {of}: {facts:?}")
            })?;
        }
        Ok(())
    })
}

fn nobody_at_work_ends_as_idle(harness: &Harness) -> Verdict {
    harness.observed(|observed| {
        let none = observed.ended_as_idle.is_empty();
        holds("no session with work ends as idle", none, || {
            format!("{:?}", observed.ended_as_idle)
        })
    })
}

fn sends_are_bounded(harness: &Harness) -> Verdict {
    let most = rules().max_sends;
    harness.observed(|observed| {
        for ((id, command), sends) in &observed.sends {
            holds("sends are bounded", *sends <= most, || {
                format!("{id}: {command} was sent {sends} times")
            })?;
        }
        Ok(())
    })
}

/// An approver's decision may send the request for approval again, once: that is all.
fn nobody_wakes_itself(harness: &Harness) -> Verdict {
    const MOST: u32 = 2;
    let longest = harness.observed(|observed| observed.longest_lineage);
    holds("no function wakes itself", longest <= MOST, || {
        format!("a function came up {longest} times among those that led to its own invocation")
    })
}

fn nothing_forged_is_taken(harness: &Harness) -> Verdict {
    harness.observed(|observed| {
        let none = observed.forgeries_taken.is_empty();
        holds("nothing forged is taken", none, || {
            format!("{:?}", observed.forgeries_taken)
        })
    })
}

/// When the trouble is over and the letters were put back, only what can never work is left.
fn what_is_dead_is_explained(harness: &Harness) -> Verdict {
    harness.observed(|observed| {
        let mut letters = observed.dead_letters.iter();
        let unexplained =
            letters.find(|letter| [WORN_OUT, RECURSIVE].contains(&letter.reason.as_str()));
        holds("what is dead is explained", unexplained.is_none(), || {
            format!("{unexplained:?}")
        })
    })
}

fn poison_is_set_aside(harness: &Harness) -> Verdict {
    let poison = harness.observed(|observed| observed.poison_records);
    let aside = harness.ports.dead_letters.all().len();
    // At least once: a batch with poison may be read again, or its reader died before.
    let law = "poison in the stream is set aside and stops nothing";
    holds(law, poison == 0 || aside > 0, || {
        format!("{poison} records, {aside} set aside")
    })
}
