//! `aegis emit`: puts an external event on the bus, as another system would.

use std::io::Read as _;
use std::process::ExitCode;

use aegis_contracts::EVENT_SOURCE;
use aegis_contracts::external::BusEvent;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::problem::Code;
use aegis_contracts::strict;
use aegis_embedded::ACCOUNT;
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::event_check::{KINDS, Kind, hostile, near, told};
use super::request::{key_value, named_twice, new_key};
use super::session::Session;
use crate::context::Context;
use crate::failure::Coded;
use crate::out;
use crate::style::{bold, dim};
use aegis_client::failure::ApiError;
use aegis_client::path::shown;
use aegis_client::stage::Stage;
use aegis_terminal::text::{columns, one_line};

/// Send an event as another system does: to the event bus of a stage, or to the server on this machine.
///
/// A bus takes anything, so the event is checked before it is sent. Whether the stage lets its sender decide shows
/// at the workflow, or in the dead letters of the service that it is for (`aegis dlq list`).
#[derive(Debug, Args)]
#[command(after_help = "\
The events that aegis listens to, each with its required `idempotency_key`:
  WorkflowRequested  topic, and optionally flow, parameters, approval, approvals, budget, tags
  ApprovalDecided    workflow_id, decision, and optionally revision, comment, approver
  CancelRequested    workflow_id, and optionally reason
  RedriveRequested   workflow_id, and optionally version
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
    /// One field of the detail, on top of --detail. A dot goes deeper (`parameters.depth=quick`).
    /// A field of text takes the value as it is; any other field takes it as JSON, if it is JSON. May be
    /// given several times.
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = key_value)]
    fields: Vec<(String, String)>,
    /// The event's source. `aegis.workflow` is reserved for the platform.
    #[arg(long, value_name = "SOURCE", default_value = "aegis.cli", value_parser = foreign_source)]
    source: String,
    /// The same key twice is one effect [default: the detail's own, or else a new one].
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Send it even if nobody would act on it.
    #[arg(long)]
    force: bool,
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
    let kind = Kind::named(&arguments.detail_type);
    if let Some(field) = named_twice(&arguments.fields) {
        return Err(Coded::new("usage", format!("--set names the field `{field}` twice")).into());
    }
    for (field, value) in &arguments.fields {
        set(&mut detail, field, typed(kind, field, value))?;
    }
    if let Some(key) = arguments.idempotency_key {
        detail.insert("idempotency_key".to_owned(), Value::String(key));
    }
    let key = detail
        .entry("idempotency_key")
        .or_insert_with(|| Value::String(new_key()))
        .clone();
    let mut faults = faults(&arguments.detail_type, &arguments.source, &detail);
    if faults.is_empty() && !arguments.force {
        faults.extend(absent(&session, &detail).await);
    }
    if !faults.is_empty() && !arguments.force {
        let message = format!(
            "nobody would act on this event, so it was not sent (--force sends it all the same)\n  {}",
            faults.join("\n  ")
        );
        return Err(Coded::new("invalid_event", message).into());
    }
    let named = workflow_named(&detail);
    let text = Value::Object(detail).to_string();
    let (source, detail_type) = (&arguments.source, &arguments.detail_type);
    let event_id = match context.stage {
        Some(_) => put(&session.stage, source, detail_type, &text).await?,
        None => post(&session, source, detail_type, &text).await?,
    };
    let mut told = vec![
        ("event_id", Value::String(event_id)),
        ("source", Value::String(arguments.source.clone())),
        ("idempotency_key", key.clone()),
    ];
    let mut id = named;
    if arguments.detail_type == "WorkflowRequested" && faults.is_empty() {
        let account = match context.stage {
            Some(_) => session.stage.account(),
            None => Some(ACCOUNT.to_owned()),
        };
        id = account.and_then(|account| workflow_id(account, source, key.as_str()));
        let id = id.as_ref().map(ToString::to_string);
        told.extend(id.map(|id| ("workflow_id", Value::String(id))));
    }
    let get = id.map(|id| format!("get {id}"));
    // The server on this machine has said by now what it refuses.
    let refused = kind.filter(|_| context.stage.is_some());
    let refused = refused.map(|kind| format!("dlq show {}", kind.service));
    let done = format!(
        "The event is on the bus all the same, with the idempotency_key {key}. See what came of it with"
    );
    let see = get.as_deref().or(refused.as_deref()).unwrap_or("dlq list");
    session.done(&done, see);
    print(&arguments.detail_type, told, session.json);
    if !session.json {
        for words in get.iter().chain(&refused) {
            outln!("  {}", session.command(words));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "aws")]
async fn put(stage: &Stage, source: &str, detail_type: &str, detail: &str) -> Result<String> {
    let bus = stage.output("event_bus_name")?;
    let config = stage.connection().load().await;
    let client = aegis_aws::client::bus::BusClient::new(&config, bus);
    Ok(client.put(source, detail_type, detail).await?)
}

