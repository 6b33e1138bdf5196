//! Bodies of the API, both ways.

use std::collections::BTreeMap;

use aegis_contracts::approval::{
    ApprovalLink, ApprovalLinkRequest, ApprovalView, DecisionKind, DecisionView, OnTimeout,
    Outcome, Settled,
};
use aegis_contracts::problem::{Code, FieldError, Problem, ProblemLink};
use aegis_contracts::request::{ApprovalOptions, Budget, CancelBody, RedriveBody, StartRequest};
use aegis_contracts::review::{Review, ReviewedClaim, ReviewedFinding, Shown};
use aegis_contracts::sources::{SourceFiles, SourceUploads, source_prefix};
use aegis_contracts::transfer::FileToPut;
use aegis_contracts::view::{
    FailureView, FlowList, History, HistoryEvent, Links, PickupView, Place, ProgressView,
    ResultLink, Status, StepStatus, StepView, WorkflowAccepted, WorkflowPage, WorkflowSummary,
    WorkflowView,
};
use serde_json::{Map, Value, json};

use super::{Specimen, artifact, at, flow, name, specimen, usage, workflow};

const TOPIC: &str = "Impact of quantum computing on cryptography";

pub fn all() -> Vec<Specimen> {
    [requests(), answers()].into_iter().flatten().collect()
}

fn requests() -> Vec<Specimen> {
    let reason = Some("no longer needed".to_owned());
    vec![
        specimen("api-start-request", "api-start-request", start_request()),
        specimen("api-sources", "api-sources", source_files()),
        specimen("api-cancel", "api-cancel", CancelBody { reason }),
        specimen(
            "api-redrive",
            "api-redrive",
            RedriveBody { version: Some(4) },
        ),
        specimen(
            "api-approval-link-request",
            "api-approval-link-request",
            ApprovalLinkRequest {
                approver: "ada@example.com".to_owned(),
            },
        ),
        specimen("api-decision", "api-decision", super::external::decision()),
    ]
}

fn source_files() -> SourceFiles {
    let file = FileToPut {
        size: 12,
        sha256: "ab".repeat(32),
        media_type: "text/markdown; charset=utf-8".to_owned(),
    };
    SourceFiles {
        set: "handbook-7".to_owned(),
        files: BTreeMap::from([("start.md".to_owned(), file)]),
    }
}

pub fn start_request() -> StartRequest {
    StartRequest {
        flow: Some(name("report")),
        topic: TOPIC.to_owned(),
        parameters: parameters(),
        approval: ApprovalOptions {
            required: Some(2),
            approvers: vec!["ada".to_owned(), "bob".to_owned()],
            timeout_hours: Some(1.5),
            on_timeout: Some(OnTimeout::Escalate),
            escalate_to: vec!["grace".to_owned()],
            max_revisions: Some(2),
        },
        approvals: BTreeMap::from([(
            "findings".to_owned(),
            ApprovalOptions {
                max_revisions: Some(1),
                ..ApprovalOptions::default()
            },
        )]),
        budget: Some(budget()),
        tags: tags(),
    }
}

