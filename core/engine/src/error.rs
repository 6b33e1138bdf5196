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
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Permanent(_) => true,
            Self::Transient(_) | Self::Throttled(_) => false,
        }
    }
}