#[cfg(not(feature = "aws"))]
async fn put(_: &Stage, _: &str, _: &str, _: &str) -> Result<String> {
    Err(super::without_aws::left_out("an event bus"))
}

#[derive(Deserialize)]
struct Taken {
    event_id: String,
}

/// To the server on this machine, which answers once the event had its effect.
async fn post(session: &Session, source: &str, detail_type: &str, detail: &str) -> Result<String> {
    let detail: Value = serde_json::from_str(detail)?;
    let event = json!({"detail-type": detail_type, "source": source, "detail": detail});
    let taken = session
        .api
        .post::<Taken>("/events", event.to_string())
        .await?;
    Ok(taken.value.event_id)
}

fn workflow_named(detail: &Map<String, Value>) -> Option<WorkflowId> {
    detail.get("workflow_id")?.as_str()?.parse().ok()
}

/// That there is no such workflow. Whoever may put events and not look at workflows is not stopped.
async fn absent(session: &Session, detail: &Map<String, Value>) -> Option<String> {
    let id = workflow_named(detail)?;
    match session.workflow(&id).await {
        Err(ApiError::Refused(problem)) if problem.code == Code::WorkflowNotFound.as_str() => {
            let list = session.command("list");
            Some(format!(
                "workflow_id: there is no such workflow; see {list}"
            ))
        }
        _ => None,
    }
}

/// Why nobody would act on it; empty where somebody will.
fn faults(detail_type: &str, source: &str, detail: &Map<String, Value>) -> Vec<String> {
    let mut faults = match Kind::named(detail_type) {
        Some(kind) => kind.faults(detail),
        None => {
            let meant = near(detail_type).map(|name| format!(", did you mean `{name}`?"));
            let names = KINDS.iter().map(|kind| kind.detail_type);
            let names = names.collect::<Vec<_>>().join(", ");
            let meant = meant.unwrap_or_else(|| format!("; it listens to {names}"));
            vec![format!("aegis listens to no event `{detail_type}`{meant}")]
        }
    };
    faults.extend(hostile("source", &Value::from(source)));
    if faults.is_empty() {
        faults.extend(hostile("", &Value::Object(detail.clone())));
    }
    faults
}

/// The id that the workflow gets if the request is valid: it follows from who asks and the key.
fn workflow_id(account: String, source: &str, key: Option<&str>) -> Option<WorkflowId> {
    let event = BusEvent {
        id: String::new(),
        detail_type: String::new(),
        source: source.to_owned(),
        account,
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
        out::json(Value::Object(fields));
        return;
    }
    outln!("{}", bold(one_line(detail_type)));
    let row = |(name, value): (&str, Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), one_line);
        vec![dim(name.replace('_', " ")).to_string(), value]
    };
    for line in columns(&told.into_iter().map(row).collect::<Vec<_>>()) {
        outln!("  {line}");
    }
}

fn base(detail: Option<&str>) -> Result<Map<String, Value>> {
    let bytes = match detail {
        None => return Ok(Map::new()),
        Some("-") => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .read_to_end(&mut bytes)
                .context("cannot read standard input")?;
            bytes
        }
        Some(detail) => match detail.strip_prefix('@') {
            Some(path) => {
                std::fs::read(path).with_context(|| format!("cannot read {}", shown(path)))?
            }
            None => detail.as_bytes().to_vec(),
        },
    };
    let refused = |refused| anyhow!("--detail is not a JSON object: {}", told(&refused));
    strict::from_slice(&bytes).map_err(refused)
}

fn typed(kind: Option<&Kind>, field: &str, value: &str) -> Value {
    let text = || Value::String(value.to_owned());
    if kind.is_some_and(|kind| kind.wants_text(field)) {
        return text();
    }
    serde_json::from_str(value).unwrap_or_else(|_| text())
}

fn set(detail: &mut Map<String, Value>, field: &str, value: Value) -> Result<()> {
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

    #[test]
    fn fields_go_deep_and_have_the_type_of_the_event() {
        let kind = Kind::named("WorkflowRequested");
        let mut detail = base(Some("\u{feff}{\"topic\":\"old\",\"revision\":1}")).unwrap();
        for (field, value) in [
            ("topic", "2024"),
            ("tags.year", "2024"),
            ("approval.required", "2"),
            ("parameters.depth", "quick"),
            ("parameters.sources", r#"["corpus:builtin"]"#),
        ] {
            set(&mut detail, field, typed(kind, field, value)).unwrap();
        }
        assert_eq!(
            Value::Object(detail.clone()),
            json!({"topic": "2024", "revision": 1, "tags": {"year": "2024"}, "approval": {"required": 2},
                "parameters": {"depth": "quick", "sources": ["corpus:builtin"]}})
        );
        assert_eq!(typed(None, "anything", "2024"), json!(2024));
        assert!(set(&mut detail, "topic.deeper", json!("x")).is_err());
        assert!(base(Some("[]")).is_err());
    }
}
