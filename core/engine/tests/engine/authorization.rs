//! What a handler demands of the gateway's proof, and the name that comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aegis_contracts::time::Timestamp;
use aegis_engine::api::{Authorization, Caller, JwtRules};

const NOW: Timestamp = Timestamp::from_millis(1_795_456_800_000);
const ARN: &str = "arn:aws:iam::123456789012:user/ada";

fn demanded() -> Authorization {
    Authorization::Jwt(Arc::new(JwtRules {
        issuer: "https://issuer.example".to_owned(),
        audience: vec!["web".to_owned(), "mobile".to_owned()],
        scope: "aegis/approve".to_owned(),
        subject_claim: "sub".to_owned(),
    }))
}

/// The claims of a good token, some of them replaced; an empty text takes one away.
fn token(changed: &[(&str, &str)]) -> Caller {
    let good = [
        ("iss", "https://issuer.example"),
        ("aud", "web"),
        ("exp", "1795456801"),
        ("scope", "openid aegis/approve"),
        ("sub", "ann@example.com"),
    ];
    let all = good.iter().chain(changed);
    let mut claims: BTreeMap<String, String> = all
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    claims.retain(|_, value| !value.is_empty());
    Caller::Jwt(claims)
}

fn refusal(authorization: &Authorization, caller: &Caller) -> (u16, String) {
    let problem = authorization.principal(caller, NOW).unwrap_err();
    (problem.status, problem.code)
}

#[test]
fn the_proof_of_another_kind_is_none() {
    let iam = Caller::Iam(ARN.to_owned());
    let unauthenticated = (401, "unauthenticated".to_owned());
    for (authorization, caller) in [
        (Authorization::Iam, Caller::Anonymous),
        (Authorization::Iam, token(&[])),
        (demanded(), Caller::Anonymous),
        (demanded(), iam.clone()),
    ] {
        assert_eq!(refusal(&authorization, &caller), unauthenticated);
    }
    assert_eq!(Authorization::Iam.principal(&iam, NOW), Ok(ARN.to_owned()));
    for caller in [Caller::Anonymous, iam, token(&[])] {
        let principal = Authorization::None.principal(&caller, NOW);
        assert_eq!(principal, Ok("anonymous".to_owned()));
    }
}

#[test]
fn a_token_names_its_subject() {
    for changed in [
        &[][..],
        &[("aud", "[other mobile]")],
        &[("aud", ""), ("client_id", "web")],
        &[("exp", "1.795456801e+09")],
        &[("scope", ""), ("scp", "[aegis/read aegis/approve]")],
    ] {
        let principal = demanded().principal(&token(changed), NOW);
        assert_eq!(principal, Ok("ann@example.com".to_owned()), "{changed:?}");
    }
}

#[test]
fn a_token_that_does_not_hold_is_refused() {
    type Changed = [(&'static str, &'static str)];
    let cases: [(&Changed, u16, &str); 15] = [
        (&[("iss", "https://issuer.example/")], 401, "invalid_token"),
        (&[("iss", "")], 401, "invalid_token"),
        (&[("aud", "websites")], 401, "invalid_token"),
        (&[("aud", "")], 401, "invalid_token"),
        // An audience that is there counts, whatever the client.
        (
            &[("aud", "other"), ("client_id", "web")],
            401,
            "invalid_token",
        ),
        (&[("exp", "")], 401, "invalid_token"),
        (&[("exp", "soon")], 401, "invalid_token"),
        (&[("exp", "inf")], 401, "invalid_token"),
        (&[("exp", "NaN")], 401, "invalid_token"),
        (&[("exp", "1795456800")], 401, "invalid_token"),
        (&[("scope", "")], 403, "insufficient_scope"),
        (
            &[("scope", "aegis/approve-not aegis")],
            403,
            "insufficient_scope",
        ),
        (&[("scope", "aegis/start")], 403, "insufficient_scope"),
        (&[("sub", "")], 403, "unusable_subject"),
        (&[("sub", "a\nb")], 403, "unusable_subject"),
    ];
    for (changed, status, code) in cases {
        let refused = refusal(&demanded(), &token(changed));
        assert_eq!(refused, (status, code.to_owned()), "{changed:?}");
    }
}

#[test]
fn nobody_takes_the_name_of_another_kind_of_caller() {
    let long = "a".repeat(129);
    for subject in [
        ARN,
        "anonymous",
        "timeout",
        "123456789012:partner.crm",
        &long,
    ] {
        let refused = refusal(&demanded(), &token(&[("sub", subject)]));
        assert_eq!(refused, (403, "unusable_subject".to_owned()), "{subject}");
    }
    for subject in ["arnold", "12:30", "a".repeat(128).as_str()] {
        let caller = token(&[("sub", subject)]);
        assert_eq!(demanded().principal(&caller, NOW), Ok(subject.to_owned()));
    }
}
