//! What is built wrongly is caught, each by the law that speaks of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use aegis_model::{Broken, Scenario, check, properties, scenarios};

fn scenario(name: &str) -> Scenario {
    let mut found = scenarios().into_iter().filter(|s| s.name == name);
    found.next().unwrap()
}

fn caught(broken: Broken) -> (&'static str, &'static str) {
    match broken {
        Broken::NoOwedRecovery => ("transport fails", properties::MOVES),
        Broken::ForgottenDeadline => ("transport fails", properties::DEADLINE),
        Broken::NoVersionCondition => ("overtaken", properties::WRITTEN_ONCE),
        Broken::SendBeforeCommit => ("transport fails", properties::COMMITTED),
        Broken::AttemptIgnored => ("agents fail", properties::COUNTED_IF_DONE),
        Broken::NoRecordLookup => ("transport fails", properties::PAID_ONCE),
        Broken::NoteBeforeInvoke => ("transport fails", properties::DISPATCHED),
        Broken::NoClaim => ("transport fails", properties::WORKED_ONCE),
        Broken::ReportedSessionKept => ("transport fails", properties::STOPPED),
        Broken::StopsNotOwed => ("stops are owed", properties::ASKED),
        Broken::DispatcherResends => ("two at once", properties::NOT_TO_ITSELF),
        Broken::BranchIgnored => ("branches", properties::COUNTED_IF_DONE),
        Broken::RedriveFromScratch => ("branches in turn", properties::NOT_AGAIN),
    }
}

#[test]
fn every_broken_variant_is_caught() {
    for broken in Broken::ALL {
        let (name, property) = caught(broken);
        let summary = check(&scenario(name), Some(broken), 1);
        println!("{summary}");
        let found: Vec<_> = summary
            .counterexamples
            .iter()
            .map(|example| example.property)
            .collect();
        let example = summary
            .counterexamples
            .iter()
            .find(|example| example.property == property);
        let Some(example) = example else {
            panic!("{broken}: expected `{property}`, found {found:?}");
        };
        println!(
            "caught, with {found:?}\n`{property}` does not hold:\n{}",
            example.trace
        );
        assert!(example.steps > 0, "{broken}");
    }
}
