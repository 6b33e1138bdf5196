//! Why a request to the API did not succeed, in words for the person who made it.

use std::fmt;

use aegis_contracts::problem::{FieldError, Problem};

use aegis_signing::SigningError;

#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The API understood and said no.
    #[error("{}", Sentence(.0))]
    Refused(Box<Problem>),
    /// An answer that is not the API's own: the gateway's, a proxy's, or another server's.
    #[error("{endpoint} answered {status}: {body}")]
    Foreign {
        endpoint: String,
        status: u16,
        body: String,
    },
    /// Nothing was sent: what was typed cannot stand in a request.
    #[error("{what} {reason}")]
    Unsendable { what: &'static str, reason: String },
    #[error("no answer from {endpoint}: {reason}{hint}")]
    Unreachable {
        endpoint: String,
        reason: String,
        hint: String,
    },
    /// The answer has status 2xx but not the expected shape: the stage is of another version.
    #[error("the answer of {path} cannot be read: {reason}")]
    Unreadable { path: String, reason: String },
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(
        "this route asks for a bearer token: put one into AEGIS_TOKEN, or name a file that holds it with --token-file"
    )]
    NoToken,
}

impl ApiError {
    /// The API's own code for it, or ours where the API had no say.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(problem) => &problem.code,
            Self::Foreign { .. } => "unexpected_answer",
            Self::Unsendable { .. } => "usage",
            Self::Unreachable { .. } => "no_answer",
            Self::Unreadable { .. } => "unreadable_answer",
            Self::Signing(error) => error.kind(),
            Self::NoToken => "no_token",
        }
    }

    /// Whether the API itself said no.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            Self::Foreign { status, .. } => Some(*status),
            Self::Unsendable { .. }
            | Self::Unreachable { .. }
            | Self::Unreadable { .. }
            | Self::Signing(_)
            | Self::NoToken => None,
        }
    }

    /// Whether the same request may succeed a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Foreign { .. } => {
                matches!(self.status(), Some(429 | 500 | 502 | 503 | 504))
            }
            Self::Unreachable { .. } => true,
            Self::Unsendable { .. }
            | Self::Unreadable { .. }
            | Self::Signing(_)
            | Self::NoToken => false,
        }
    }
}

/// A problem as one message: what, the code, and each field that was wrong.
struct Sentence<'a>(&'a Problem);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = self.0;
        let detail = if problem.detail.is_empty() {
            &problem.title
        } else {
            &problem.detail
        };
        write!(f, "{detail} ({}, {})", problem.code, problem.status)?;
        // Of a body of ours the detail names them all already.
        let is_told = |error: &&FieldError| {
            let named = format!("{}: {}", error.field, error.reason);
            detail.contains(&named) || error.field.is_empty() && detail.contains(&error.reason)
        };
        for error in problem.errors.iter().filter(|error| !is_told(error)) {
            write!(f, "\n  {}: {}", error.field, error.reason)?;
        }
        for link in &problem.links {
            write!(f, "\n  {}: {}", link.name, link.url)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_contracts::problem::Code;

    #[test]
    fn says_the_code_and_every_field() {
        let problem = Problem::new(Code::InvalidRequest, "two fields are wrong").with_errors(vec![
            FieldError {
                field: "topic".to_owned(),
                reason: "is empty".to_owned(),
            },
            FieldError {
                field: "budget.max_tokens".to_owned(),
                reason: "must be above 0".to_owned(),
            },
        ]);
        assert_eq!(
            ApiError::Refused(Box::new(problem)).to_string(),
            "two fields are wrong (invalid_request, 400)\n  topic: is empty\n  budget.max_tokens: must be above 0"
        );
    }

    #[test]
    fn a_field_is_told_once() {
        let field = |field: &str, reason: &str| FieldError {
            field: field.to_owned(),
            reason: reason.to_owned(),
        };
        let errors = vec![field("topic", "is empty"), field("", "is no object")];
        let problem = Problem::new(Code::InvalidRequest, "topic: is empty; is no object");
        assert_eq!(
            ApiError::Refused(Box::new(problem.with_errors(errors))).to_string(),
            "topic: is empty; is no object (invalid_request, 400)"
        );
    }
}
