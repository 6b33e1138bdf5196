//! Keys and sizes of the items.

use aegis_contracts::approval::OnTimeout;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::WorkflowSummary;
use aegis_engine::stored::HistoryEntry;
use aegis_testkit::memory::sizes;
use aegis_workflow::{ApprovalPolicy, Rules, Start, start};
use aws_sdk_dynamodb::types::AttributeValue;

use super::items::{Item, body, created_key, history_item, read_created_key, shard_of, state_item};
use super::table::Shards;

/// As DynamoDB counts: names and values; of a number one byte per two digits, and one.
fn bytes(item: &Item) -> usize {
    let one = |(name, value): (&String, &AttributeValue)| {
        let number = |digits: &String| digits.len().div_ceil(2) + 1;
        let size = value.as_s().map(String::len);
        name.len() + size.or_else(|_| value.as_n().map(number)).unwrap()
    };
    item.iter().map(one).sum()
}

/// The table in memory counts capacity units by the items that are written here.
#[test]
fn the_table_in_memory_knows_their_sizes() {
    let policy = ApprovalPolicy {
        required: 1,
        approvers: Vec::new(),
        timeout_seconds: 60,
        on_timeout: OnTimeout::default(),
        escalate_to: Vec::new(),
        max_revisions: 1,
    };
    let begin = Start {
        id: WorkflowId::derive("a", "b"),
        topic: "a topic".to_owned(),
        requested_by: "ada".to_owned(),
        policy,
        budget: None,
    };
    let transition = start(
        &Rules::default(),
        begin,
        Timestamp::from_millis(1_795_456_800_000),
    );
    let workflow = &transition.next;
    let summary = WorkflowSummary {
        workflow_id: workflow.id.clone(),
        status: workflow.status(),
        topic: "a topic".to_owned(),
        created_at: workflow.created_at,
    };
    let shards = Shards {
        status: 1,
        deadline: 1,
    };
    let state = state_item(workflow, "a topic", shards).unwrap();
    let json = body(&state).unwrap();
    assert_eq!(bytes(&state), sizes::state(workflow, &summary, json));
    let entry = HistoryEntry::of(&transition, None);
    let item = history_item(workflow, &entry).unwrap();
    let size = sizes::beside(workflow, "EVT#0000000001", body(&item).unwrap());
    assert_eq!(bytes(&item), size);
}

#[test]
fn created_keys_sort_by_time_and_read_back() {
    let id = WorkflowId::derive("a", "b");
    let early = created_key(Timestamp::from_millis(999), &id);
    let late = created_key(Timestamp::from_millis(1_000), &id);
    assert!(early < late, "{early} {late}");
    assert_eq!(
        read_created_key(&late).unwrap(),
        (Timestamp::from_millis(1_000), id)
    );
    assert!(read_created_key("2026").is_err());
}

/// As `scaling.md` takes it: no key of an index gets more than its share.
#[test]
fn ids_spread_evenly_over_the_shards() {
    const IDS: usize = 100_000;
    let ids: Vec<_> = (0..IDS)
        .map(|number| WorkflowId::derive("somebody", &number.to_string()))
        .collect();
    for shards in [1, 4, 100] {
        let mut counts = vec![0_usize; shards];
        for id in &ids {
            counts[shard_of(id, shards as u32) as usize] += 1;
        }
        let mean = IDS / shards;
        let most = counts.iter().max().unwrap();
        assert!(
            *most <= mean + mean / 5,
            "{most} of {mean} in one of {shards}"
        );
        assert!(counts.iter().all(|count| *count >= mean - mean / 5));
    }
}
