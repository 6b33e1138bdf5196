//! Intake as a process: it takes nothing before the definitions of its flows are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aegis_engine::api::{ApiHandler, ApiRequest, ApiResponse, problem_of};
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_intake::Intake;
use async_trait::async_trait;

use crate::trace::Trace;

/// Lambda hands a message out again once its visibility timeout has passed.
const AGAIN: Duration = Duration::from_secs(180);

pub struct IntakeProcess {
    intake: Intake,
    /// What an operator puts back when the start of this one is refused.
    before: Option<Arc<Self>>,
    trace: Arc<Trace>,
    started: AtomicBool,
    refused: AtomicBool,
}

impl IntakeProcess {
    pub fn new(intake: Intake, before: Option<Arc<Self>>, trace: Arc<Trace>) -> Self {
        Self {
            intake,
            before,
            trace,
            started: AtomicBool::new(false),
            refused: AtomicBool::new(false),
        }
    }

    pub fn has_started(&self) -> bool {
        self.started.load(Ordering::Relaxed)
    }

    /// As the main function of intake does.
    async fn start(&self) -> Result<&Intake, PortError> {
        if !self.has_started() {
            let engine = &self.intake.engine;
            engine.flows.register(engine.table.as_ref()).await?;
            self.started.store(true, Ordering::Relaxed);
        }
        Ok(&self.intake)
    }

    async fn at_work(&self) -> Result<&Intake, PortError> {
        match &self.before {
            Some(before) if self.refused.load(Ordering::Relaxed) => before.start().await,
            Some(_) | None => {
                let started = self.start().await;
                if started.as_ref().is_err_and(PortError::is_permanent) {
                    self.trace.count("deployments refused");
                    self.refused.store(true, Ordering::Relaxed);
                }
                started
            }
        }
    }
}

#[async_trait]
impl ApiHandler for IntakeProcess {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse {
        match self.at_work().await {
            Ok(intake) => intake.respond(request).await,
            Err(error) => problem_of(&error).into(),
        }
    }
}

#[async_trait]
impl QueueHandler for IntakeProcess {
    async fn handle(&self, message: &Received) -> Disposition {
        match self.at_work().await {
            Ok(intake) => intake.handle(message).await,
            Err(_) => Disposition::RetryAfter(AGAIN),
        }
    }
}
