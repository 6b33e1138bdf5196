//! The options that describe a workflow to start; `start` and `run` share them.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::approval::OnTimeout;
use aegis_contracts::flow::Name;
use aegis_contracts::request::{ApprovalOptions, Budget, StartRequest};
use aegis_contracts::text::is_blank;
use clap::{Args, ValueEnum};
use serde_json::Value;

/// What to ask for, besides the topic.
#[derive(Debug, Clone, Args)]
pub struct RequestOptions {
    /// The flow that runs [default: report]. `aegis flow list` names those of the deployment.
    #[arg(long, value_name = "NAME")]
    flow: Option<Name>,
    /// A parameter of the flow, as JSON or as plain text. `aegis flow show NAME` names them. May be given several times.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = key_value)]
    parameters: Vec<(String, String)>,
    /// How much work goes into the report; the same as `--parameter depth=…`.
    #[arg(long, value_enum)]
    depth: Option<DepthOption>,
    /// Where evidence comes from: `corpus:builtin` (the default), `s3://bucket/prefix`, or a file
    /// or folder of yours with Markdown, text, HTML or PDF, which is uploaded first. May be
    /// given several times.
    #[arg(long, value_name = "PATH|URI")]
    pub sources: Vec<String>,
    /// Who may decide at the flow's approvals, separated by commas. Without it, anyone whom the API lets in.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = APPROVAL)]
    approvers: Vec<String>,
    /// How many different people must approve [default: as the flow says, else 1].
    #[arg(long, value_name = "N", help_heading = APPROVAL)]
    required: Option<u32>,
    /// Hours until the approval times out; fractions are allowed [default: as the flow says, else the platform's, 72].
    #[arg(long, value_name = "HOURS", value_parser = amount, help_heading = APPROVAL)]
    timeout_hours: Option<f64>,
    /// What happens when nobody decides in time [default: as the flow says, else expire].
    #[arg(long, value_enum, help_heading = APPROVAL)]
    on_timeout: Option<TimeoutOption>,
    /// Who may decide as well once the first deadline has passed, separated by commas; goes with
    /// `--on-timeout escalate`.
    #[arg(
        long,
        value_name = "NAME,…",
        value_delimiter = ',',
        required_if_eq("on_timeout", "escalate"),
        help_heading = APPROVAL
    )]
    escalate_to: Vec<String>,
    /// How often changes may be requested [default: as the flow says, else 3].
    #[arg(long, value_name = "N", help_heading = APPROVAL)]
    max_revisions: Option<u32>,
    /// Stop before the next step once the agents have cost this many US dollars.
    #[arg(long, value_name = "DOLLARS", value_parser = amount, help_heading = BUDGET)]
    budget_usd: Option<f64>,
    /// Stop before the next step once the agents have used this many tokens, in and out.
    #[arg(long, value_name = "TOKENS", help_heading = BUDGET)]
    budget_tokens: Option<u64>,
    /// Stop before the next step once the workflow is this old.
    #[arg(long, value_name = "MINUTES", value_parser = amount, help_heading = BUDGET)]
    budget_minutes: Option<f64>,
    /// A label that is kept with the workflow and shown by `get`. May be given several times.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_value)]
    tags: Vec<(String, String)>,
    /// The same key with the same request gives the same workflow, however often it is sent
    /// [default: a new one].
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

const APPROVAL: &str = "Approval";
const BUDGET: &str = "Budget";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DepthOption {
    /// Up to 6 passages and a short report.
    Quick,
    /// Up to 12 passages.
    Standard,
    /// Up to 24 passages.
    Comprehensive,
}

impl DepthOption {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Comprehensive => "comprehensive",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TimeoutOption {
    /// The workflow ends.
    Expire,
    /// The findings count as approved.
    Approve,
    /// Others may decide too, until a second deadline.
    Escalate,
}

impl RequestOptions {
    /// What the options say together, looked at before anything is sent.
    ///
    /// # Errors
    /// Options that would be dropped without a word.
    pub fn check(&self) -> Result<(), String> {
        if self.on_timeout != Some(TimeoutOption::Escalate) && !self.escalate_to.is_empty() {
            return Err("--escalate-to needs --on-timeout escalate".to_owned());
        }
        let mut names = self.approvers.iter().chain(&self.escalate_to);
        if names.any(|name| is_blank(name)) {
            return Err("a name of an approver is empty".to_owned());
        }
        let depth = self.depth.map(|_| ("depth".to_owned(), String::new()));
        let sources = self
            .sources
            .first()
            .map(|_| ("sources".to_owned(), String::new()));
        let own: Vec<_> = self
            .parameters
            .iter()
            .cloned()
            .chain(depth)
            .chain(sources)
            .collect();
        if let Some(name) = named_twice(&own) {
            return Err(format!("the parameter `{name}` is given twice"));
        }
        if let Some(key) = named_twice(&self.tags) {
            return Err(format!(
                "--tag names the key `{key}` twice, and a workflow has one value for a key"
            ));
        }
        Ok(())
    }

    /// Who may decide, if anybody is named.
    pub fn approvers(&self) -> &[String] {
        &self.approvers
    }

