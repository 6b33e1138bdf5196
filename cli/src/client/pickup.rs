//! A command that nobody has picked up yet, in words, and where to look for it.

use aegis_contracts::view::{PickupView, WorkflowView};

use aegis_terminal::text::{counted, duration, local_time, now};

/// A command that was sent once is on its way. If it was sent again, something is wrong, unless no agent is free.
pub fn waiting(pickup: &PickupView) -> String {
    let since = duration(now().since(pickup.waiting_since));
    if waits_for_a_session(pickup) {
        let next = pickup.resend_at.map_or_else(String::new, |at| {
            format!("; tried again after {}", local_time(at))
        });
        return format!("waits for a free agent session, asked for {since} ago{next}");
    }
    if !is_stuck(pickup) {
        return format!("asked for {since} ago, not picked up yet");
    }
    let next = pickup.resend_at.map_or_else(String::new, |at| {
        format!("; sent again or given up after {}", local_time(at))
    });
    format!(
        "stuck: not picked up in {since}, sent {}{next}",
        counted(pickup.sends, "time")
    )
}

pub const fn is_stuck(pickup: &PickupView) -> bool {
    pickup.sends > 1 && !waits_for_a_session(pickup)
}

pub const fn waits_for_a_session(pickup: &PickupView) -> bool {
    pickup.throttled_at.is_some()
}

/// The service that did not pick up what it was asked for: its dead letters may tell why.
pub fn stuck_service(view: &WorkflowView) -> Option<String> {
    let stuck = |pickup: Option<&PickupView>| pickup.is_some_and(is_stuck);
    let mut steps = view.steps.iter();
    if let Some(step) = steps.find(|step| stuck(step.pickup.as_ref())) {
        return Some(format!("{}-dispatch", step.agent));
    }
    let approval = view.approval.as_ref()?;
    stuck(approval.pickup.as_ref()).then(|| "approval".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_a_session_is_not_stuck_however_often_its_command_was_sent() {
        let sent_again = PickupView {
            sends: 3,
            waiting_since: now(),
            resend_at: None,
            throttled_at: None,
        };
        assert!(is_stuck(&sent_again));
        assert!(waiting(&sent_again).contains("stuck"));
        let throttled = PickupView {
            throttled_at: Some(now()),
            ..sent_again
        };
        assert!(!is_stuck(&throttled));
        let told = waiting(&throttled);
        assert!(told.contains("waits for a free agent session"), "{told}");
    }
}
