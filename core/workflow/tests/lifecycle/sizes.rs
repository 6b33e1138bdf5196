//! The stored state stays small: a write unit of the table is 1 KB, of which keys and index attributes take some.

use aegis_contracts::approval::DecisionKind;
use aegis_workflow::{Input, Rules};

use crate::walk::{Walk, policy};

/// Bytes of JSON.
const MOST: usize = 920;

#[test]
fn the_state_of_an_ordinary_workflow_stays_under_one_kilobyte() {
    let ordinary = aegis_workflow::ApprovalPolicy {
        approvers: Vec::new(),
        escalate_to: Vec::new(),
        max_revisions: 3,
        ..policy()
    };
    let researching = Walk::under(Rules::default(), ordinary, None);
    let analyzing = researching.clone().succeeded();
    let asked = analyzing.clone().succeeded();
    let waiting = asked.clone().then(Input::Notified { revision: 0 });
    let approver = "arn:aws:iam::123456789012:user/ada.lovelace";
    let writing = waiting.clone().decided(approver, DecisionKind::Approve, 0);
    let steps = [
        ("started", researching.clone()),
        ("researching", researching.running()),
        ("analyzing", analyzing.running()),
        ("approval asked", asked),
        ("approvers told", waiting),
        ("writing", writing.clone().running()),
        (
            "stop owed",
            writing
                .clone()
                .dispatched()
                .until_due()
                .owing(Input::DeadlinePassed),
        ),
        ("completed", writing.succeeded()),
    ];
    for (name, walk) in steps {
        let size = serde_json::to_string(&walk.workflow).unwrap().len();
        println!("{name}: {size} bytes");
        assert!(size < MOST, "{name}: {size} bytes");
    }
}

#[test]
fn what_is_as_usual_is_not_written() {
    let stored = serde_json::to_value(Walk::begin().workflow).unwrap();
    let policy = stored["p"]["findings"].as_object().unwrap();
    assert!(!policy.contains_key("o"), "{policy:?}");
}
