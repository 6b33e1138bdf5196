//! The two ways to find workflows: the list for people, what is due for the sweep.

use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{Status, WorkflowSummary};
use aegis_engine::ports::{ListPosition, ListQuery, Table};
use aegis_workflow::Input;

use super::table::{THEN, commit, later, open};
use crate::flow::name;
use crate::life::Life;

/// More than can be due on a stack for tests.
const ALL: u32 = 5_000;

/// Ten seconds of the far future that no other test lists workflows of.
fn own_time() -> Timestamp {
    let slot = uuid::Uuid::new_v4().as_u128() % 100_000_000;
    THEN.plus(Duration::from_secs(10 * u64::try_from(slot).unwrap()))
}

fn summary(life: &Life, topic: &str) -> WorkflowSummary {
    WorkflowSummary {
        workflow_id: life.id().clone(),
        flow: life.workflow.flow.flow.clone(),
        status: life.workflow.status(),
        at: life
            .workflow
            .at()
            .filter(|_| !life.workflow.status().is_terminal())
            .cloned(),
        topic: topic.to_owned(),
        created_at: life.workflow.created_at,
    }
}

fn position(row: &WorkflowSummary) -> ListPosition {
    ListPosition {
        created_at: row.created_at,
        workflow_id: row.workflow_id.clone(),
    }
}

fn any() -> ListQuery {
    ListQuery {
        status: None,
        flow: None,
        at: None,
        limit: 0,
        before: None,
    }
}

/// All rows from `newest` down to `oldest`, read in pages of `limit`.
async fn pages(
    table: &dyn Table,
    wanted: &ListQuery,
    limit: u32,
    newest: Timestamp,
    oldest: Timestamp,
) -> Vec<WorkflowSummary> {
    // An id that is greater than every id, so that `newest` itself is included.
    let top: WorkflowId = format!("wf_{}", "z".repeat(26)).parse().unwrap();
    let mut before = ListPosition {
        created_at: newest,
        workflow_id: top,
    };
    let mut rows = Vec::new();
    loop {
        let query = ListQuery {
            limit,
            before: Some(before.clone()),
            ..wanted.clone()
        };
        let page = table.list(&query).await.unwrap();
        assert!(page.workflows.len() <= limit as usize);
        let end = page.workflows.iter().any(|row| row.created_at < oldest);
        let own = page.workflows.iter().filter(|row| row.created_at >= oldest);
        rows.extend(own.cloned());
        match page.next {
            Some(next) if !end => before = next,
            Some(_) | None => return rows,
        }
    }
}

pub async fn list_is_newest_first_and_pages_without_gap(table: &dyn Table) {
    let start = own_time();
    let mut lives = Vec::new();
    for index in 0..7u64 {
        // Pairs in the same millisecond: the id decides.
        let at = start.plus(Duration::from_millis(index / 2));
        lives.push(open(table, "paged", at).await);
    }
    let mut expected: Vec<_> = lives.iter().map(|life| summary(life, "paged")).collect();
    expected.sort_by_key(|row| std::cmp::Reverse(position(row)));
    for limit in [1, 2, 3, 7, 50] {
        let found = pages(
            table,
            &any(),
            limit,
            start.plus(Duration::from_millis(9)),
            start,
        )
        .await;
        assert_eq!(found, expected, "in pages of {limit}");
    }
}

pub async fn list_follows_the_status(table: &dyn Table) {
    let start = own_time();
    let end = start.plus(Duration::from_secs(9));
    let stays = open(table, "stays", start).await;
    let goes = open(table, "goes", start.plus(Duration::from_secs(1))).await;
    let gone = goes.cancelled(end);
    commit(table, &goes, &gone).await;

    let of = async |status| {
        let wanted = ListQuery {
            status: Some(status),
            ..any()
        };
        pages(table, &wanted, 10, end, start).await
    };
    assert_eq!(of(Status::Running).await, [summary(&stays, "stays")]);
    assert_eq!(of(Status::Cancelled).await, [summary(&gone, "goes")]);
    assert_eq!(of(Status::Completed).await, []);
}

