//! How this program says that it could not do what it was asked: a sentence on standard error, and with `--json` an
//! object with a stable code on standard output as well. `docs/command-line.md` lists the codes.

use aegis_client::failure::ApiError;
use aegis_signing::SigningError;
use anyhow::Error;
use serde_json::{Value, json};

use aegis_terminal::failure::{object, tell_coded};

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

pub fn tell(error: &Error, as_json: bool) {
    tell_coded(error, as_json, || described(error));
}

fn described(error: &Error) -> Value {
    let mut described = object("failed", &format!("{error:#}"));
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
        } else if let Some(signing) = cause.downcast_ref::<SigningError>() {
            described["code"] = signing.kind().into();
        } else if let Some(kind) = of_aws(cause) {
            described["code"] = kind.into();
        } else {
            continue;
        }
        break;
    }
    described
}

/// The code of a call to AWS that failed.
#[cfg(feature = "aws")]
fn of_aws(cause: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    use aegis_aws::client::error::CallError;
    cause.downcast_ref::<CallError>().map(CallError::kind)
}

/// Without the feature no call is made.
#[cfg(not(feature = "aws"))]
fn of_aws(_cause: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    None
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
