//! The four ways in which a handler is called.

use std::sync::Arc;

use aegis_engine::api::{ApiHandler, ApiRequest};
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_engine::schedule::ScheduleHandler;
use aegis_engine::stream::{StreamHandler, StreamRecord};

pub enum Delivery {
    Message(Arc<dyn QueueHandler>, Received),
    Request(Arc<dyn ApiHandler>, ApiRequest),
    Records(Arc<dyn StreamHandler>, Vec<StreamRecord>),
    Tick(Arc<dyn ScheduleHandler>),
}

/// What the caller is told.
#[derive(Debug, PartialEq)]
pub enum Ending {
    Message(Disposition),
    /// The status; bodies may say that it was the second time.
    Request(u16),
    Records(Result<(), PortError>),
    Tick(Result<(), PortError>),
}

impl Ending {
    /// Nobody has to try again.
    pub fn is_well(&self) -> bool {
        match self {
            Self::Message(disposition) => *disposition == Disposition::Ack,
            Self::Request(status) => (200..300).contains(status),
            Self::Records(outcome) | Self::Tick(outcome) => outcome.is_ok(),
        }
    }
}

impl Delivery {
    pub async fn deliver(&self, receive_count: u32) -> Ending {
        match self {
            Self::Message(handler, message) => {
                let message = Received {
                    receive_count,
                    ..message.clone()
                };
                Ending::Message(handler.handle(&message).await)
            }
            Self::Request(handler, request) => {
                Ending::Request(handler.respond(request).await.status)
            }
            Self::Records(handler, records) => Ending::Records(handler.relay(records).await),
            Self::Tick(handler) => Ending::Tick(handler.tick().await),
        }
    }

    /// Seconds until the same comes again, each after the one before.
    pub(super) fn waits(&self) -> &'static [u64] {
        match self {
            Self::Message(..) | Self::Request(..) | Self::Records(..) => &[0, 1, 60, 3000],
            // A later tick finds other things due.
            Self::Tick(_) => &[0, 0],
        }
    }

    /// Seconds after a crash until somebody tries again: the visibility timeout, a client's patience; of a sweep the
    /// time after which what it owes is due again.
    pub(super) fn patience(&self) -> u64 {
        match self {
            Self::Message(..) | Self::Request(..) | Self::Records(..) => 30,
            Self::Tick(_) => 130,
        }
    }
}
