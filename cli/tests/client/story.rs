//! The workflow that the fake API tells of, scene by scene.

use serde_json::{Value, json};

pub const WORKFLOW: &str = "wf_abcdefghijklmnopqrstuvwxyz";
pub const REPORT: &str = "# A topic\n\nA claim [1].\n";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scene {
    #[default]
    Researching,
    /// Nobody picks up what the writer was asked for.
    #[allow(dead_code, reason = "not every program with this file comes there")]
    Stuck,
    Analyzing(u32),
    Waiting(u32),
    Writing,
    Completed,
    Rejected,
    Failed,
}

impl Scene {
    /// What the next look finds, where nobody decides in between.
    pub fn next(self) -> Self {
        match self {
            Self::Researching => Self::Analyzing(0),
            Self::Analyzing(revision) => Self::Waiting(revision),
            Self::Writing => Self::Completed,
            Self::Stuck | Self::Waiting(_) | Self::Completed | Self::Rejected | Self::Failed => {
                self
            }
        }
    }

    const fn status(self) -> &'static str {
        match self {
            Self::Researching | Self::Analyzing(_) | Self::Stuck | Self::Writing => "running",
            Self::Waiting(_) => "awaiting_approval",
            Self::Completed => "completed",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// The step or approval of the flow.
    const fn at(self) -> Option<&'static str> {
        match self {
            Self::Researching | Self::Failed => Some("research"),
            Self::Analyzing(_) => Some("analyze"),
            Self::Waiting(_) | Self::Rejected => Some("findings"),
            Self::Stuck | Self::Writing => Some("write"),
            Self::Completed => None,
        }
    }

    const fn revision(self) -> u32 {
        match self {
            Self::Analyzing(revision) | Self::Waiting(revision) => revision,
            _ => 0,
        }
    }
}

/// As in the real API, a finished step has no word of its own: that is in the history.
fn step(name: &str, status: &str, message: &str, revision: u32) -> Value {
    let mut step = json!({"step": name, "agent": agent(name), "status": status, "attempt": revision + 1,
        "revision": revision});
    if status == "succeeded" {
        step["succeeded_at"] = json!("2026-11-23T18:00:01.000Z");
    } else {
        step["progress"] = json!({"message": message, "percent": 40});
    }
    step
}

fn agent(step: &str) -> &'static str {
    match step {
        "research" => "researcher",
        "analyze" => "analyst",
        _ => "writer",
    }
}

fn steps(scene: Scene) -> Vec<Value> {
    let researched = step("research", "succeeded", "12 passages", 0);
    let revision = scene.revision();
    let analysed = step("analyze", "succeeded", "3 findings", revision);
    match scene {
        Scene::Researching => vec![step("research", "running", "reading", 0)],
        Scene::Failed => vec![step("research", "failed", "nothing found", 0)],
        Scene::Analyzing(_) => vec![researched, step("analyze", "running", "grouping", revision)],
        Scene::Waiting(_) | Scene::Rejected => vec![researched, analysed],
        Scene::Stuck => {
            let pickup = json!({"sends": 3, "waiting_since": "2026-11-23T18:00:04.000Z",
                "resend_at": "2026-11-23T18:07:04.000Z"});
            let writer = json!({"step": "write", "agent": "writer", "status": "requested", "attempt": 1, "revision": 0, "pickup": pickup});
            vec![researched, analysed, writer]
        }
        Scene::Writing => vec![researched, analysed, step("write", "running", "writing", 0)],
        Scene::Completed => vec![
            researched,
            analysed,
            step("write", "succeeded", "900 words", 0),
        ],
    }
}

pub fn approval(revision: u32, decision: Option<&Value>) -> Value {
    let decisions: Vec<Value> = decision
        .map(|body| {
            json!({"approver": body.get("approver").cloned().unwrap_or(json!("somebody")), "decision": body["decision"],
                "comment": body.get("comment"), "decided_at": "2026-11-23T18:00:05.000Z"})
        })
        .into_iter()
        .collect();
    json!({"approval": "findings", "revision": revision, "required": 1, "approvers": [], "decisions": decisions,
        "requested_at": "2026-11-23T18:00:03.000Z", "deadline_at": "2100-11-26T18:00:03.000Z",
        "on_timeout": "expire", "escalated": false, "round": revision, "max_revisions": 3})
}

