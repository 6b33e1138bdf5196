//! Conditional writes and what they leave behind.

use aegis_contracts::flow::Flow;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_engine::ports::{Table, Write};
use aegis_workflow::Pinned;
use futures::future::join_all;

use crate::flow::{report, stored};
use crate::life::Life;

/// Far enough in the future that no sweep of a running stack touches what is stored here.
pub(super) const THEN: Timestamp = Timestamp::from_millis(4_102_444_800_000);

pub(super) fn later(seconds: u64) -> Timestamp {
    THEN.plus(std::time::Duration::from_secs(seconds))
}

pub(super) async fn open(table: &dyn Table, topic: &str, now: Timestamp) -> Life {
    let life = Life::begin(topic, now);
    let outcome = table.open(&life.workflow, &life.request, &life.entry).await;
    assert_eq!(outcome, Ok(Write::Done));
    life
}

pub(super) async fn commit(table: &dyn Table, before: &Life, after: &Life) {
    let outcome = table
        .commit(before.workflow.seq, &after.workflow, &after.entry)
        .await;
    assert_eq!(outcome, Ok(Write::Done));
}

pub async fn what_is_opened_can_be_read(table: &dyn Table) {
    let life = open(table, "Grüße, 你好", THEN).await;
    let loaded = table.load(life.id()).await.unwrap();
    assert_eq!(loaded, Some(stored(&life.workflow)));
    let both = table.load_with_request(life.id()).await.unwrap();
    assert_eq!(both, Some((stored(&life.workflow), life.request.clone())));
    let history = table.history(life.id()).await.unwrap();
    assert_eq!(history, [life.entry]);
}

pub async fn what_was_never_opened_is_absent(table: &dyn Table) {
    let id = WorkflowId::derive("contract", "nobody opened this");
    assert_eq!(table.load(&id).await, Ok(None));
    assert_eq!(table.load_with_request(&id).await, Ok(None));
    assert_eq!(table.history(&id).await, Ok(Vec::new()));
    let never = Life::begin("never", THEN);
    let after = never.cancelled(later(1));
    let outcome = table
        .commit(never.workflow.seq, &after.workflow, &after.entry)
        .await;
    assert_eq!(outcome, Ok(Write::Conflict));
    let outcome = table.touch(never.workflow.seq, &after.workflow).await;
    assert_eq!(outcome, Ok(Write::Conflict));
    assert_eq!(table.load(never.id()).await, Ok(None));
}

pub async fn a_workflow_opens_once(table: &dyn Table) {
    let first = open(table, "first", THEN).await;
    let mut second = Life::begin("second", later(9));
    second.workflow.id = first.workflow.id.clone();
    second.entry.workflow_id = first.workflow.id.clone();
    let outcome = table
        .open(&second.workflow, &second.request, &second.entry)
        .await;
    assert_eq!(outcome, Ok(Write::Conflict));
    let both = table.load_with_request(first.id()).await.unwrap();
    assert_eq!(both, Some((stored(&first.workflow), first.request.clone())));
    assert_eq!(table.history(first.id()).await, Ok(vec![first.entry]));
}

pub async fn writes_with_an_old_sequence_number_change_nothing(table: &dyn Table) {
    let opened = open(table, "order", THEN).await;
    let touched = opened.dispatched(later(1));
    let outcome = table.touch(opened.workflow.seq, &touched.workflow).await;
    assert_eq!(outcome, Ok(Write::Done));

    let late = opened.cancelled(later(2));
    let seq = opened.workflow.seq;
    let outcome = table.commit(seq, &late.workflow, &late.entry).await;
    assert_eq!(outcome, Ok(Write::Conflict));
    let outcome = table.touch(seq, &touched.workflow).await;
    assert_eq!(outcome, Ok(Write::Conflict));

    let found = table.load(opened.id()).await.unwrap();
    assert_eq!(found, Some(stored(&touched.workflow)));
    assert_eq!(table.history(opened.id()).await, Ok(vec![opened.entry]));
}

pub async fn history_is_complete_and_in_order(table: &dyn Table) {
    let mut life = open(table, "history", THEN).await;
    let mut entries = vec![life.entry.clone()];
    // Beyond 9, so that order by text and order by number differ unless the key is padded.
    for seconds in 1..=12 {
        let mut after = life.cancelled(later(seconds));
        // Only the version matters here: the same state, one version on.
        after.workflow.phase = life.workflow.phase.clone();
        commit(table, &life, &after).await;
        entries.push(after.entry.clone());
        life = after;
    }
    assert_eq!(table.history(life.id()).await, Ok(entries));
    let found = table.load(life.id()).await.unwrap();
    assert_eq!(found, Some(stored(&life.workflow)));
}

pub async fn of_parallel_writers_one_wins(table: &dyn Table) {
    const WRITERS: u64 = 8;
    let opened = open(table, "race", THEN).await;
    let rivals: Vec<Life> = (1..=WRITERS)
        .map(|seconds| opened.cancelled(later(seconds)))
        .collect();
    let seq = opened.workflow.seq;
    let writes = rivals
        .iter()
        .map(|rival| table.commit(seq, &rival.workflow, &rival.entry));
    let outcomes: Vec<Write> = join_all(writes)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let winners: Vec<usize> = (0..rivals.len())
        .filter(|index| outcomes[*index] == Write::Done)
        .collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    let winner = &rivals[winners[0]];
    let found = table.load(opened.id()).await.unwrap();
    assert_eq!(found, Some(stored(&winner.workflow)));
    let history = table.history(opened.id()).await.unwrap();
    assert_eq!(history, [opened.entry, winner.entry.clone()]);
}

pub async fn a_definition_is_kept_once(table: &dyn Table) {
    // A version of its own: what is kept stays.
    let version = u16::try_from(uuid::Uuid::new_v4().as_u128() % 60_000).unwrap() + 5_000;
    let flow = |title: &str| {
        let mut flow = Flow::clone(&report());
        flow.flow = "contract".parse().unwrap();
        flow.version = version;
        flow.title = title.to_owned();
        Pinned::new(flow)
    };
    let first = flow("first");
    assert_eq!(table.flow(&first.flow, version).await, Ok(None));
    assert_eq!(table.keep_flow(&first).await, Ok(Write::Done));
    for again in [&first, &flow("second")] {
        assert_eq!(table.keep_flow(again).await, Ok(Write::Conflict));
    }
    let kept = table.flow(&first.flow, version).await.unwrap().unwrap();
    assert_eq!(kept.id, *first.id());
    let read = Flow::parse(kept.definition.as_bytes()).unwrap();
    assert_eq!(Pinned::new(read), first);
}
