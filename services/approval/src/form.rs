//! What the page's form sends.

use std::collections::BTreeMap;

use aegis_contracts::approval::{DecisionKind, DecisionRequest, MAX_COMMENT};
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::request::MAX_BODY;
use aegis_contracts::text::has_words;
use aegis_engine::api::ApiRequest;
use garde::Validate;

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// A form that is not taken, with what was typed, so that it can be shown again.
#[derive(Debug)]
pub(crate) struct Refused {
    pub problem: Problem,
    pub comment: String,
}

/// # Errors
/// 413, 415 or 400.
pub(crate) fn read(request: &ApiRequest) -> Result<DecisionRequest, Box<Refused>> {
    let mut comment = String::new();
    wanted(request, &mut comment).map_err(|problem| {
        Box::new(Refused {
            problem: *problem,
            comment,
        })
    })
}

/// `typed` is what stands in the comment, as soon as that is known.
fn wanted(request: &ApiRequest, typed: &mut String) -> Result<DecisionRequest, Box<Problem>> {
    let refuse = |code, detail: &str| Box::new(Problem::new(code, detail));
    let body = request.body()?;
    if body.len() > MAX_BODY {
        return Err(refuse(Code::BodyTooLarge, "The form is too large."));
    }
    let media_type = request.media_type();
    if media_type.as_deref() != Some(MEDIA_TYPE) || request.foreign_charset().is_some() {
        return Err(refuse(
            Code::UnsupportedMediaType,
            "Only the form of this page is taken.",
        ));
    }
    let invalid = |detail: &str| refuse(Code::InvalidRequest, detail);
    if std::str::from_utf8(body).is_err() {
        return Err(invalid("The form is not UTF-8."));
    }
    let mut fields = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if !["decision", "comment"].contains(&name.as_ref()) {
            return Err(invalid("The form has a field that is not of this page."));
        }
        if fields.insert(name, value.into_owned()).is_some() {
            return Err(invalid("The form has a field twice."));
        }
    }
    // Browsers send a line's end as two characters.
    let comment = fields.remove("comment").unwrap_or_default();
    comment.replace("\r\n", "\n").trim().clone_into(typed);
    let decision = fields.remove("decision");
    let decision = decision.as_deref().and_then(DecisionKind::parse);
    let decision =
        decision.ok_or_else(|| invalid("Choose to approve, to reject or to request changes."))?;
    if decision == DecisionKind::RequestChanges && !has_words(typed) {
        return Err(invalid(
            "Say in the comment what shall be changed, in words.",
        ));
    }
    let length = typed.chars().count();
    if length > MAX_COMMENT {
        let detail =
            format!("The comment has {length} characters; at most {MAX_COMMENT} are taken.");
        return Err(invalid(&detail));
    }
    let wanted = DecisionRequest {
        decision,
        comment: Some(typed.clone()).filter(|text| !text.is_empty()),
        changes: None,
        approver: None,
        revision: None,
    };
    wanted.validate().map_err(|report| {
        invalid(&format!(
            "The form is not valid: {}",
            report.to_string().trim()
        ))
    })?;
    Ok(wanted)
}
