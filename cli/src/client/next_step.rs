//! What to do next about a failed workflow, a refusal of the API or a dead letter: one step for each code or reason.
//!
//! The one list of them: `get`, `watch` and `run` show it, and `docs/failure-codes.md` is made from it.

use aegis_contracts::problem::Code;
use aegis_contracts::view::FailureView;

/// A sentence, and the command that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy {
    pub say: &'static str,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Takes the workflow up again: only where the same documents and results can lead further.
    Redrive,
    /// A new workflow, with these options.
    Start(&'static str),
    Logs,
    /// Of the dispatcher of the step that failed.
    DeadLetters,
    History,
}

impl Remedy {
    const fn of(say: &'static str, step: Step) -> Self {
        Self { say, step }
    }

    /// What to type behind `aegis`.
    pub fn command(&self, id: &str, agent: &str) -> String {
        match self.step {
            Step::Redrive => format!("redrive {id}"),
            Step::Start(options) => format!("start '…'{options}"),
            Step::Logs => format!("logs --workflow {id} --since 1d"),
            Step::DeadLetters => format!("dlq show {agent}-dispatch"),
            Step::History => format!("history {id}"),
        }
    }
}

/// Every code that a workflow can fail with.
const REMEDIES: [(&str, Remedy); 26] = [
    (
        "undeliverable",
        Remedy::of(
            "No dispatcher took the command. Its dead letters say why: mend that, then redrive the workflow.",
            Step::DeadLetters,
        ),
    ),
    (
        "agent_capacity",
        Remedy::of(
            "Wait until fewer workflows run, or have the quota of new sessions raised; then redrive.",
            Step::Redrive,
        ),
    ),
    (
        "agent_refused",
        Remedy::of("Mend what the message names, then redrive.", Step::Redrive),
    ),
    (
        "agent_not_started",
        Remedy::of(
            "The log says why the agent did not start. If it only needs longer, raise `start_timeout_seconds`; then redrive.",
            Step::Logs,
        ),
    ),
    (
        "agent_silent",
        Remedy::of(
            "Look in the log for a crash of the agent; then redrive.",
            Step::Logs,
        ),
    ),
    (
        "step_timeout",
        Remedy::of(
            "Start a new workflow with less depth or fewer sources, or raise `step_timeout_seconds` and redrive.",
            Step::Start(" --depth quick"),
        ),
    ),
    (
        "budget_exceeded",
        Remedy::of(
            "Start a new workflow with a larger budget (`--budget-usd`, `--budget-tokens`, `--budget-minutes`). A redrive is refused.",
            Step::Start(""),
        ),
    ),
    (
        "items_missing",
        Remedy::of("Mend the agent, then redrive.", Step::Redrive),
    ),
    (
        "too_many_items",
        Remedy::of(
            "Start a new workflow by a version of the flow with a larger `max`; or mend the agent, then redrive.",
            Step::Start(""),
        ),
    ),
    (
        "agent_died",
        Remedy::of(
            "Look in the log why the agent's process ended. Often it had too little memory: then start with fewer or smaller sources.",
            Step::Logs,
        ),
    ),
    (
        "agent_panicked",
        Remedy::of(
            "This is a bug of the agent. Report it with the message and the log; redrive once the agent is mended.",
            Step::Logs,
        ),
    ),
    (
        "interrupted",
        Remedy::of(
            "The agent's process was told to end, by a deployment for instance. Redrive.",
            Step::Redrive,
        ),
    ),
    (
        "deadline_exceeded",
        Remedy::of(
            "Start a new workflow with less depth or fewer sources, or raise `step_timeout_seconds` and redrive.",
            Step::Start(" --depth quick"),
        ),
    ),
    (
        "storage_unavailable",
        Remedy::of(
            "Wait until the artifact bucket answers again, then redrive.",
            Step::Redrive,
        ),
    ),
    (
        "storage_denied",
        Remedy::of(
            "Allow the agent's role what the message names, in its own policy or the bucket's; then redrive.",
            Step::Redrive,
        ),
    ),
    (
        "artifact_invalid",
        Remedy::of(
            "Start a new workflow with less depth. If that fails too, report it.",
            Step::Start(" --depth quick"),
        ),
    ),
    (
        "parameters_invalid",
        Remedy::of(
            "The flow lets parameters through that its agents cannot use. Mend them, or the flow's schema in a new version; then start a new workflow.",
            Step::Start(""),
        ),
    ),
    (
        "input_missing",
        Remedy::of(
            "The result of an earlier step was removed, and results are written once: start a new workflow.",
            Step::Start(""),
        ),
    ),
    (
        "input_corrupt",
        Remedy::of(
            "Find out who else writes into the artifact bucket, then start a new workflow.",
            Step::Start(""),
        ),
    ),
    (
        "input_invalid",
        Remedy::of(
            "Deploy agents of one version, then start a new workflow.",
            Step::Start(""),
        ),
    ),
    (
        "no_evidence",
        Remedy::of(
            "The same documents lead to the same result: start a new workflow with other sources, or word the topic differently. Without `--sources` the built-in articles are read.",
            Step::Start(" --sources '…'"),
        ),
    ),
    (
        "sources_too_large",
        Remedy::of(
            "Start a new workflow with fewer or smaller sources.",
            Step::Start(" --sources '…'"),
        ),
    ),
    (
        "source_empty",
        Remedy::of(
            "Put documents where the message says, then redrive. If the place is wrong, start a new workflow.",
            Step::Redrive,
        ),
    ),
    (
        "source_denied",
        Remedy::of(
            "Allow the researcher's role to read the source, in the bucket's policy; then redrive.",
            Step::Redrive,
        ),
    ),
    (
        "sources_unreadable",
        Remedy::of(
            "Convert the documents to Markdown, text, HTML or PDF with text, then start a new workflow with them.",
            Step::Start(" --sources '…'"),
        ),
    ),
    (
        "citation_invalid",
        Remedy::of(
            "This is a bug: the findings and the evidence do not fit. Report it with the log.",
            Step::Logs,
        ),
    ),
];

