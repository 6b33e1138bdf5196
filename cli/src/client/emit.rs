//! `aegis emit`: puts an external event on the bus, as another system would.

use std::io::Read as _;
use std::process::ExitCode;

use aegis_contracts::EVENT_SOURCE;
use aegis_contracts::external::BusEvent;
use aegis_contracts::ids::WorkflowId;
use aegis_platform::client::bus::BusClient;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Map, Value};

use super::request::{key_value, new_key};
use super::session::Session;
use super::text::{columns, dim};
use crate::context::Context;
use aegis_client::stage::Stage;

/// Put an external event on the stage's bus, with no HTTP call to the API.
///
/// The bus takes anything: whether the event was understood shows at the workflow, or in the dead
/// letters of the service that it is for.
#[derive(Debug, Args)]
#[command(after_help = "\
The events that aegis listens to, each with its required `idempotency_key`:
  WorkflowRequested  topic, and optionally parameters, approval, budget, tags
  ApprovalDecided    workflow_id, decision, and optionally revision, comment, approver
  CancelRequested    workflow_id, and optionally reason
  StepReported       workflow_id, token, and an agent's callback

Examples:
  aegis emit WorkflowRequested --set topic=\"Impact of quantum computing on cryptography\"
  aegis emit ApprovalDecided --set workflow_id=wf_… --set decision=approve --source partner.crm
  aegis emit WorkflowRequested --detail @request.json --idempotency-key order-4711")]
pub struct Arguments {
    /// The event's detail-type, such as `WorkflowRequested`.
    #[arg(value_name = "DETAIL-TYPE")]
    detail_type: String,
    /// The event's detail as a JSON object; `@FILE` reads a file, `-` standard input.
    #[arg(long, value_name = "JSON|@FILE|-")]
    detail: Option<String>,
    /// One field of the detail, on top of --detail. A dot goes deeper (`parameters.depth=quick`);
    /// what is JSON counts as such, anything else as text. May be given several times.
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = key_value)]
    fields: Vec<(String, String)>,
    /// Who says so. `aegis.workflow` is kept for the platform's own events.
    #[arg(long, value_name = "SOURCE", default_value = "aegis.cli", value_parser = foreign_source)]
    source: String,
    /// The same key twice is one effect [default: the detail's own, or else a new one].
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

fn foreign_source(source: &str) -> Result<String, String> {
    match source {
        EVENT_SOURCE => Err("only the platform itself may use this source".to_owned()),
        "" => Err("must not be empty".to_owned()),
        _ => Ok(source.to_owned()),
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let mut detail = base(arguments.detail.as_deref())?;
    for (field, value) in &arguments.fields {
        set(&mut detail, field, value)?;
    }
    if let Some(key) = arguments.idempotency_key {
        detail.insert("idempotency_key".to_owned(), Value::String(key));
    }
    let key = detail
        .entry("idempotency_key")
        .or_insert_with(|| Value::String(new_key()))
        .clone();
    let bus = session.stage.output("event_bus_name")?;
    let config = session.stage.connection().load().await;
    let text = Value::Object(detail).to_string();
    let event_id = BusClient::new(&config, bus)
        .put(&arguments.source, &arguments.detail_type, &text)
        .await?;
    let mut told = vec![
        ("event_id", Value::String(event_id)),
        ("source", Value::String(arguments.source.clone())),
        ("idempotency_key", key.clone()),
    ];
    if arguments.detail_type == "WorkflowRequested" {
        let id = workflow_id(&session.stage, &arguments.source, key.as_str());
        told.extend(id.map(|id| ("workflow_id", Value::String(id.to_string()))));
    }
    print(&arguments.detail_type, told, session.json);
    Ok(ExitCode::SUCCESS)
}

/// The id that the workflow gets if the request is valid: it follows from who asks and the key.
fn workflow_id(stage: &Stage, source: &str, key: Option<&str>) -> Option<WorkflowId> {
    let event = BusEvent {
        id: String::new(),
        detail_type: String::new(),
        source: source.to_owned(),
        account: stage.account()?,
        detail: Value::Null,
    };
    Some(WorkflowId::derive(&event.claimed_by(), key?))
}

fn print(detail_type: &str, told: Vec<(&str, Value)>, json: bool) {
    if json {
        let mut fields = Map::new();
        fields.insert("detail_type".to_owned(), detail_type.into());
        fields.extend(
            told.into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        println!("{}", Value::Object(fields));
        return;
    }
    println!("{}", console::style(detail_type).bold());
    let row = |(name, value): (&str, Value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        vec![dim(name.replace('_', " ")).to_string(), value]
    };
    for line in columns(&told.into_iter().map(row).collect::<Vec<_>>()) {
        println!("  {line}");
    }
}

fn base(detail: Option<&str>) -> Result<Map<String, Value>> {
    let text = match detail {
        None => return Ok(Map::new()),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("cannot read standard input")?;
            text
        }
        Some(detail) => match detail.strip_prefix('@') {
            Some(path) => {
                std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?
            }
            None => detail.to_owned(),
        },
    };
    serde_json::from_str(&text).context("--detail is not a JSON object")
}

fn set(detail: &mut Map<String, Value>, field: &str, value: &str) -> Result<()> {
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    let mut place = detail;
    let mut parts = field.split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            place.insert(part.to_owned(), value);
            return Ok(());
        }
        let deeper = place
            .entry(part)
            .or_insert_with(|| Value::Object(Map::new()));
        let Some(deeper) = deeper.as_object_mut() else {
            bail!("--set {field}: `{part}` is no object");
        };
        place = deeper;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_go_deep_and_keep_their_type() {
        let mut detail = base(Some(r#"{"topic":"old","revision":1}"#)).unwrap();
        set(&mut detail, "topic", "new topic").unwrap();
        set(&mut detail, "parameters.depth", "quick").unwrap();
        set(&mut detail, "parameters.sources", r#"["corpus:builtin"]"#).unwrap();
        assert_eq!(
            Value::Object(detail.clone()),
            json!({"topic": "new topic", "revision": 1,
                "parameters": {"depth": "quick", "sources": ["corpus:builtin"]}})
        );
        assert!(set(&mut detail, "topic.deeper", "x").is_err());
        assert!(base(Some("[]")).is_err());
    }
}