pub fn view(scene: Scene, origin: &str) -> Value {
    let approval = match scene {
        Scene::Waiting(revision) => approval(revision, None),
        Scene::Rejected => approval(
            0,
            Some(&json!({"decision": "reject", "comment": "too thin"})),
        ),
        _ => Value::Null,
    };
    let failure = match scene {
        Scene::Failed => {
            json!({"code": "no_evidence", "message": "the corpus has nothing on this topic",
            "at": "research", "version": 2})
        }
        _ => Value::Null,
    };
    let report = match scene {
        Scene::Completed => {
            json!({"url": format!("{origin}/s3/report.md?X-Amz-Signature=proof"), "expires_at": "2026-11-23T19:00:00.000Z"})
        }
        _ => Value::Null,
    };
    json!({
        "workflow_id": WORKFLOW, "flow": "report", "flow_version": 1, "status": scene.status(), "at": scene.at(),
        "course": [{"step": "research", "agent": "researcher"}, {"step": "analyze", "agent": "analyst"},
            {"approval": "findings"}, {"step": "write", "agent": "writer"}],
        "topic": "A topic", "parameters": {"depth": "standard"},
        "created_at": "2026-11-23T18:00:00.000Z", "updated_at": "2026-11-23T18:00:07.500Z", "version": 1,
        "revision": scene.revision(), "steps": steps(scene), "approval": approval, "artifacts": [],
        "result": report, "failure": failure, "usage": {"input_tokens": 10, "output_tokens": 5, "cost_usd": 0.0},
        "budget": null, "links": {"self": "a", "history": "b", "approve": "c", "cancel": "d", "redrive": "e"},
    })
}

/// Six claims, more than once were shown.
pub fn review(scene: Scene, revision: u32) -> Value {
    let passage = |id: &str| {
        json!({"id": id, "source": "corpus:builtin/a.md", "title": format!("Title of {id}"),
        "location": "Section 2", "passage": format!("The passage {id} as it stands."), "score": 1.5})
    };
    let claim = |number: u32, id: &str| json!({"text": format!("Claim {number}."), "evidence": id, "passage": passage(id)});
    let mut review = approval(revision, None);
    let more = json!({
        "workflow_id": WORKFLOW, "status": scene.status(), "topic": "A topic", "requested_by": "ann",
        "waiting": matches!(scene, Scene::Waiting(waiting) if waiting == revision), "undecided": ["bob"],
        "shown": {"step": "analyze", "name": "analysis.json", "media_type": "application/json"},
        "summary": "Three things were found.", "required": 2,
        "decisions": [{"approver": "ann", "decision": "approve", "comment": "fine", "claimed_by": "link:ops",
            "decided_at": "2026-11-23T18:00:04.000Z"}],
        "findings": [{"id": "f1", "heading": "First finding", "stance": "agreement", "note": "Two sources say so.",
            "claims": (1..=6).map(|number| claim(number, if number < 4 { "e1" } else { "e2" })).collect::<Vec<_>>()}],
        "gaps": ["Nothing on costs."],
        "unreadable": [{"source": "s3://papers/scan.pdf", "reason": "holds no text"}], "usage": {"input_tokens": 10, "output_tokens": 5, "cost_usd": 0.0},
        "hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    });
    review
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    review
}

pub fn history() -> Value {
    let completed = |version: u32, step: &str, attempt: u32, summary: &str| {
        json!({"version": version, "type": "StepCompleted", "occurred_at": "2026-11-23T18:00:01.000Z",
            "data": {"step": step, "agent": agent(step), "attempt": attempt, "revision": 0, "summary": summary, "artifacts": [],
                "usage": {"input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}}})
    };
    json!({"events": [
        {"version": 1, "type": "WorkflowStarted", "occurred_at": "2026-11-23T18:00:00.000Z",
            "data": {"flow": "report", "flow_version": 1, "topic": "A topic", "requested_by": "ann"}},
        completed(2, "research", 1, "12 passages"),
        completed(3, "analyze", 1, "3 findings"),
        completed(4, "analyze", 2, "4 findings"),
        completed(5, "write", 1, "900 words"),
        {"version": 6, "type": "WorkflowFailed", "occurred_at": "2026-11-23T18:00:01.500Z",
            "data": {"code": "no_evidence", "message": "nothing", "at": "research"}},
    ]})
}