pub async fn list_shows_the_head_of_the_topic(table: &dyn Table) {
    let start = own_time();
    let life = open(table, &"ü".repeat(500), start).await;
    let found = pages(table, &any(), 10, start, start).await;
    assert_eq!(found, [summary(&life, &"ü".repeat(120))]);
}

/// Those of `lives` that are due at `now`, in the order in which the sweep would meet them.
pub(super) async fn due(table: &dyn Table, lives: &[&Life], now: Timestamp) -> Vec<WorkflowId> {
    let mut found = Vec::new();
    for shard in 0..table.deadline_shards() {
        found.extend(table.due(shard, now, ALL).await.unwrap());
    }
    found.retain(|id| lives.iter().any(|life| life.id() == id));
    found
}

pub async fn list_follows_flow_and_place(table: &dyn Table) {
    let start = own_time();
    let end = start.plus(Duration::from_secs(9));
    let mut all = Vec::new();
    // More than a page of the index, of which few are wanted.
    for index in 0..7 {
        all.push(open(table, "placed", start.plus(Duration::from_millis(index))).await);
    }
    let ended = all[3].cancelled(end);
    commit(table, &all[3], &ended).await;
    let of = async |flow: &str, at: &str| {
        let wanted = ListQuery {
            flow: Some(name(flow)),
            at: Some(name(at)),
            ..any()
        };
        pages(table, &wanted, 3, end, start).await.len()
    };
    assert_eq!(of("report", "research").await, 6);
    assert_eq!(of("report", "write").await, 0);
    assert_eq!(of("other", "research").await, 0);
}

pub async fn due_lists_only_what_waits(table: &dyn Table) {
    let life = open(table, "due", THEN).await;
    let wake_at = life.workflow.wake_at.unwrap();
    let just_before = Timestamp::from_millis(wake_at.as_millis() - 1);
    assert_eq!(due(table, &[&life], just_before).await, []);
    assert_eq!(due(table, &[&life], wake_at).await, [life.id().clone()]);

    // Terminal states leave the index once they owe no stop.
    let ended = life.cancelled(later(1));
    commit(table, &life, &ended).await;
    assert_eq!(
        due(table, &[&life], later(1_000_000)).await,
        [life.id().clone()]
    );
    let owed = ended.workflow.stops.clone().unwrap();
    let told = ended.then(Input::StopsSent(owed.of), later(2));
    let outcome = table.touch(ended.workflow.seq, &told.workflow).await;
    assert_eq!(outcome, Ok(aegis_engine::ports::Write::Done));
    assert_eq!(due(table, &[&life], later(1_000_000)).await, []);
}

pub async fn due_follows_later_writes(table: &dyn Table) {
    let life = open(table, "moved", THEN).await;
    let first = life.workflow.wake_at.unwrap();
    let mut touched = life.dispatched(later(1));
    let second = first.plus(Duration::from_secs(600));
    touched.workflow.wake_at = Some(second);
    let outcome = table.touch(life.workflow.seq, &touched.workflow).await;
    assert_eq!(outcome, Ok(aegis_engine::ports::Write::Done));
    assert_eq!(due(table, &[&life], first).await, []);
    assert_eq!(due(table, &[&life], second).await, [life.id().clone()]);
    commit(table, &touched, &touched.cancelled(later(2))).await;
}

pub async fn due_comes_earliest_first(table: &dyn Table) {
    let mut lives = Vec::new();
    for index in 0..12 {
        lives.push(open(table, "order", later((index * 5) % 12 * 60)).await);
    }
    let wake_at = |id: &WorkflowId| {
        let life = lives.iter().find(|life| life.id() == id).unwrap();
        life.workflow.wake_at.unwrap()
    };
    let now = later(1_000_000);
    let mut seen = 0;
    for shard in 0..table.deadline_shards() {
        let mut found = table.due(shard, now, ALL).await.unwrap();
        let few = table.due(shard, now, 2).await.unwrap();
        assert!(few.len() <= 2, "the limit holds");
        found.retain(|id| lives.iter().any(|life| life.id() == id));
        assert!(found.is_sorted_by_key(wake_at), "shard {shard}");
        seen += found.len();
    }
    assert_eq!(seen, lives.len(), "each in exactly one shard");
    for life in &lives {
        commit(table, life, &life.cancelled(now)).await;
    }
}
