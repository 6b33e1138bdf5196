//! Reading a request's body: size, media type, JSON, fields, values, in this order.

use aegis_contracts::problem::{FieldError, Problem};
use aegis_contracts::request::MAX_BODY;
use aegis_contracts::strict::{self, Refused};
use garde::Validate;
use serde::de::DeserializeOwned;

use crate::api::ApiRequest;

/// # Errors
/// 413, 415 or 400, with the field and the reason.
pub fn read<T: DeserializeOwned + Validate<Context = ()>>(
    request: &ApiRequest,
) -> Result<T, Box<Problem>> {
    if request.body.len() > MAX_BODY {
        let detail = format!(
            "the body has {} bytes, {MAX_BODY} are allowed",
            request.body.len()
        );
        return Err(Box::new(Problem::new(413, "body_too_large", detail)));
    }
    expect_json(request)?;
    let body: T = parse(&request.body)?;
    body.validate().map_err(|report| {
        let errors: Vec<FieldError> = report
            .iter()
            .map(|(path, error)| FieldError {
                field: path.to_string(),
                reason: error.to_string(),
            })
            .collect();
        invalid(errors)
    })?;
    Ok(body)
}

/// Like [`read`]; an empty body means the default.
///
/// # Errors
/// As [`read`].
pub fn read_or_default<T: DeserializeOwned + Default + Validate<Context = ()>>(
    request: &ApiRequest,
) -> Result<T, Box<Problem>> {
    if request.body.is_empty() {
        Ok(T::default())
    } else {
        read(request)
    }
}

fn expect_json(request: &ApiRequest) -> Result<(), Box<Problem>> {
    let Some(essence) = request.media_type() else {
        return Ok(());
    };
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    let detail = format!("the body must be application/json, not `{essence}`");
    Err(Box::new(Problem::new(
        415,
        "unsupported_media_type",
        detail,
    )))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Box<Problem>> {
    let not_json = |error: &dyn std::fmt::Display| {
        let detail = format!("the body is not JSON: {error}");
        Box::new(Problem::new(400, "invalid_json", detail))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| not_json(&error))?;
    strict::from_str(text).map_err(|refused| match refused {
        Refused::NotJson(error) => not_json(&error),
        Refused::Field(field, reason) => invalid(vec![FieldError { field, reason }]),
    })
}

fn invalid(errors: Vec<FieldError>) -> Box<Problem> {
    let named: Vec<String> = errors
        .iter()
        .map(|error| {
            if error.field.is_empty() {
                error.reason.clone()
            } else {
                format!("{}: {}", error.field, error.reason)
            }
        })
        .collect();
    Box::new(Problem::new(400, "invalid_request", named.join("; ")).with_errors(errors))
}
