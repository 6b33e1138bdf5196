//! What the page's form sends.

use std::collections::BTreeMap;

use aegis_contracts::approval::{DecisionKind, DecisionRequest, MAX_COMMENT};
use aegis_contracts::changes::{Changes, MAX_TERM};
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::request::MAX_BODY;
use aegis_contracts::text::has_words;
use aegis_engine::api::ApiRequest;
use garde::Validate;

/// Of which each may come once; `drop` may come for each finding.
const FIELDS: [&str; 5] = ["decision", "comment", "terms", "search_again", "shorter"];
const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// A form that is not taken, with what was typed, so that it can be shown again.
#[derive(Debug)]
pub(crate) struct Refused {
    pub problem: Problem,
    pub typed: Typed,
}

/// What the approver filled in.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    pub comment: String,
    pub changes: Changes,
}

/// # Errors
/// 413, 415 or 400.
pub(crate) fn read(request: &ApiRequest) -> Result<DecisionRequest, Box<Refused>> {
    let mut typed = Typed::default();
    wanted(request, &mut typed).map_err(|problem| {
        Box::new(Refused {
            problem: *problem,
            typed,
        })
    })
}

/// `typed` is what was filled in, as soon as that is known.
fn wanted(request: &ApiRequest, typed: &mut Typed) -> Result<DecisionRequest, Box<Problem>> {
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
    let mut strange = None;
    for (name, value) in url::form_urlencoded::parse(body) {
        if name == "drop" {
            match value.parse() {
                Ok(number) => typed.changes.drop.push(number),
                Err(_) => strange = Some("The form names a finding that is no number."),
            }
        } else if !FIELDS.contains(&name.as_ref()) {
            strange = Some("The form has a field that is not of this page.");
        } else if fields.insert(name, value.into_owned()).is_some() {
            strange = Some("The form has a field twice.");
        }
    }
    // Browsers send a line's end as two characters.
    let comment = fields.remove("comment").unwrap_or_default();
    comment
        .replace("\r\n", "\n")
        .trim()
        .clone_into(&mut typed.comment);
    let terms = fields.remove("terms").unwrap_or_default();
    if terms.chars().count() > MAX_TERM {
        strange = Some("The words to say something about are too long: at most 100 characters.");
    }
    let terms = terms.split(',').map(str::trim);
    typed.changes.terms = terms
        .filter(|term| !term.is_empty())
        .map(str::to_owned)
        .collect();
    for (name, wish) in [
        ("search_again", &mut typed.changes.search_again),
        ("shorter", &mut typed.changes.shorter),
    ] {
        match fields.remove(name).as_deref() {
            None => {}
            Some("on") => *wish = true,
            Some(_) => strange = Some("The form has a value that is not of this page."),
        }
    }
    if let Some(strange) = strange {
        return Err(invalid(strange));
    }
    let decision = fields.remove("decision");
    let decision = decision.as_deref().and_then(DecisionKind::parse);
    let decision =
        decision.ok_or_else(|| invalid("Choose to approve, to reject or to request changes."))?;
    let asked = !typed.changes.is_empty();
    if decision == DecisionKind::RequestChanges && !asked && !has_words(&typed.comment) {
        return Err(invalid(
            "Choose what shall be changed, or say it in the comment, in words.",
        ));
    }
    if decision != DecisionKind::RequestChanges && asked {
        return Err(invalid(
            "You asked for changes, but did not choose “Request changes”. Choose that, or take the changes back.",
        ));
    }
    let length = typed.comment.chars().count();
    if length > MAX_COMMENT {
        let detail =
            format!("The comment has {length} characters; at most {MAX_COMMENT} are taken.");
        return Err(invalid(&detail));
    }
    let wanted = DecisionRequest {
        decision,
        comment: Some(typed.comment.clone()).filter(|text| !text.is_empty()),
        changes: Some(typed.changes.clone()).filter(|_| asked),
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
