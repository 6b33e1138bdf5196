//! One dead letter in words: what it was, why it is here, whose it is, where it may go back to.
//!
//! Knows the shapes of what our services, SQS, EventBridge and Lambda leave there. Calls nothing.

use std::time::Duration;

use aegis_aws::client::queues::QueueMessage;
use aegis_contracts::envelope::{CommandEnvelope, EventEnvelope};
use aegis_contracts::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::places::{Place, SCHEDULE, WayBack, last_part};
use crate::client::next_step::{LetterStep, of_letter};
use aegis_terminal::text::counted;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    pub message_id: String,
    /// `command RunStep`, `event ApprovalDecided`, …
    pub kind: String,
    pub reason: String,
    pub workflow_id: Option<String>,
    pub age_seconds: Option<u64>,
    /// What `dlq show` advises.
    #[serde(serialize_with = "advised")]
    pub next: LetterStep,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

fn advised<S: serde::Serializer>(next: &LetterStep, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(next.verb())
}

/// What is known besides the message.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub place: &'a Place,
    pub now: Timestamp,
    /// After how many receives SQS moves a message here by itself.
    pub max_receives: Option<u32>,
}

impl Letter {
    pub fn of(message: &QueueMessage, seen: Seen<'_>) -> Self {
        let body: Value = serde_json::from_str(&message.body).unwrap_or_default();
        let sent_at = message.sent_at_millis.map(Timestamp::from_millis);
        Self {
            message_id: message.id.clone(),
            kind: kind(&body, &seen.place.name),
            reason: reason(message, &body, seen.max_receives),
            workflow_id: workflow_id(&body),
            age_seconds: sent_at.map(|sent| seen.now.since(sent).as_secs()),
            next: next(message, seen.place),
            body: None,
        }
    }

    pub fn age(&self) -> Option<Duration> {
        self.age_seconds.map(Duration::from_secs)
    }
}

fn next(message: &QueueMessage, place: &Place) -> LetterStep {
    if let WayBack::Nowhere(why) = &place.way_back {
        return LetterStep::Drop(why);
    }
    if is_stream_notice(&message.body) {
        return LetterStep::Drop(STREAM_NOTICE);
    }
    of_letter(message.attributes.get("reason").map(String::as_str))
}

const STREAM_NOTICE: &str = "a notice that the stream gave records up: it holds none of them, so that nothing can be \
     published from it; their events are in the histories of their workflows";

/// Where a letter goes back to, by the queue's URL.
///
/// # Errors
/// Why it cannot go back, and what to do instead.
pub fn way_back<'a>(message: &QueueMessage, place: &'a Place) -> Result<&'a str, String> {
    match &place.way_back {
        WayBack::Nowhere(why) => Err((*why).to_owned()),
        WayBack::Queue(_) if is_stream_notice(&message.body) => Err(STREAM_NOTICE.to_owned()),
        WayBack::Queue(url) => Ok(url),
        WayBack::Target(queues) => {
            let target = message.attributes.get("TARGET_ARN");
            let target = target.ok_or("it does not say which target it was for")?;
            let name = last_part(target, ':');
            let url = queues.get(name);
            url.map(String::as_str)
                .ok_or_else(|| format!("its target {target} is no queue of this stage"))
        }
    }
}

fn is_stream_notice(body: &str) -> bool {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body.get("DDBStreamBatchInfo").is_some()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn kind(body: &Value, place: &str) -> String {
    if let Some(kind) = text(body, "/detail-type") {
        return format!("event {kind}");
    }
    if let Ok(command) = serde_json::from_value::<CommandEnvelope>(body.clone()) {
        let named = serde_json::to_value(&command.body).unwrap_or_default();
        return format!("command {}", text(&named, "/type").unwrap_or("unknown"));
    }
    if let Ok(event) = serde_json::from_value::<EventEnvelope>(body.clone()) {
        return format!("event {}", event.body.detail_type());
    }
    if body.get("DDBStreamBatchInfo").is_some() {
        return "notice of the stream".to_owned();
    }
    if text(body, "/body/S").is_some() {
        return "history item".to_owned();
    }
    if place == SCHEDULE && body.get("requestContext").is_some() {
        return "sweep".to_owned();
    }
    "unreadable".to_owned()
}

/// Ours is told by our services, the others by whoever moved the message here.
fn reason(message: &QueueMessage, body: &Value, max_receives: Option<u32>) -> String {
    let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
    if let Some(reason) = attribute("reason") {
        return reason.to_owned();
    }
    if let Some(code) = attribute("ERROR_CODE") {
        let said = attribute("ERROR_MESSAGE").unwrap_or("without a message");
        return format!("EventBridge could not deliver it: {code}: {said}");
    }
    if let Some(condition) = text(body, "/requestContext/condition") {
        let said = text(body, "/responsePayload/errorMessage");
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        return format!("Lambda gave it up ({condition}){said}");
    }
    match max_receives {
        Some(received) => format!("received {} without success", counted(received, "time")),
        // How often it was received says nothing: looking at it here counts too.
        None => "no reason is given".to_owned(),
    }
}

fn workflow_id(body: &Value) -> Option<String> {
    let direct = text(body, "/workflow_id").or_else(|| text(body, "/detail/workflow_id"));
    let key = || text(body, "/pk/S").and_then(|key| key.strip_prefix("WF#"));
    direct.or_else(key).map(str::to_owned)
}
