//! Approval links: `v1.<kid>.<exp>.<link>.<hmac>`, where `<link>` is who may decide on what, as base64url of JSON.
//!
//! A link lies in mailboxes and chats, and nothing but the link comes back: so it says all that there is to know,
//! while a callback's token only proves what its bearer says. It is signed for another purpose: neither opens the
//! other's door.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::token::{TokenError, TokenKeys};

/// What a link lets its bearer decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    #[serde(rename = "w")]
    pub workflow_id: WorkflowId,
    #[serde(rename = "r")]
    pub revision: u32,
    /// In whose name.
    #[serde(rename = "a")]
    pub approver: String,
    /// The principal who asked for the link, and answers for the name.
    #[serde(rename = "b")]
    pub made_by: String,
}

/// What a token that was signed here says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    Open(Link),
    /// Its time is over: it decides nothing any more.
    Expired(Link),
}

impl Link {
    /// The token of this link, good until `expires_at`.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] if the present secret is not base64url.
    pub fn sign(&self, keys: &TokenKeys, expires_at: Timestamp) -> Result<String, TokenError> {
        let json = serde_json::to_vec(self).map_err(|_| TokenError::Malformed)?;
        let (link, expiry) = (BASE64_URL_SAFE_NO_PAD.encode(json), expires_at.as_seconds());
        let mac = keys.seal(&signed(&link, expiry))?;
        Ok(format!("v1.{}.{expiry}.{link}.{mac}", keys.current.kid))
    }

    /// # Errors
    /// Why the token is no link. An expired one is a link still.
    pub fn open(keys: &TokenKeys, token: &str, now: Timestamp) -> Result<Opened, TokenError> {
        let parts: Vec<&str> = token.split('.').collect();
        let ["v1", kid, expiry, link, signature] = parts[..] else {
            return Err(TokenError::Malformed);
        };
        let expiry: i64 = expiry.parse().map_err(|_| TokenError::Malformed)?;
        // Before anything of it is read.
        keys.unseal(kid, &signed(link, expiry), signature)?;
        let json = BASE64_URL_SAFE_NO_PAD
            .decode(link)
            .map_err(|_| TokenError::Malformed)?;
        let link = serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)?;
        Ok(if now.as_seconds() >= expiry {
            Opened::Expired(link)
        } else {
            Opened::Open(link)
        })
    }
}

fn signed(link: &str, expiry: i64) -> String {
    format!("v1\napproval\n{link}\n{expiry}")
}

#[cfg(test)]
mod tests {
    use aegis_contracts::attempt::Attempt;

    use super::*;
    use crate::token::Claim;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const LATER: Timestamp = Timestamp::from_millis(2_000_000);

    fn link() -> Link {
        Link {
            workflow_id: WorkflowId::derive("a", "b"),
            revision: 1,
            approver: "Zoë <zoe@example.com>".to_owned(),
            made_by: "arn:aws:iam::123456789012:user/grace".to_owned(),
        }
    }

    #[test]
    fn says_what_was_signed_until_it_expires() {
        let keys = TokenKeys::generate();
        let token = link().sign(&keys, LATER).unwrap();
        assert_eq!(Link::open(&keys, &token, NOW), Ok(Opened::Open(link())));
        let later = Link::open(&keys, &token, LATER);
        assert_eq!(later, Ok(Opened::Expired(link())));
        // It is a segment of a path.
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        assert!(token.chars().all(plain), "{token}");
    }

    #[test]
    fn an_altered_link_is_forged() {
        let keys = TokenKeys::generate();
        let token = link().sign(&keys, LATER).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let other = Link {
            revision: 2,
            ..link()
        };
        let other = other.sign(&TokenKeys::generate(), LATER).unwrap();
        let other = other.split('.').nth(3).unwrap();
        let (kid, body, mac) = (parts[1], parts[3], parts[4]);
        for altered in [
            format!("v1.{kid}.2000.{other}.{mac}"),
            format!("v1.{kid}.9000.{body}.{mac}"),
            format!("v1.{kid}.2000.{body}."),
        ] {
            let opened = Link::open(&keys, &altered, NOW);
            assert_eq!(opened, Err(TokenError::Forged), "{altered}");
        }
        let foreign = TokenKeys::generate();
        assert_eq!(
            Link::open(&foreign, &token, NOW),
            Err(TokenError::UnknownKey)
        );
        let rotated = TokenKeys {
            previous: Some(keys.current.clone()),
            ..TokenKeys::generate()
        };
        assert_eq!(Link::open(&rotated, &token, NOW), Ok(Opened::Open(link())));
        for token in [
            "",
            "v1",
            "v1.a.1.AA",
            "v2.a.1.AA.AA",
            "v1.a.b.c.d",
            "v1.a.1.b.c.d",
        ] {
            let opened = Link::open(&keys, token, NOW);
            assert_eq!(opened, Err(TokenError::Malformed), "{token}");
        }
    }

    #[test]
    fn a_link_of_newer_code_is_read() {
        let keys = TokenKeys::generate();
        let mut newer = serde_json::to_value(link()).unwrap();
        newer["added_later"] = serde_json::json!(true);
        let body = BASE64_URL_SAFE_NO_PAD.encode(newer.to_string());
        let mac = keys.seal(&signed(&body, 2000)).unwrap();
        let token = format!("v1.{}.2000.{body}.{mac}", keys.current.kid);
        assert_eq!(Link::open(&keys, &token, NOW), Ok(Opened::Open(link())));
    }

    /// The same key signs both: what keeps them apart is the purpose that is signed along.
    #[test]
    fn no_token_of_one_purpose_is_one_of_the_other() {
        let keys = TokenKeys::generate();
        let claim = Claim {
            workflow_id: link().workflow_id,
            flow: "report".parse().unwrap(),
            of: Attempt {
                step: "write".parse().unwrap(),
                branch: None,
                attempt: 1,
            },
        };
        let callback = keys.sign(&claim, LATER).unwrap();
        assert_eq!(
            Link::open(&keys, &callback, NOW),
            Err(TokenError::Malformed)
        );
        let approval = link().sign(&keys, LATER).unwrap();
        assert_eq!(
            keys.open(&approval, &claim.workflow_id, NOW),
            Err(TokenError::Malformed)
        );
        // Not by its form either.
        let mac = callback.rsplit('.').next().unwrap();
        let body = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&link()).unwrap());
        let posing = format!("v1.{}.2000.{body}.{mac}", keys.current.kid);
        assert_eq!(Link::open(&keys, &posing, NOW), Err(TokenError::Forged));
        let mac = approval.rsplit('.').next().unwrap();
        let posing = format!("v1.{}.2000.report.write.1.{mac}", keys.current.kid);
        let opened = keys.open(&posing, &claim.workflow_id, NOW);
        assert_eq!(opened, Err(TokenError::Forged));
    }
}
