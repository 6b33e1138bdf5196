//! Who may use a client route, and under which name a caller acts.
//!
//! The gateway proves who calls: it verifies signatures and tokens. Nothing here does that again.
//! But a handler demands the proof that its route asks for, and reads the claims once more: a
//! route that was left open, or a gateway that lets too much through, must not open the platform.

use std::collections::BTreeMap;
use std::sync::Arc;

use aegis_contracts::approval::{MAX_APPROVER, TIMEOUT};
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The name of everybody where nobody has to prove anything.
const ANONYMOUS: &str = "anonymous";

/// What the gateway has proven of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nothing.
    Anonymous,
    /// ARN of an IAM principal whose signature was verified.
    Iam(String),
    /// Claims of a JSON Web Token that was verified, each as a text.
    Jwt(BTreeMap<String, String>),
}

/// Client routes that are authorised alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteGroup {
    Start,
    Read,
    Approve,
    /// Cancel and redrive.
    Operate,
}

/// What a route demands of its callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    Iam,
    Jwt(Arc<JwtRules>),
    None,
}

/// What a token must say to be good for a group of routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtRules {
    pub issuer: String,
    /// One of these.
    pub audience: Vec<String>,
    pub scope: String,
    /// The claim that names the caller.
    pub subject_claim: String,
}

impl Authorization {
    /// The name under which the caller acts.
    ///
    /// # Errors
    /// 401 without the proof that the route demands, 403 if it does not reach.
    pub fn principal(&self, caller: &Caller, now: Timestamp) -> Result<String, Box<Problem>> {
        match (self, caller) {
            (Self::Iam, Caller::Iam(arn)) => Ok(arn.clone()),
            (Self::Iam, Caller::Anonymous | Caller::Jwt(_)) => Err(unauthenticated(
                "this route asks for requests signed with AWS Signature Version 4",
            )),
            (Self::Jwt(rules), Caller::Jwt(claims)) => rules.subject(claims, now),
            (Self::Jwt(_), Caller::Anonymous | Caller::Iam(_)) => Err(unauthenticated(
                "this route asks for a bearer token of the issuer that it trusts",
            )),
            (Self::None, Caller::Anonymous | Caller::Iam(_) | Caller::Jwt(_)) => {
                Ok(ANONYMOUS.to_owned())
            }
        }
    }
}

impl JwtRules {
    fn subject(
        &self,
        claims: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<String, Box<Problem>> {
        let claim = |name: &str| claims.get(name).map_or("", String::as_str);
        if claim("iss") != self.issuer {
            return Err(invalid("the token is of another issuer"));
        }
        // As the gateway does it: access tokens of Cognito have no audience, but name their client.
        let meant_for = match claims.get("aud") {
            Some(audience) => listed(audience),
            None => vec![claim("client_id")],
        };
        if !meant_for
            .iter()
            .any(|one| self.audience.iter().any(|wanted| wanted == one))
        {
            return Err(invalid("the token is for another audience"));
        }
        // Large numbers may come as `1.7956224e+09`.
        let expiry = claim("exp").parse::<f64>().ok();
        if expiry.is_none_or(|expiry| !expiry.is_finite()) {
            return Err(invalid("the token does not say when it expires"));
        }
        let seconds = now.as_millis() as f64 / 1000.0;
        if expiry.is_none_or(|expiry| expiry <= seconds) {
            return Err(invalid("the token has expired"));
        }
        let scopes = ["scope", "scp"].map(claim).map(listed);
        if !scopes.iter().flatten().any(|scope| *scope == self.scope) {
            let detail = format!("the token does not have the scope `{}`", self.scope);
            return Err(Box::new(Problem::new(Code::InsufficientScope, detail)));
        }
        named(claim(&self.subject_claim)).ok_or_else(|| {
            let detail = format!(
                "the token's claim `{}` is no name to act under",
                self.subject_claim
            );
            Box::new(Problem::new(Code::UnusableSubject, detail))
        })
    }
}

/// A claim of several values comes as `[a b]`, scopes as `a b`.
fn listed(claim: &str) -> Vec<&str> {
    let inner = claim
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(claim).split_whitespace().collect()
}

/// Some issuers let people choose their names. None may look like a caller of another kind: an IAM
/// principal, another system's `<account>:<source>`, anybody, or nobody.
fn named(subject: &str) -> Option<String> {
    let foreign = subject.starts_with("arn:")
        || [ANONYMOUS, TIMEOUT].contains(&subject)
        || subject.split_once(':').is_some_and(|(account, _)| {
            account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
        });
    let fits = (1..=MAX_APPROVER).contains(&subject.chars().count());
    let printable = !subject.chars().any(char::is_control);
    (fits && printable && !foreign).then(|| subject.to_owned())
}

fn unauthenticated(detail: &str) -> Box<Problem> {
    Box::new(Problem::new(Code::Unauthenticated, detail))
}

fn invalid(detail: &str) -> Box<Problem> {
    Box::new(Problem::new(Code::InvalidToken, detail))
}
