//! `API_AUTHORIZATION` and `API_JWT`: what client routes demand, as JSON, in the form in which Terraform writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aegis_engine::api::{Authorization, JwtRules, RouteGroup};
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Iam,
    Jwt,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwt {
    issuer: String,
    audience: Vec<String>,
    subject_claim: String,
    scopes: BTreeMap<RouteGroup, String>,
}

/// What the routes of `group` demand. `jwt` is read only where they ask for tokens.
pub(crate) fn parse(
    group: RouteGroup,
    modes: &str,
    jwt: Option<&str>,
) -> Result<Authorization, String> {
    let modes: BTreeMap<RouteGroup, Mode> =
        serde_json::from_str(modes).map_err(|error| format!("API_AUTHORIZATION: {error}"))?;
    let mode = modes
        .get(&group)
        .ok_or_else(|| format!("API_AUTHORIZATION says nothing of {group:?}"))?;
    match mode {
        Mode::Iam => Ok(Authorization::Iam),
        Mode::None => Ok(Authorization::None),
        Mode::Jwt => {
            let jwt = jwt.ok_or("API_JWT is not set, and routes ask for tokens")?;
            rules(group, jwt).map(|rules| Authorization::Jwt(Arc::new(rules)))
        }
    }
}

fn rules(group: RouteGroup, text: &str) -> Result<JwtRules, String> {
    let mut jwt: Jwt = serde_json::from_str(text).map_err(|error| format!("API_JWT: {error}"))?;
    let scope = jwt.scopes.remove(&group).unwrap_or_default();
    let rules = JwtRules {
        issuer: jwt.issuer,
        audience: jwt.audience,
        scope,
        subject_claim: jwt.subject_claim,
    };
    let texts = [&rules.issuer, &rules.scope, &rules.subject_claim];
    let complete = !rules.audience.is_empty() && rules.audience.iter().all(|one| !one.is_empty());
    // An empty text would be equal to a claim that is not there.
    if complete && texts.iter().all(|text| !text.is_empty()) {
        return Ok(rules);
    }
    Err(format!(
        "API_JWT: issuer, audience, subject_claim and the scope of {group:?} must not be empty"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = r#"{"issuer": "https://issuer.example", "audience": ["web"], "subject_claim": "sub",
        "scopes": {"start": "aegis/start", "approve": "aegis/approve"}}"#;

    #[test]
    fn each_group_has_its_own() {
        let modes = r#"{"start": "jwt", "read": "none", "operate": "iam"}"#;
        let of = |group| parse(group, modes, Some(JWT));
        assert_eq!(of(RouteGroup::Read), Ok(Authorization::None));
        assert_eq!(of(RouteGroup::Operate), Ok(Authorization::Iam));
        let Ok(Authorization::Jwt(rules)) = of(RouteGroup::Start) else {
            panic!("start asks for tokens");
        };
        assert_eq!(
            (rules.scope.as_str(), rules.issuer.as_str()),
            ("aegis/start", "https://issuer.example")
        );
        assert!(of(RouteGroup::Approve).unwrap_err().contains("Approve"));
    }

    #[test]
    fn what_is_missing_or_unknown_is_said() {
        let jwt = r#"{"approve": "jwt", "operate": "jwt"}"#;
        let no_issuer = JWT.replace("https://issuer.example", "");
        let no_audience = JWT.replace(r#"["web"]"#, "[]");
        for (group, modes, rules, said) in [
            (RouteGroup::Approve, "iam", None, "API_AUTHORIZATION: "),
            (RouteGroup::Approve, r#"{"approve": "open"}"#, None, "open"),
            (RouteGroup::Approve, r#"{"decide": "iam"}"#, None, "decide"),
            (RouteGroup::Approve, jwt, None, "API_JWT is not set"),
            (RouteGroup::Approve, jwt, Some("{}"), "issuer"),
            (RouteGroup::Approve, jwt, Some(&no_issuer), "empty"),
            (RouteGroup::Approve, jwt, Some(&no_audience), "empty"),
            (RouteGroup::Operate, jwt, Some(JWT), "the scope of Operate"),
        ] {
            let error = parse(group, modes, rules).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
