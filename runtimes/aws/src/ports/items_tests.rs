//! Keys and sizes of the items.

use aegis_contracts::flow::Flow;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::WorkflowSummary;
use aegis_testkit::flow::{name, triage};
use aegis_testkit::life::Life;
use aegis_testkit::memory::sizes;
use aegis_workflow::Pinned;
use aws_sdk_dynamodb::types::AttributeValue;

use super::items::{
    Item, body, created_key, flow_item, history_item, read_created_key, read_flow, shard_of,
    state_item, state_update, text,
};
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

const SHARDS: Shards = Shards {
    status: 1,
    deadline: 1,
};

fn life() -> Life {
    Life::begin("a topic", Timestamp::from_millis(1_795_456_800_000))
}

/// The table in memory counts capacity units by the items that are written here.
#[test]
fn the_table_in_memory_knows_their_sizes() {
    let begun = life();
    let ended = begun.cancelled(begun.workflow.created_at);
    for (life, at) in [(&begun, Some(name("research"))), (&ended, None)] {
        let workflow = &life.workflow;
        let summary = WorkflowSummary {
            workflow_id: workflow.id.clone(),
            flow: name("report"),
            status: workflow.status(),
            at,
            topic: "a topic".to_owned(),
            created_at: workflow.created_at,
        };
        let state = state_item(workflow, "a topic", SHARDS).unwrap();
        let json = body(&state).unwrap();
        assert_eq!(bytes(&state), sizes::state(workflow, &summary, json));
        let item = history_item(workflow, &life.entry).unwrap();
        let size = sizes::beside(workflow, "EVT#0000000001", body(&item).unwrap());
        assert_eq!(bytes(&item), size);
    }
}

/// What the list filters by: a workflow that has ended is nowhere any more.
#[test]
fn the_place_follows_the_workflow() {
    let begun = life();
    let ended = begun.cancelled(begun.workflow.created_at);
    for (life, place) in [(&begun, "research"), (&ended, "")] {
        let item = state_item(&life.workflow, "a topic", SHARDS).unwrap();
        assert_eq!(item["flow"], text("report"));
        assert_eq!(item["place"], text(place));
        let update = state_update(1, &life.workflow, SHARDS).unwrap();
        assert_eq!(update.values[":place"], text(place));
        assert!(update.expression.contains("place = :place"));
    }
}

#[test]
fn a_definition_is_read_as_it_was_kept() {
    let flow = Pinned::new(triage());
    let item = flow_item(&flow).unwrap();
    assert_eq!(item["pk"], text("FLOW#triage"));
    assert_eq!(item["sk"], text("V#00001"));
    let kept = read_flow(&item).unwrap();
    assert_eq!(kept.id, *flow.id());
    assert_eq!(Flow::parse(kept.definition.as_bytes()), Ok(triage()));
    for missing in ["flow_id", "body"] {
        let mut broken = item.clone();
        broken.remove(missing);
        assert!(
            read_flow(&broken).is_err_and(|error| error.is_permanent()),
            "{missing}"
        );
    }
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