    /// The body to send. `sources` are those of the options, brought into URI form.
    pub fn request(&self, topic: &str, sources: Vec<String>) -> StartRequest {
        let budget = Budget {
            max_cost_usd: self.budget_usd,
            max_tokens: self.budget_tokens,
            max_duration_minutes: self.budget_minutes,
        };
        let plain = |(name, value): &(String, String)| {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value.as_str()));
            (name.clone(), value)
        };
        let mut parameters: serde_json::Map<String, Value> =
            self.parameters.iter().map(plain).collect();
        let depth = self.depth.map(DepthOption::as_str);
        parameters.extend(depth.map(|depth| ("depth".to_owned(), Value::from(depth))));
        if !sources.is_empty() {
            parameters.insert("sources".to_owned(), Value::from(sources));
        }
        StartRequest {
            flow: self.flow.clone(),
            topic: topic.to_owned(),
            parameters,
            approval: ApprovalOptions {
                required: self.required,
                approvers: self.approvers.clone(),
                timeout_hours: self.timeout_hours,
                on_timeout: self.on_timeout.map(|on_timeout| match on_timeout {
                    TimeoutOption::Expire => OnTimeout::Expire,
                    TimeoutOption::Approve => OnTimeout::Approve,
                    TimeoutOption::Escalate => OnTimeout::Escalate,
                }),
                escalate_to: self.escalate_to.clone(),
                max_revisions: self.max_revisions,
            },
            approvals: BTreeMap::new(),
            budget: (budget != Budget::default()).then_some(budget),
            tags: self.tags.iter().cloned().collect::<BTreeMap<_, _>>(),
        }
    }

    /// The key given, or a new one.
    pub fn key(&self) -> String {
        self.idempotency_key.clone().unwrap_or_else(new_key)
    }
}

pub fn new_key() -> String {
    format!("cli-{}", uuid::Uuid::new_v4())
}

/// JSON has no `nan` and no `inf`: they would be sent as null, and the limit would be lost.
fn amount(text: &str) -> Result<f64, String> {
    let amount = text.parse::<f64>().ok().filter(|amount| amount.is_finite());
    amount.ok_or_else(|| "expected a number, like 2 or 0.5".to_owned())
}

/// A key that stands there more than once.
pub fn named_twice(pairs: &[(String, String)]) -> Option<&str> {
    let mut keys = BTreeSet::new();
    let again = pairs.iter().find(|(key, _)| !keys.insert(key));
    again.map(|(key, _)| key.as_str())
}

/// `KEY=VALUE`.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: RequestOptions,
    }

    fn parsed(words: &str) -> Result<RequestOptions, clap::Error> {
        Line::try_parse_from(std::iter::once("x").chain(words.split_whitespace()))
            .map(|line| line.options)
    }

    #[test]
    fn without_options_it_is_the_default_request() {
        let request = parsed("").unwrap().request("t", Vec::new());
        let default: StartRequest = serde_json::from_str(r#"{"topic":"t"}"#).unwrap();
        assert_eq!(request, default);
    }

    #[test]
    fn every_option_reaches_the_request() {
        let options = parsed(
            "--flow triage --parameter severity=2 --depth quick --approvers ann,bob --required 2 --timeout-hours 0.5 --on-timeout escalate \
             --escalate-to eve --max-revisions 1 --budget-usd 1.5 --budget-tokens 9 --budget-minutes 2 \
             --tag team=a=b --idempotency-key k",
        )
        .unwrap();
        let request = options.request("t", vec!["corpus:builtin".to_owned()]);
        let expected: StartRequest = serde_json::from_value(serde_json::json!({
            "flow": "triage",
            "topic": "t",
            "parameters": {"severity": 2, "depth": "quick", "sources": ["corpus:builtin"]},
            "approval": {"required": 2, "approvers": ["ann", "bob"], "timeout_hours": 0.5,
                "on_timeout": "escalate", "escalate_to": ["eve"], "max_revisions": 1},
            "budget": {"max_cost_usd": 1.5, "max_tokens": 9, "max_duration_minutes": 2.0},
            "tags": {"team": "a=b"},
        }))
        .unwrap();
        assert_eq!(request, expected);
        assert_eq!(options.key(), "k");
    }

    #[test]
    fn no_option_is_dropped_without_a_word() {
        for (words, told) in [
            ("--escalate-to eve", "--on-timeout escalate"),
            (
                "--escalate-to eve --on-timeout approve",
                "--on-timeout escalate",
            ),
            ("--tag a=1 --tag b=1 --tag a=2", "`a` twice"),
            ("--approvers ann,", "is empty"),
            (
                "--depth quick --parameter depth=quick",
                "`depth` is given twice",
            ),
        ] {
            let refused = parsed(words).unwrap().check().unwrap_err();
            assert!(refused.contains(told), "{words}: {refused}");
        }
        for words in [
            "",
            "--on-timeout escalate --escalate-to eve",
            "--tag a=1 --tag b=1",
        ] {
            assert!(parsed(words).unwrap().check().is_ok(), "{words}");
        }
    }

    #[test]
    fn escalation_needs_somebody() {
        assert!(parsed("--on-timeout escalate").is_err());
        assert!(parsed("--tag nothing").is_err());
        for option in ["--timeout-hours", "--budget-usd", "--budget-minutes"] {
            for amount in ["nan", "inf", "-inf", "two"] {
                assert!(
                    parsed(&format!("{option} {amount}")).is_err(),
                    "{option} {amount}"
                );
            }
            assert!(parsed(&format!("{option} 0.5")).is_ok(), "{option}");
        }
    }
}
