//! What went wrong in a call to AWS, in words for the person who made it.

use aws_sdk_eventbridge::error::{DisplayErrorContext, ProvideErrorMetadata};

/// A call that AWS refused or that never reached it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct CallError {
    pub operation: &'static str,
    /// AWS's own code, such as `AccessDeniedException`; missing where no answer came.
    pub code: Option<String>,
    pub message: String,
}

impl CallError {
    /// For `map_err` behind an SDK call.
    pub fn of<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata,
    {
        move |error| {
            let code = error.code().map(str::to_owned);
            let message = match (&code, error.message()) {
                (Some(code), Some(message)) => format!("{code}: {message}"),
                _ => DisplayErrorContext(&error).to_string(),
            };
            Self {
                operation,
                code,
                message,
            }
        }
    }

    /// For what AWS reports inside an answer of status 200, or what was seen before calling.
    pub fn saying(operation: &'static str, code: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            operation,
            code: code.map(str::to_owned),
            message: message.into(),
        }
    }

    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}