fn parameters() -> Map<String, Value> {
    let sources = json!(["corpus:builtin", "s3://papers/crypto/"]);
    let depth = json!("comprehensive");
    [("depth", depth), ("sources", sources)]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

fn budget() -> Budget {
    Budget {
        max_cost_usd: Some(2.5),
        max_tokens: Some(100_000),
        max_duration_minutes: Some(90.5),
    }
}

fn tags() -> BTreeMap<String, String> {
    BTreeMap::from([("team".to_owned(), "research".to_owned())])
}

fn answers() -> Vec<Specimen> {
    let accepted = WorkflowAccepted {
        workflow_id: workflow(),
        status: Status::Running,
        links: Links::of("https://api.example.com", &workflow()),
    };
    let uploads = SourceUploads {
        uri: format!("s3://artifacts/{}", source_prefix("ada", "handbook-7")),
        uploads: BTreeMap::from([("start.md".to_owned(), super::transfer())]),
    };
    let summary = WorkflowSummary {
        workflow_id: workflow(),
        flow: name("report"),
        status: Status::Running,
        at: Some(name("write")),
        topic: TOPIC.to_owned(),
        created_at: at(0),
    };
    let page = WorkflowPage {
        workflows: vec![summary],
        next_cursor: Some("b3BhcXVl".to_owned()),
    };
    let started = HistoryEvent {
        version: 1,
        kind: "WorkflowStarted".to_owned(),
        occurred_at: at(0),
        data: json!({"flow": "report", "flow_version": 1, "topic": TOPIC, "requested_by": "ada"}),
    };
    vec![
        specimen("api-workflow-accepted", "api-workflow-accepted", accepted),
        specimen("api-source-uploads", "api-source-uploads", uploads),
        specimen("api-workflow", "api-workflow", workflow_view()),
        specimen("api-workflow-stuck", "api-workflow", stuck_view()),
        specimen("api-workflow-throttled", "api-workflow", throttled_view()),
        specimen("api-workflow-page", "api-workflow-page", page),
        specimen(
            "api-history",
            "api-history",
            History {
                events: vec![started],
            },
        ),
        specimen(
            "api-flows",
            "api-flows",
            FlowList {
                flows: vec![flow()],
            },
        ),
        specimen("flow", "flow", flow()),
        specimen("api-approval", "api-approval", approval_view()),
        specimen(
            "api-approval-reminded",
            "api-approval",
            ApprovalView {
                reminders: 2,
                ..approval_view()
            },
        ),
        specimen("api-approval-rejected", "api-approval", rejected()),
        specimen("api-review", "api-review", review()),
        specimen("api-review-of-text", "api-review", review_of_text()),
        specimen("api-approval-link", "api-approval-link", approval_link()),
        specimen("api-problem", "api-problem", problem()),
        specimen("api-problem-too-large", "api-problem", too_large()),
    ]
}

pub fn approval_link() -> ApprovalLink {
    ApprovalLink {
        url: "https://api.example.com/approval-links/v1.0a1b2c3d.1795460400.e30.c2VjcmV0"
            .to_owned(),
        approver: "ada@example.com".to_owned(),
        approval: name("findings"),
        revision: 1,
        expires_at: at(60),
    }
}

fn workflow_view() -> WorkflowView {
    WorkflowView {
        workflow_id: workflow(),
        flow: name("report"),
        flow_version: 1,
        course: course(),
        status: Status::Failed,
        at: Some(name("write")),
        topic: TOPIC.to_owned(),
        parameters: parameters(),
        tags: tags(),
        created_at: at(0),
        updated_at: at(9),
        version: 7,
        revision: 1,
        steps: vec![succeeded_step(), failed_branch(), step_view()],
        approval: Some(approved_by_silence()),
        artifacts: vec![artifact("research", 1)],
        result: Some(ResultLink {
            url: "https://bucket.example/report.md?X-Amz-Signature=abc".to_owned(),
            expires_at: at(60),
        }),
        failure: Some(FailureView {
            code: "agent_silent".to_owned(),
            message: "attempt 3 of `write` was silent for 300 s".to_owned(),
            at: name("write"),
            branch: None,
            version: 7,
        }),
        usage: usage(),
        budget: Some(budget()),
        links: Links::of("https://api.example.com", &workflow()),
    }
}

fn step_view() -> StepView {
    StepView {
        step: name("write"),
        branch: None,
        agent: name("writer"),
        status: StepStatus::Running,
        attempt: 3,
        revision: 1,
        requested_at: Some(at(4)),
        dispatched_at: Some(at(5)),
        last_heartbeat_at: Some(at(6)),
        deadline_at: Some(at(65)),
        succeeded_at: None,
        code: None,
        progress: Some(ProgressView {
            message: "writing section 2".to_owned(),
            percent: Some(40),
        }),
        pickup: None,
    }
}

fn failed_branch() -> StepView {
    StepView {
        step: name("search"),
        branch: Some(2),
        status: StepStatus::Failed,
        succeeded_at: None,
        code: Some("nothing_found".to_owned()),
        ..succeeded_step()
    }
}

fn course() -> Vec<Place> {
    let step = |step, agent| Place::Step {
        step: name(step),
        agent: name(agent),
        each: None,
    };
    vec![
        step("research", "researcher"),
        Place::Step {
            step: name("search"),
            agent: name("researcher"),
            each: Some(name("research")),
        },
        Place::Parallel {
            parallel: vec![step("analyze", "analyst"), step("doubt", "analyst")],
        },
        Place::Approval {
            approval: name("findings"),
        },
        step("write", "writer"),
    ]
}

fn succeeded_step() -> StepView {
    StepView {
        step: name("research"),
        branch: None,
        agent: name("researcher"),
        status: StepStatus::Succeeded,
        attempt: 1,
        revision: 0,
        succeeded_at: Some(at(2)),
        requested_at: None,
        dispatched_at: None,
        last_heartbeat_at: None,
        deadline_at: None,
        code: None,
        progress: None,
        pickup: None,
    }
}

/// Of an approval that shows another text than findings.
fn review_of_text() -> Review {
    Review {
        shown: Shown {
            step: name("write"),
            name: "report.md".to_owned(),
            media_type: "text/markdown; charset=utf-8".to_owned(),
            text: Some("# Post-quantum cryptography".to_owned()),
        },
        summary: String::new(),
        findings: Vec::new(),
        gaps: Vec::new(),
        unreadable: Vec::new(),
        documents_unread: 0,
        losses: Vec::new(),
        revised: None,
        hash: artifact("write", 1).sha256,
        ..review()
    }
}

fn approval_view() -> ApprovalView {
    ApprovalView {
        approval: name("findings"),
        revision: 1,
        required: 2,
        approvers: vec!["ada".to_owned(), "bob".to_owned()],
        decisions: vec![DecisionView {
            approver: "ada".to_owned(),
            decision: DecisionKind::Approve,
            comment: Some("well founded".to_owned()),
            changes: None,
            claimed_by: Some("123456789012:partner.crm".to_owned()),
            decided_at: at(3),
        }],
        requested_at: at(2),
        deadline_at: at(92),
        on_timeout: OnTimeout::Approve,
        escalated: false,
        round: 1,
        max_revisions: 2,
        reminders: 0,
        pickup: None,
        settled: None,
    }
}

fn approved_by_silence() -> ApprovalView {
    ApprovalView {
        settled: Some(Settled {
            outcome: Outcome::Approved,
            by: None,
            at: at(92),
        }),
        ..approval_view()
    }
}

fn rejected() -> ApprovalView {
    ApprovalView {
        settled: Some(Settled {
            outcome: Outcome::Rejected,
            by: Some("bob".to_owned()),
            at: at(4),
        }),
        ..approval_view()
    }
}

fn review() -> Review {
    let evidence = super::agents::evidence_file().evidence.remove(0);
    let analysis = super::agents::analysis_file();
    let finding = &analysis.findings[0];
    let claims = finding.claims.iter().map(|claim| ReviewedClaim {
        text: claim.text.clone(),
        lead: claim.lead.clone(),
        evidence: claim.evidence.clone(),
        passage: Some(evidence.clone()),
    });
    Review {
        workflow_id: workflow(),
        status: Status::AwaitingApproval,
        topic: TOPIC.to_owned(),
        requested_by: "ada".to_owned(),
        waiting: true,
        approval: approval_view(),
        undecided: vec!["bob".to_owned()],
        shown: Shown {
            step: name("analyze"),
            name: "analysis.json".to_owned(),
            media_type: "application/json".to_owned(),
            text: None,
        },
        summary: analysis.summary.clone(),
        findings: vec![ReviewedFinding {
            id: finding.id.clone(),
            heading: finding.heading.clone(),
            stance: finding.stance,
            note: finding.note.clone(),
            claims: claims.collect(),
        }],
        gaps: analysis.gaps.clone(),
        unreadable: super::agents::evidence_file().unreadable,
        documents_unread: 1,
        losses: super::agents::evidence_file().losses,
        revised: analysis.revised.clone(),
        usage: usage(),
        budget: Some(budget()),
        hash: artifact("analyze", 2).sha256,
    }
}

/// Its command was sent twice, and nobody has picked it up.
fn stuck_view() -> WorkflowView {
    let pickup = PickupView {
        sends: 2,
        waiting_since: at(4),
        resend_at: Some(at(184)),
        throttled_at: None,
    };
    let step = StepView {
        status: StepStatus::Requested,
        dispatched_at: None,
        last_heartbeat_at: None,
        progress: None,
        pickup: Some(pickup),
        ..step_view()
    };
    let approval = ApprovalView {
        pickup: Some(pickup),
        ..approval_view()
    };
    WorkflowView {
        status: Status::Running,
        steps: vec![step],
        approval: Some(approval),
        failure: None,
        result: None,
        ..workflow_view()
    }
}

/// No session of its agent is free.
fn throttled_view() -> WorkflowView {
    let pickup = PickupView {
        sends: 1,
        waiting_since: at(4),
        resend_at: Some(at(184)),
        throttled_at: Some(at(94)),
    };
    let waiting = stuck_view();
    let steps = waiting.steps.into_iter().map(|step| StepView {
        pickup: Some(pickup),
        ..step
    });
    WorkflowView {
        steps: steps.collect(),
        approval: None,
        ..stuck_view()
    }
}

fn problem() -> Problem {
    let mut problem =
        Problem::new(Code::StaleRevision, "revision 1 waits").with_errors(vec![FieldError {
            field: "revision".to_owned(),
            reason: "is 0".to_owned(),
        }]);
    problem.current_revision = Some(1);
    problem
}

fn too_large() -> Problem {
    let mut problem = Problem::new(Code::ArtifactTooLarge, "read the files at the links");
    problem.links = vec![problem_link()];
    problem
}

pub fn problem_link() -> ProblemLink {
    ProblemLink {
        name: "analysis.json".to_owned(),
        url: "https://bucket.example/analysis.json?X-Amz-Signature=c2VjcmV0".to_owned(),
        expires_at: at(60),
    }
}
