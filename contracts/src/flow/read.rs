//! A definition from its JSON.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::{
    AgentStep, ApprovalStep, Entry, Flow, MAX_FILE, MAX_PARALLEL, Name, Parallel, ParameterSchema,
    rules,
};
use crate::request::ApprovalOptions;
use crate::strict::{self, Refused};

/// What is wrong with a definition, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Such as `steps[2].reads[0]`; empty for the whole file.
    pub place: String,
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.reason),
            place => write!(f, "{place}: {}", self.reason),
        }
    }
}

impl Fault {
    pub(super) fn at(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            reason: reason.into(),
        }
    }
}

/// The file as it is written, its steps not yet read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    flow: Name,
    version: u16,
    title: String,
    #[serde(default)]
    parameters: Value,
    steps: Vec<Value>,
    result: Name,
}

/// An approval's own fields; the others are its policy.
#[derive(Deserialize)]
struct Asked {
    approval: Name,
    shows: Name,
    #[serde(default)]
    redo: Option<Name>,
    #[serde(default)]
    search_again: Option<Name>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtOnce {
    parallel: Vec<Value>,
}

const ASKED: [&str; 4] = ["approval", "shows", "redo", "search_again"];

impl Flow {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// Every fault, with its place.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        if bytes.len() > MAX_FILE {
            let reason = format!(
                "the file has {} bytes, at most {MAX_FILE} are read",
                bytes.len()
            );
            return Err(vec![Fault::at("", reason)]);
        }
        let value = strict::from_slice::<Whole>(bytes).map_err(|refused| {
            vec![match refused {
                Refused::NotJson(why) => Fault::at("", format!("the file is not JSON: {why}")),
                Refused::Field(place, reason) => Fault { place, reason },
            }]
        })?;
        Self::from_value(value.0)
    }

    /// # Errors
    /// Every fault, with its place.
    pub fn from_value(value: Value) -> Result<Self, Vec<Fault>> {
        let file: File = read(value, "")?;
        let mut faults = Vec::new();
        let mut steps = Vec::new();
        for (index, step) in file.steps.into_iter().enumerate() {
            match entry(step, &format!("steps[{index}]")) {
                Ok(entry) => steps.push(entry),
                Err(found) => faults.extend(found),
            }
        }
        let parameters = ParameterSchema::new(file.parameters).unwrap_or_else(|reason| {
            faults.push(Fault::at("parameters", reason));
            ParameterSchema::default()
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        let flow = Self {
            flow: file.flow,
            version: file.version,
            title: file.title,
            parameters,
            steps,
            result: file.result,
        };
        let faults = rules::check(&flow);
        if faults.is_empty() {
            Ok(flow)
        } else {
            Err(faults)
        }
    }
}

/// Any JSON object, read as strictly as the bodies of the API.
struct Whole(Value);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self)
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value, place: &str) -> Result<T, Vec<Fault>> {
    strict::from_value(value).map_err(|(field, reason)| {
        let separator = if place.is_empty() || field.is_empty() || field.starts_with('[') {
            ""
        } else {
            "."
        };
        vec![Fault::at(format!("{place}{separator}{field}"), reason)]
    })
}

fn entry(value: Value, place: &str) -> Result<Entry, Vec<Fault>> {
    let Value::Object(mut fields) = value else {
        return Err(vec![Fault::at(place, "must be an object")]);
    };
    let kinds = KINDS.into_iter().filter(|kind| fields.contains_key(*kind));
    match kinds.collect::<Vec<_>>()[..] {
        ["step"] => {
            let step: AgentStep = read(Value::Object(fields), place)?;
            Ok(Entry::Step(step))
        }
        ["parallel"] => parallel(read(Value::Object(fields), place)?, place),
        ["approval"] => {
            let mut own = serde_json::Map::new();
            for name in ASKED {
                if let Some(value) = fields.remove(name) {
                    own.insert(name.to_owned(), value);
                }
            }
            let asked: Asked = read(Value::Object(own), place)?;
            let policy: ApprovalOptions = read(Value::Object(fields), place)?;
            Ok(Entry::Approval(ApprovalStep {
                approval: asked.approval,
                shows: asked.shows,
                redo: asked.redo,
                search_again: asked.search_again,
                policy,
            }))
        }
        [] => Err(vec![Fault::at(
            place,
            "must have the field `step`, `parallel` or `approval`",
        )]),
        _ => Err(vec![Fault::at(
            place,
            "is a `step`, a `parallel` or an `approval`, only one of them",
        )]),
    }
}

/// The fields that say what an entry is.
const KINDS: [&str; 3] = ["step", "parallel", "approval"];

fn parallel(at_once: AtOnce, place: &str) -> Result<Entry, Vec<Fault>> {
    let place = format!("{place}.parallel");
    let count = at_once.parallel.len();
    if !(2..=MAX_PARALLEL).contains(&count) {
        let reason = format!("must have 2 to {MAX_PARALLEL} steps, it has {count}");
        return Err(vec![Fault::at(place, reason)]);
    }
    let mut faults = Vec::new();
    let mut parallel: Vec<AgentStep> = Vec::new();
    for (index, step) in at_once.parallel.into_iter().enumerate() {
        match read(step, &format!("{place}[{index}]")) {
            Ok(step) => parallel.push(step),
            Err(found) => faults.extend(found),
        }
    }
    match parallel.first().map(|step| step.step.clone()) {
        Some(first) if faults.is_empty() => Ok(Entry::Parallel(Parallel { parallel, first })),
        Some(_) | None => Err(faults),
    }
}
