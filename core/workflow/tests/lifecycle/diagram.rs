//! The lifecycle as a Mermaid diagram, drawn from the decisions.
//!
//! `UPDATE_GENERATED=1` writes it between the markers of the files that have them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use aegis_contracts::view::Status;
use aegis_workflow::{Answer, Input};

use crate::{branches, inputs, positions, specimens};

const BEGIN: &str = "<!-- lifecycle:begin -->";
const END: &str = "<!-- lifecycle:end -->";
/// Must hold the diagram.
const HOME: &str = "docs/lifecycle.md";
/// May hold it.
const ALSO: &str = "README.md";

/// From, to, and by which inputs.
pub type Edges = BTreeMap<(Status, Status), BTreeSet<&'static str>>;

pub fn edges() -> Edges {
    let mut edges = Edges::new();
    let of_report = specimens::all()
        .into_iter()
        .map(|(_, walk)| (inputs::all(&walk), walk));
    let of_others = positions::all()
        .into_iter()
        .map(|(_, walk)| (positions::inputs(&walk), walk));
    let at_once = branches::all()
        .into_iter()
        .map(|(_, walk)| (branches::inputs(&walk), walk));
    for (arrivals, walk) in of_report.chain(of_others).chain(at_once) {
        for arrival in arrivals {
            let name = name_of(&arrival.input);
            if let Answer::Transition(transition) = arrival.at.answer(arrival.input) {
                let edge = (walk.workflow.status(), transition.next.status());
                edges.entry(edge).or_default().insert(name);
            }
        }
    }
    edges
}

/// A decision by what was decided.
pub fn name_of(input: &Input) -> &'static str {
    match input {
        Input::Start => "Start",
        Input::Dispatched(_) => "Dispatched",
        Input::Throttled(_) => "Throttled",
        Input::Progress(_) => "Progress",
        Input::StepSucceeded(_) => "StepSucceeded",
        Input::StepFailed(..) => "StepFailed",
        Input::Decide(vote) => vote.decision.as_str(),
        Input::Cancel { .. } => "Cancel",
        Input::DeadlinePassed => "DeadlinePassed",
        Input::Redrive(_) => "Redrive",
        Input::Notified { .. } => "Notified",
        Input::Resent => "Resent",
        Input::StopsSent(_) => "StopsSent",
    }
}

fn diagram() -> String {
    let mut lines = vec![
        "stateDiagram-v2".to_owned(),
        "    [*] --> running: Start".to_owned(),
    ];
    for ((from, to), labels) in edges() {
        let labels: Vec<_> = labels.into_iter().collect();
        let (from, to) = (from.as_str(), to.as_str());
        lines.push(format!("    {from} --> {to}: {}", labels.join(", ")));
    }
    for status in Status::ALL
        .into_iter()
        .filter(|status| status.is_terminal())
    {
        lines.push(format!("    {} --> [*]", status.as_str()));
    }
    format!("\n```mermaid\n{}\n```\n", lines.join("\n"))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text before, between and after the markers.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (between, after) = rest.split_once(END)?;
    Some((before, between, after))
}

#[test]
fn the_documents_show_the_lifecycle_as_it_is() {
    let drawn = diagram();
    for file in [HOME, ALSO] {
        let path = root().join(file);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let Some((before, between, after)) = parts(&text) else {
            assert!(file == ALSO, "{file} lacks the markers {BEGIN} and {END}");
            continue;
        };
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(&path, format!("{before}{BEGIN}{drawn}{END}{after}")).unwrap();
        } else {
            assert!(
                between == drawn,
                "{file} differs from the code; UPDATE_GENERATED=1 cargo test -p aegis-workflow rewrites it"
            );
        }
    }
}
