//! How this program says that it could not do what it was asked: a sentence on standard error, and with `--json` an
//! object with a stable code on standard output as well. `docs/command-line.md` lists the codes.

use aegis_aws::client::error::CallError;
use aegis_client::failure::ApiError;
use anyhow::Error;
use serde_json::{Value, json};

use crate::out;
use crate::style::Style;

/// An error of this program's own that scripts may want to tell from others.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Coded {
    code: &'static str,
    message: String,
}

impl Coded {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// What the API refused, and what to type instead.
#[derive(Debug, thiserror::Error)]
#[error("{refused}\n  {}", .next.join("\n  "))]
pub struct Advised {
    pub refused: ApiError,
    pub next: Vec<String>,
}

/// `error: …`
pub fn sentence(error: &Error) -> String {
    format!("{} {error:#}", Style::new().red().bold().on("error:"))
}

pub fn tell(error: &Error, as_json: bool) {
    errln!("{}", sentence(error));
    if as_json {
        out::json(json!({ "error": described(error) }));
    }
}

/// Of what was typed wrong, which `clap` has told already.
pub fn tell_usage(message: &str) {
    out::json(json!({"error": {"code": "usage", "message": out::plain(message), "status": null}}));
}

fn described(error: &Error) -> Value {
    let message = out::plain(&format!("{error:#}"));
    let mut described = json!({"code": "failed", "message": message, "status": null});
    for cause in error.chain() {
        if let Some(coded) = cause.downcast_ref::<Coded>() {
            described["code"] = coded.code.into();
            break;
        }
        let advised = cause
            .downcast_ref::<Advised>()
            .map(|advised| &advised.refused);
        if let Some(refused) = advised.or(cause.downcast_ref::<ApiError>()) {
            described["code"] = refused.code().into();
            described["status"] = refused.status().into();
            if let ApiError::Refused(problem) = refused {
                described["message"] = problem.detail.as_str().into();
                described["errors"] = json!(problem.errors);
            }
        } else if let Some(call) = cause.downcast_ref::<CallError>() {
            described["code"] = call.kind().into();
        } else {
            continue;
        }
        break;
    }
    described
}

#[cfg(test)]
mod tests {
    use aegis_contracts::problem::{Code, FieldError, Problem};

    use super::*;

    #[test]
    fn the_code_is_found_under_what_was_said_on_top() {
        let problem =
            Problem::new(Code::WorkflowNotFound, "there is none").with_errors(vec![FieldError {
                field: "topic".to_owned(),
                reason: "is empty".to_owned(),
            }]);
        let refused = Error::from(ApiError::Refused(Box::new(problem))).context("cannot look");
        let told = described(&refused);
        assert_eq!(
            told,
            json!({"code": "workflow_not_found", "message": "there is none", "status": 404,
                "errors": [{"field": "topic", "reason": "is empty"}]})
        );
        let none = described(&Coded::new("no_stage", "no stage").into());
        assert_eq!(
            none,
            json!({"code": "no_stage", "message": "no stage", "status": null})
        );
        assert_eq!(described(&Error::msg("else"))["code"], "failed");
    }
}
