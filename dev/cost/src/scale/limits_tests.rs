//! What moves which limit.

use super::{Limit, Stage, limits};

#[test]
fn each_variable_moves_its_limit() {
    let rate = |stage: &Stage, what: &str| {
        let all = limits(stage);
        let found = all.iter().find(|limit| limit.what.contains(what));
        found.map(Limit::per_minute)
    };
    let (small, mut large) = (Stage::default(), Stage::default());
    large.status_shards = 2.0;
    large.deadline_shards = 8.0;
    large.dispatch_concurrency = 10.0;
    large.relay_parallelization = 2.0;
    large.start_throttle_rate = 12.0;
    for what in [
        "by_status",
        "by_deadline",
        "sweep",
        "dispatcher",
        "relay",
        "throttle of starts",
    ] {
        let (before, after) = (rate(&small, what), rate(&large, what));
        assert_eq!(before.map(|rate| rate * 2.0), after, "{what}");
    }
}

#[test]
fn the_door_is_narrower_than_what_is_behind_it() {
    let all = limits(&Stage::default());
    let first: Vec<_> = all.iter().take(2).map(|limit| limit.what).collect();
    assert_eq!(
        first,
        ["the API's throttle of starts", "new agent sessions"]
    );
    assert_eq!(all[1].per_minute(), 400.0);
}