/// Of a code that this program does not know: the platform or an agent is newer, or not ours.
const UNKNOWN: Remedy = Remedy::of(
    "This program does not know the code. The history says what led to it.",
    Step::History,
);

pub fn of_failure(failure: &FailureView) -> Remedy {
    let known = REMEDIES.iter().find(|(code, _)| *code == failure.code);
    known.map_or(UNKNOWN, |(_, remedy)| *remedy)
}

/// What leads on after the API has refused something about a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterRefusal {
    /// The workflow is in another state than the caller thought: the state, and what can be done in it.
    Present,
    /// What follows comes by itself.
    Watch,
    Start,
    List,
}

/// By the code of the problem; `None` where the problem itself says what to change.
pub fn of_refusal(code: &str) -> Option<AfterRefusal> {
    let code = Code::ALL.iter().find(|known| known.as_str() == code)?;
    Some(match code {
        Code::StaleRevision
        | Code::NotAwaitingApproval
        | Code::NotAnApprover
        | Code::AlreadyDecided
        | Code::RevisionsExhausted
        | Code::RevisionNotFound
        | Code::NotAnalyzed
        | Code::ArtifactNotFound
        | Code::AlreadyEnded
        | Code::NotFailed
        | Code::Stale => AfterRefusal::Present,
        Code::DecisionTooLate => AfterRefusal::Watch,
        Code::NearExpiry => AfterRefusal::Start,
        Code::WorkflowNotFound => AfterRefusal::List,
        _ => return None,
    })
}

/// What becomes of a dead letter, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterStep {
    Redrive(&'static str),
    Drop(&'static str),
}

impl LetterStep {
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Redrive(_) => "redrive",
            Self::Drop(_) => "drop",
        }
    }

    pub const fn why(self) -> &'static str {
        match self {
            Self::Redrive(why) | Self::Drop(why) => why,
        }
    }
}

