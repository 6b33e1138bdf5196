//! What must never happen at a step; remembered in the state, so that an ordinary invariant finds it.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// A version of the history is missing.
    HistoryGap,
    /// A version of the history was written twice: its events exist twice under the same ids, or under other ones.
    HistoryRewritten,
    /// A write undid another one that its writer had not seen.
    UpdateLost,
    AttemptReused,
    /// A terminal state was left otherwise than by the redrive of a failure.
    EndLeft,
    ResultCountedTwice,
    /// A piece that had ended was asked for again, or counted again, although nothing led back before it.
    DoneAgain,
    /// A flow goes on without more branches than it may, or without all of them.
    TooManyGaps,
    /// A command was sent for work that is not under way, or that somebody has picked up.
    SentForNothing,
    /// A success was counted for an attempt that has no completion record.
    ResultWithoutWork,
    /// An approval was granted by fewer people than it needs, and not by silence.
    TooFewVotes,
    /// What stands behind an approval was asked for, or done, before its grant.
    WithoutGrant,
    GrantedTwice,
    /// Something was asked for although a piece before it has not ended since the flow went back before that piece.
    OutOfOrder,
    /// People were asked twice about one revision.
    RevisionReused,
    /// A decision on one revision counted for another.
    DecidedAnother,
    /// Somebody's decision counted although the time for it had ended.
    DecidedTooLate,
    /// A dispatcher sent a command to its own queue.
    SentToItself,
    /// An attempt was given up whose completion record lay there.
    WorkPaidTwice,
    /// An attempt ended and its session was left to bill until it is idle, or another session was stopped.
    SessionLeft,
    /// More retries of a piece, sends of a command, or agents at work at once than the rules and the flow allow.
    AboveLimit,
    /// A step changed nothing that bounds the life of the workflow.
    NoProgress,
    /// More writes than any life can have: without this a life without end would keep the checker busy for ever.
    TooManyWrites,
}
