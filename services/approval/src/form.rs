//! What the page's form sends.

use aegis_contracts::approval::{DecisionKind, DecisionRequest};
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::request::MAX_BODY;
use aegis_contracts::text::is_blank;
use aegis_engine::api::ApiRequest;
use garde::Validate;

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// # Errors
/// 413, 415 or 400.
pub(crate) fn read(request: &ApiRequest) -> Result<DecisionRequest, Box<Problem>> {
    let refuse = |code, detail: &str| Box::new(Problem::new(code, detail));
    let body = request.body()?;
    if body.len() > MAX_BODY {
        return Err(refuse(Code::BodyTooLarge, "The form is too large."));
    }
    if request.media_type().as_deref() != Some(MEDIA_TYPE) {
        return Err(refuse(
            Code::UnsupportedMediaType,
            "Only the form of this page is taken.",
        ));
    }
    let invalid = |detail: &str| refuse(Code::InvalidRequest, detail);
    if std::str::from_utf8(body).is_err() {
        return Err(invalid("The form is not UTF-8."));
    }
    let (mut decision, mut comment) = (None, None);
    for (name, value) in url::form_urlencoded::parse(body) {
        let place = match name.as_ref() {
            "decision" => &mut decision,
            "comment" => &mut comment,
            _ => return Err(invalid("The form has a field that is not of this page.")),
        };
        if place.replace(value.into_owned()).is_some() {
            return Err(invalid("The form has a field twice."));
        }
    }
    let decision = decision.as_deref().and_then(DecisionKind::parse);
    let decision =
        decision.ok_or_else(|| invalid("Choose to approve, to reject or to request changes."))?;
    // Browsers send a line's end as two characters.
    let comment = comment.map(|text| text.replace("\r\n", "\n").trim().to_owned());
    let comment = comment.filter(|text| !text.is_empty());
    let words = comment.as_deref().unwrap_or_default();
    if decision == DecisionKind::RequestChanges && is_blank(words) {
        return Err(invalid("Say in the comment what shall be changed."));
    }
    let wanted = DecisionRequest {
        decision,
        comment,
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