/// By what our services wrote when they set the message aside; `None` where SQS, EventBridge or Lambda moved it.
pub fn of_letter(reason: Option<&str>) -> LetterStep {
    /// The beginnings of reasons that a second delivery would meet again.
    const HOPELESS: [(&str, &str); 11] = [
        ("invalid ", INVALID),
        ("not ", INVALID),
        ("misrouted", INVALID),
        (
            "not_an_approver",
            "Its sender may not decide in this name, so it would come back. Let an approver decide (`aegis approve`), and drop this one.",
        ),
        (
            "source_not_allowed",
            "Agents may not read the source, so it would come back. Send a request with other sources (`aegis emit`), and drop this one.",
        ),
        (
            "refused",
            "The agent's report is refused again. Drop it; the step ends by its own timeout.",
        ),
        (
            "unknown_workflow",
            "There is no such workflow, so it would come back. Drop it.",
        ),
        (
            "unfit_for_flow",
            "The flow does not take the request, so it would come back. Send one that fits (`aegis emit`), and drop this one.",
        ),
        (
            "revision_missing",
            "The flow has several approvals, and it does not say which one was looked at. Send one with `revision` (`aegis emit`), and drop this one.",
        ),
        (
            "unknown_finding",
            "It names a finding that is not there. Send one with other numbers (`aegis emit`), and drop this one.",
        ),
        (
            "idempotency_conflict",
            "The key belongs to another request, so it would come back. Send it with a new key (`aegis emit`), and drop this one.",
        ),
    ];
    const INVALID: &str = "It is not valid, so it would come back. Send a valid one (`aegis emit`), and drop this one.";
    /// Decisions of the state machine begin with their code.
    const REFUSED: &str = "The workflow was no longer where it could take this, and it would be refused again. Drop it.";
    const MEND: &str = "Mend what the reason names, then put it back.";
    const SENDER: &str = "If the sender shall be heard, add it to `external_sources` or `external_accounts` in Terraform, then put this back.";
    const FLOW: &str =
        "Deploy the flow that it names, then put this back. If the name is wrong, drop it.";
    let Some(reason) = reason else {
        return LetterStep::Redrive(
            "It was not handled in time. See the service's log, mend what it names, then put this back.",
        );
    };
    if reason.starts_with("sender_not_allowed") {
        return LetterStep::Redrive(SENDER);
    }
    if reason.starts_with("unknown_flow") {
        return LetterStep::Redrive(FLOW);
    }
    if let Some((_, why)) = HOPELESS.iter().find(|(start, _)| reason.starts_with(start)) {
        return LetterStep::Drop(why);
    }
    let code = reason.split(':').next().unwrap_or_default();
    match Code::ALL.iter().any(|known| known.as_str() == code) {
        true => LetterStep::Drop(REFUSED),
        false => LetterStep::Redrive(MEND),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser as _;

    use super::*;
    use crate::args::{Command, Verb};

    /// As a shell reads it: no word of ours has a space in it.
    fn typed(command: &str) -> Command {
        let words = command.split(' ').map(|word| word.trim_matches('\''));
        Command::try_parse_from(std::iter::once("aegis").chain(words)).unwrap()
    }

    #[test]
    fn every_step_can_be_typed_and_leads_on() {
        const ID: &str = "wf_abcdefghijklmnopqrstuvwxyz";
        for (code, remedy) in &REMEDIES {
            let command = remedy.command(ID, "analyst");
            let verb = typed(&command).verb;
            let redrives = matches!(verb, Verb::Redrive(_));
            let known = matches!(
                verb,
                Verb::Redrive(_) | Verb::Start(_) | Verb::Logs(_) | Verb::Dlq(_)
            );
            assert!(known, "{code}: {command}");
            // What can only fail again is not redriven.
            let hopeless = [
                "no_evidence",
                "budget_exceeded",
                "sources_too_large",
                "sources_unreadable",
                "artifact_invalid",
                "input_missing",
                "input_corrupt",
                "input_invalid",
            ];
            assert!(!(redrives && hopeless.contains(code)), "{code}: {command}");
            assert_eq!(
                REMEDIES.iter().filter(|(other, _)| other == code).count(),
                1
            );
        }
        typed(&UNKNOWN.command(ID, "writer"));
    }

    /// `| code | again | what happened | what to do |`: the last column is ours.
    #[test]
    fn the_document_says_the_same() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/failure-codes.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut seen = 0;
        let line = |line: &str| {
            let code = line
                .strip_prefix("| `")
                .and_then(|rest| rest.split('`').next());
            let Some((_, remedy)) = REMEDIES.iter().find(|(known, _)| Some(*known) == code) else {
                return line.to_owned();
            };
            seen += 1;
            let cells: Vec<&str> = line.split(" | ").collect();
            let command = remedy.command("wf_…", "AGENT");
            format!(
                "{} | {} `aegis {command}` |",
                cells[..3].join(" | "),
                remedy.say
            )
        };
        let made = text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n";
        assert_eq!(seen, REMEDIES.len());
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(&path, &made).unwrap();
        } else {
            assert_eq!(
                text, made,
                "UPDATE_GENERATED=1 cargo test -p aegis-cli writes it anew"
            );
        }
    }

    #[test]
    fn an_invalid_event_is_not_put_back() {
        for reason in [
            "invalid ApprovalDecided: missing field `decision`",
            "not JSON: expected value",
            "not an event of the bus: missing field `id`",
            "misrouted: intake takes no commands",
            "unknown_workflow: there is no such workflow",
            "idempotency_conflict: this idempotency_key was used for another request",
            "not_an_approver: `eve` may not decide",
            "stale_revision: waiting is revision 1",
            "already_decided: ann has decided otherwise",
        ] {
            assert_eq!(of_letter(Some(reason)).verb(), "drop", "{reason}");
        }
        let stranger = of_letter(Some("not_an_approver: `eve` may not decide"));
        assert!(
            stranger.why().contains("aegis approve"),
            "{}",
            stranger.why()
        );
        for reason in [
            None,
            Some("GetItem: AccessDenied: no"),
            Some("sender_not_allowed: `x` is no source"),
        ] {
            assert_eq!(of_letter(reason).verb(), "redrive", "{reason:?}");
        }
    }
}
