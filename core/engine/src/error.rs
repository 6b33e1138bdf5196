//! What can go wrong at a port, in the three kinds that matter to a caller.

/// An error of the outside world. `what` names the operation and the cause, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// May work if tried again: a time-out, a lost connection, a service's own fault.
    #[error("transient: {0}")]
    Transient(String),
    /// Refused for being too fast. Waiting helps; it is not a failure.
    #[error("throttled: {0}")]
    Throttled(String),
    /// Will not work however often it is tried: not allowed, not found, not readable.
    #[error("permanent: {0}")]
    Permanent(String),
}

impl PortError {
    /// What a dispatcher can do about an agent that refuses an invocation with `status`. One that says that the request is
    /// wrong is for good; one that says "not now" is not.
    pub fn of_an_agent(status: u16, what: String) -> Self {
        match status {
            429 => Self::Throttled(what),
            // A time-out, another's claim, a lock, a failed dependency, too early.
            408 | 409 | 423..=425 => Self::Transient(what),
            400..=499 => Self::Permanent(what),
            _ => Self::Transient(what),
        }
    }

    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Permanent(_) => true,
            Self::Transient(_) | Self::Throttled(_) => false,
        }
    }
}
