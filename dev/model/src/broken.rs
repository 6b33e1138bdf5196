//! Ways in which aegis could be built wrongly. Each is a change of the model around the decisions,
//! and each must be caught: a check that has never failed proves nothing.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The sweep does not send again what nobody picked up.
    NoOwedRecovery,
    /// A touch takes the workflow out of the index of deadlines.
    ForgottenDeadline,
    /// Writes are not conditional on the sequence number that was read.
    NoVersionCondition,
    /// Commands leave before the state that owes them is written.
    SendBeforeCommit,
    /// A report counts for whatever attempt is under way.
    AttemptIgnored,
    /// A silent attempt is given up without a look at its completion record.
    NoRecordLookup,
    /// `Dispatched` is noted before the agent is invoked.
    NoteBeforeInvoke,
    /// An agent that is invoked again works again.
    NoClaim,
    /// The session of an agent that has reported is not stopped.
    ReportedSessionKept,
    /// The state does not say that it owes the stops of sessions.
    StopsNotOwed,
    /// A dispatcher that repeats itself sends what is owed to others.
    DispatcherResends,
    /// The completion record of one branch is taken for that of another.
    BranchIgnored,
    /// A redrive begins its step anew, with the branches that were done.
    RedriveFromScratch,
}

impl Broken {
    pub const ALL: [Self; 13] = [
        Self::NoOwedRecovery,
        Self::ForgottenDeadline,
        Self::NoVersionCondition,
        Self::SendBeforeCommit,
        Self::AttemptIgnored,
        Self::NoRecordLookup,
        Self::NoteBeforeInvoke,
        Self::NoClaim,
        Self::ReportedSessionKept,
        Self::StopsNotOwed,
        Self::DispatcherResends,
        Self::BranchIgnored,
        Self::RedriveFromScratch,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoOwedRecovery => "no recovery of owed commands",
            Self::ForgottenDeadline => "deadline forgotten by a touch",
            Self::NoVersionCondition => "no version condition",
            Self::SendBeforeCommit => "send before commit",
            Self::AttemptIgnored => "attempt ignored in callbacks",
            Self::NoRecordLookup => "no look at the completion record",
            Self::NoteBeforeInvoke => "dispatch noted before the invocation",
            Self::NoClaim => "agent without a claim",
            Self::ReportedSessionKept => "session kept after a report",
            Self::StopsNotOwed => "stops not owed",
            Self::DispatcherResends => "dispatcher sends again",
            Self::BranchIgnored => "branch ignored in completion records",
            Self::RedriveFromScratch => "redrive from scratch",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
