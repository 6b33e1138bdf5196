//! Looks at a workflow again and again, gently: quickly while it moves, seldom while it waits.

use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::WorkflowView;

use super::changes::is_news;
use super::session::Session;
use aegis_client::api::Answer;
use aegis_client::failure::ApiError;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// How many reads in a row may fail of an API that answered before; each read is tried more than once.
const MAX_MISSES: u32 = 20;

#[derive(Debug)]
pub struct Poller {
    id: WorkflowId,
    pause: Duration,
    longest: Duration,
    last: Option<WorkflowView>,
}

impl Poller {
    pub fn new(id: WorkflowId, longest: Duration) -> Self {
        Self {
            id,
            pause: Duration::ZERO,
            longest,
            last: None,
        }
    }

    /// Waits for the next view that is news. A passing trouble of an API that has answered before
    /// is waited out.
    ///
    /// # Errors
    /// Where the API refuses, or has been out of reach for too long.
    pub async fn next(&mut self, session: &Session) -> Result<Answer<WorkflowView>, ApiError> {
        let mut misses = 0;
        loop {
            tokio::time::sleep(self.pause).await;
            match session.workflow(&self.id).await {
                Ok(answer) if is_news(self.last.as_ref(), &answer.value) => {
                    self.pause = FIRST_PAUSE;
                    return Ok(answer);
                }
                Ok(_) => misses = 0,
                Err(error)
                    if error.is_transient() && self.last.is_some() && misses < MAX_MISSES =>
                {
                    misses += 1;
                }
                Err(error) => return Err(error),
            }
            self.pause = (self.pause * 3 / 2).clamp(FIRST_PAUSE, self.longest);
        }
    }

    /// To be called once the news was told, so that the next one is told against it.
    pub fn seen(&mut self, view: WorkflowView) {
        self.last = Some(view);
    }
}
