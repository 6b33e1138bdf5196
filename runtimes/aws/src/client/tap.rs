//! A queue that receives every event of one source on a bus, for as long as somebody listens.
//!
//! For tests and for looking at a stage's events. Made by hand, not by Terraform: it is no part of a
//! stage.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client as BusClient;
use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::Client as QueueClient;
use aws_sdk_sqs::types::QueueAttributeName;

use super::error::CallError;

const CREATE: &str = "CreateQueue";
const ATTRIBUTES: &str = "GetQueueAttributes";
const RULE: &str = "PutRule";
const TARGET: &str = "PutTargets";

/// Makes queue and rule, both called `name`, unless they are there; returns the queue's URL.
///
/// The queue gets no policy: where EventBridge checks one, it must be given by hand.
///
/// # Errors
/// Where one of the calls is refused.
pub async fn tap(
    config: &SdkConfig,
    bus: &str,
    source: &str,
    name: &str,
) -> Result<String, CallError> {
    let queues = QueueClient::new(config);
    let queue = queues.create_queue().queue_name(name).send().await;
    let url = queue.map_err(CallError::of(CREATE))?.queue_url;
    let url = url.ok_or_else(|| CallError::saying(CREATE, None, "the answer has no URL"))?;
    let arn = arn_of(&queues, &url).await?;
    let events = BusClient::new(config);
    let pattern = serde_json::json!({ "source": [source] }).to_string();
    let rule = events.put_rule().name(name).event_bus_name(bus);
    let made = rule.event_pattern(pattern).send().await;
    made.map_err(CallError::of(RULE))?;
    let target = Target::builder().id(name).arn(arn).build();
    let target = target.map_err(|error| CallError::saying(TARGET, None, error.to_string()))?;
    let put = events.put_targets().rule(name).event_bus_name(bus);
    let put = put
        .targets(target)
        .send()
        .await
        .map_err(CallError::of(TARGET))?;
    match put.failed_entries().first() {
        None => Ok(url),
        Some(failed) => Err(CallError::saying(
            TARGET,
            failed.error_code(),
            failed.error_message().unwrap_or("refused without a reason"),
        )),
    }
}

async fn arn_of(queues: &QueueClient, url: &str) -> Result<String, CallError> {
    let name = QueueAttributeName::QueueArn;
    let asked = queues.get_queue_attributes().queue_url(url);
    let answer = asked.attribute_names(name.clone()).send().await;
    let answer = answer.map_err(CallError::of(ATTRIBUTES))?;
    let arn = answer.attributes().and_then(|values| values.get(&name));
    arn.cloned()
        .ok_or_else(|| CallError::saying(ATTRIBUTES, None, "the queue has no ARN"))
}
