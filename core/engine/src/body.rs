//! Reading a request's body: size, media type, JSON, fields, values, in this order.

use aegis_contracts::problem::{Code, FieldError, Problem};
use aegis_contracts::request::MAX_BODY;
use aegis_contracts::strict::{self, Refused};
use aegis_contracts::text::visible_line;
use garde::Validate;
use serde::de::DeserializeOwned;

use crate::api::ApiRequest;

/// # Errors
/// 413, 415 or 400, with the field and the reason.
pub fn read<T: DeserializeOwned + Validate<Context = ()>>(
    request: &ApiRequest,
) -> Result<T, Box<Problem>> {
    let bytes = request.body()?;
    if bytes.len() > MAX_BODY {
        let detail = format!("the body has {} bytes, {MAX_BODY} are allowed", bytes.len());
        return Err(Box::new(Problem::new(Code::BodyTooLarge, detail)));
    }
    expect_json(request)?;
    let body: T = parse(bytes)?;
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
    if request.body()?.is_empty() {
        Ok(T::default())
    } else {
        read(request)
    }
}

fn expect_json(request: &ApiRequest) -> Result<(), Box<Problem>> {
    let Some(essence) = request.media_type() else {
        return Ok(());
    };
    let refuse = |what: &str, found: &str| {
        let detail = format!("the body must be {what}, not `{}`", visible_line(found));
        Err(Box::new(Problem::new(Code::UnsupportedMediaType, detail)))
    };
    if essence != "application/json" && !essence.ends_with("+json") {
        return refuse("application/json", &essence);
    }
    match request.foreign_charset() {
        Some(charset) => refuse("in UTF-8", charset),
        None => Ok(()),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Box<Problem>> {
    strict::from_slice(bytes).map_err(|refused| match refused {
        Refused::NotJson(error) => {
            let detail = format!("the body is not JSON: {error}");
            Box::new(Problem::new(Code::InvalidJson, detail))
        }
        Refused::Field(field, reason) => invalid(vec![FieldError { field, reason }]),
    })
}

/// The names of fields are the sender's, and reasons quote what was sent: both are shown escaped.
fn invalid(errors: Vec<FieldError>) -> Box<Problem> {
    let shown = |error: FieldError| FieldError {
        field: visible_line(&error.field).into_owned(),
        reason: visible_line(&error.reason).into_owned(),
    };
    let errors: Vec<FieldError> = errors.into_iter().map(shown).collect();
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
    Box::new(Problem::new(Code::InvalidRequest, named.join("; ")).with_errors(errors))
}
