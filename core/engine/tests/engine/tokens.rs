//! A token is good for one purpose, and is taken apart in one way only.

use std::time::Duration;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::token::{Claim, TokenError, TokenKeys};
use aegis_testkit::flow::{attempt, name};
use aegis_testkit::harness::NOW;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

fn claim() -> Claim {
    Claim {
        workflow_id: WorkflowId::derive("a", "b"),
        flow: name("report"),
        of: attempt("analyze", 2),
    }
}

/// What somebody with our key would sign for `purpose`.
fn signed_for(keys: &TokenKeys, purpose: &str) -> String {
    let Claim {
        workflow_id,
        flow,
        of: Attempt { step, attempt, .. },
    } = claim();
    let expiry = NOW.plus(Duration::from_secs(60)).as_seconds();
    let secret = BASE64_URL_SAFE_NO_PAD.decode(&keys.current.secret).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
    let text = format!("v1\n{purpose}\n{workflow_id}\n{flow}\n{step}\n{attempt}\n{expiry}");
    mac.update(text.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!(
        "v1.{}.{expiry}.{flow}.{step}.{attempt}.{signature}",
        keys.current.kid
    )
}

#[test]
fn the_purpose_is_signed_too() {
    let keys = TokenKeys::generate();
    let own = signed_for(&keys, "callback");
    let open = |token: &str| keys.open(token, &claim().workflow_id, NOW);
    assert_eq!(open(&own), Ok(claim()));
    for purpose in ["approval", "approve", "callbacks", ""] {
        let foreign = signed_for(&keys, purpose);
        let verdict = open(&foreign);
        assert_eq!(verdict, Err(TokenError::Forged), "{purpose}");
    }
}

/// Each byte of the signature counts, and so does its length.
#[test]
fn no_part_of_a_signature_is_enough() {
    let keys = TokenKeys::generate();
    let token = signed_for(&keys, "callback");
    let (head, signature) = token.rsplit_once('.').unwrap();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(bytes.len(), 32);
    let verdict = |bytes: &[u8]| {
        let token = format!("{head}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
        keys.open(&token, &claim().workflow_id, NOW)
    };
    for length in 0..32 {
        assert_eq!(verdict(&bytes[..length]), Err(TokenError::Forged));
        let mut altered = bytes.clone();
        altered[length] ^= 1;
        assert_eq!(verdict(&altered), Err(TokenError::Forged));
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(verdict(&longer), Err(TokenError::Forged));
}
