//! Attempts whose time is up.

use crate::codes;
use crate::draft::Draft;
use crate::input::StepFailure;
use crate::state::Work;

impl Draft<'_> {
    /// The time of an attempt that was dispatched has passed.
    pub(super) fn time_is_up(&mut self, work: &Work) {
        let (rules, now) = (self.rules, self.now);
        let limits = self.next.limits(rules, &work.of.step);
        let attempt = &work.of;
        let (code, message) = if now >= work.deadline_at {
            let limit = limits.timeout.as_secs();
            (
                codes::STEP_TIMEOUT,
                format!(
                    "{attempt} took longer than {limit} s; ask for less or allow more, then redrive"
                ),
            )
        } else if work.last_heartbeat_at.is_some() {
            let limit = limits.heartbeat.as_secs();
            (
                codes::AGENT_SILENT,
                format!(
                    "{attempt} was silent for {limit} s; the agent's log says why, then redrive"
                ),
            )
        } else {
            let limit = rules.start_timeout.as_secs();
            (
                codes::AGENT_NOT_STARTED,
                format!(
                    "{attempt} gave no sign of life in {limit} s; the agent's log says why, then redrive"
                ),
            )
        };
        let why = StepFailure {
            code: code.to_owned(),
            message,
            transient: true,
            usage: None,
        };
        self.end_attempt(work, why);
    }
}
