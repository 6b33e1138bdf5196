//! Callback tokens: `v1.<kid>.<exp>.<flow>.<step>[/<branch>].<attempt>.<hmac>`.
//!
//! A token proves that its bearer was given one attempt of one workflow. It says which attempt, so that it is judged
//! before anything else of a report is read.

use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub workflow_id: WorkflowId,
    pub flow: Name,
    pub of: Attempt,
}

/// The key that signs, and the one before it, which still verifies.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKeys {
    pub current: TokenKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<TokenKey>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKey {
    pub kid: String,
    /// 32 random bytes, base64url.
    pub secret: String,
    /// When it became the current key. Missing in keys of old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKeys")
            .field("kid", &self.current.kid)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error(
        "the token is not of the form v1.<kid>.<exp>.<flow>.<step>[/<branch>].<attempt>.<hmac>"
    )]
    Malformed,
    #[error("the token's key is not known")]
    UnknownKey,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not for this workflow, step and attempt")]
    Forged,
}

impl TokenKeys {
    /// New random keys.
    pub fn generate() -> Self {
        let secret: [u8; 32] = rand::random();
        let kid: [u8; 4] = rand::random();
        let current = TokenKey {
            kid: data_encoding::HEXLOWER.encode(&kid),
            secret: BASE64_URL_SAFE_NO_PAD.encode(secret),
            made_at: None,
        };
        Self {
            current,
            previous: None,
        }
    }

    fn find(&self, kid: &str) -> Option<&TokenKey> {
        std::iter::once(&self.current)
            .chain(self.previous.as_ref())
            .find(|key| key.kid == kid)
    }

    /// A token for `claim` that is good until `expires_at`.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] if the current secret is not base64url.
    pub fn sign(&self, claim: &Claim, expires_at: Timestamp) -> Result<String, TokenError> {
        let expiry = expires_at.as_seconds();
        let mac = self.seal(&claim.signed(expiry))?;
        let (kid, flow) = (&self.current.kid, &claim.flow);
        let (whose, attempt) = (claim.of.whose(), claim.of.attempt);
        Ok(format!("v1.{kid}.{expiry}.{flow}.{whose}.{attempt}.{mac}"))
    }

    /// The MAC of `text` under the present key. What is signed begins with its version and its purpose, so that a
    /// token of one purpose is none of another.
    pub(crate) fn seal(&self, text: &str) -> Result<String, TokenError> {
        let mac = mac(&self.current, text)?.finalize().into_bytes();
        Ok(BASE64_URL_SAFE_NO_PAD.encode(mac))
    }

    /// Whether `signature` is that of `text` under the key `kid`. In constant time.
    pub(crate) fn unseal(&self, kid: &str, text: &str, signature: &str) -> Result<(), TokenError> {
        let signature = BASE64_URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| TokenError::Malformed)?;
        let key = self.find(kid).ok_or(TokenError::UnknownKey)?;
        mac(key, text)?
            .verify_slice(&signature)
            .map_err(|_| TokenError::Forged)
    }

    /// What the token proves about `workflow_id` at `now`.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn open(
        &self,
        token: &str,
        workflow_id: &WorkflowId,
        now: Timestamp,
    ) -> Result<Claim, TokenError> {
        let parts: Vec<&str> = token.split('.').collect();
        let ["v1", kid, expiry, flow, whose, attempt, signature] = parts[..] else {
            return Err(TokenError::Malformed);
        };
        let expiry: i64 = expiry.parse().map_err(|_| TokenError::Malformed)?;
        let (step, branch) = match whose.split_once('/') {
            Some((step, branch)) => (step, Some(branch)),
            None => (whose, None),
        };
        let branch = branch.map(str::parse).transpose();
        let claim = Claim {
            workflow_id: workflow_id.clone(),
            flow: flow.parse().map_err(|_| TokenError::Malformed)?,
            of: Attempt {
                step: step.parse().map_err(|_| TokenError::Malformed)?,
                branch: branch.map_err(|_| TokenError::Malformed)?,
                attempt: attempt.parse().map_err(|_| TokenError::Malformed)?,
            },
        };
        self.unseal(kid, &claim.signed(expiry), signature)?;
        if now.as_seconds() >= expiry {
            return Err(TokenError::Expired);
        }
        Ok(claim)
    }
}

impl Claim {
    fn signed(&self, expiry: i64) -> String {
        format!(
            "v1\ncallback\n{}\n{}\n{}\n{}\n{expiry}",
            self.workflow_id,
            self.flow,
            self.of.whose(),
            self.of.attempt
        )
    }
}

fn mac(key: &TokenKey, text: &str) -> Result<Hmac<Sha256>, TokenError> {
    let secret = BASE64_URL_SAFE_NO_PAD
        .decode(&key.secret)
        .map_err(|_| TokenError::UnknownKey)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).map_err(|_| TokenError::UnknownKey)?;
    mac.update(text.as_bytes());
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim {
            workflow_id: WorkflowId::derive("a", "b"),
            flow: "report".parse().unwrap(),
            of: Attempt {
                step: "analyze".parse().unwrap(),
                branch: None,
                attempt: 2,
            },
        }
    }

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const LATER: Timestamp = Timestamp::from_millis(2_000_000);

    #[test]
    fn proves_its_claim_and_no_other() {
        let keys = TokenKeys::generate();
        let token = keys.sign(&claim(), LATER).unwrap();
        let open = |token: &str, now| keys.open(token, &claim().workflow_id, now);
        assert_eq!(open(&token, NOW), Ok(claim()));
        assert_eq!(open(&token, LATER), Err(TokenError::Expired));
        for (from, to) in [
            (".analyze.2.", ".analyze.3."),
            (".analyze.2.", ".write.2."),
            (".report.analyze.", ".deep-report.analyze."),
        ] {
            let other = token.replace(from, to);
            assert_ne!(token, other);
            assert_eq!(open(&other, NOW), Err(TokenError::Forged), "{to}");
        }
        let elsewhere = WorkflowId::derive("a", "c");
        assert_eq!(keys.open(&token, &elsewhere, NOW), Err(TokenError::Forged));
    }

    #[test]
    fn altered_expiry_is_forged() {
        let keys = TokenKeys::generate();
        let token = keys.sign(&claim(), LATER).unwrap();
        let longer = token.replace(".2000.", ".9000.");
        assert_ne!(token, longer);
        assert_eq!(
            keys.open(&longer, &claim().workflow_id, NOW),
            Err(TokenError::Forged)
        );
    }

    #[test]
    fn previous_key_still_verifies() {
        let old = TokenKeys::generate();
        let token = old.sign(&claim(), LATER).unwrap();
        let rotated = TokenKeys {
            previous: Some(old.current),
            ..TokenKeys::generate()
        };
        let id = claim().workflow_id;
        assert_eq!(rotated.open(&token, &id, NOW), Ok(claim()));
        assert_eq!(
            TokenKeys::generate().open(&token, &id, NOW),
            Err(TokenError::UnknownKey)
        );
    }

    #[test]
    fn nonsense_is_malformed() {
        for token in [
            "",
            "v1",
            "v1.a.b.report.analyze.1.c",
            "v2.a.1.report.analyze.1.AAAA",
            "v1.a.1.report.analyze.1.!",
            "v1.a.1.report.analyze.1.AA.x",
            "v1.a.1.analyze.1.AA",
            "v1.a.1.report.Analyze.1.AA",
            "v1.a.1.report.analyze.-1.AA",
        ] {
            assert_eq!(
                TokenKeys::generate().open(token, &claim().workflow_id, NOW),
                Err(TokenError::Malformed),
                "{token}"
            );
        }
    }
}
