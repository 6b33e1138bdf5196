//! Identifiers with a prefix that says what they name.
//!
//! Ids are derived, never drawn: the same request gives the same workflow id,
//! the same transition gives the same event id. That is what makes a repeated
//! delivery harmless.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, Encoding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::attempt::Attempt;

/// Characters of an id behind its prefix: 130 bits of SHA-256 in base32.
const ID_LENGTH: usize = 26;

/// An id that is not of its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the id of {of}, which is `{prefix}` and {ID_LENGTH} characters from a to z and 2 to 7"
)]
pub struct InvalidId {
    of: &'static str,
    prefix: &'static str,
}

pub(crate) fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        // Length first, so that ("ab","c") and ("a","bc") differ.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let encoding: Encoding = BASE32_NOPAD;
    let mut text = encoding.encode(&hasher.finalize()).to_ascii_lowercase();
    text.truncate(ID_LENGTH);
    text
}

fn well_formed(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == ID_LENGTH && rest.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
    })
}

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $of:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String", extend("pattern" = concat!("^", $prefix, "[a-z2-7]{26}$")))]
        pub struct $name(String);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            fn from_digest(parts: &[&[u8]]) -> Self {
                Self(format!("{}{}", Self::PREFIX, digest(parts)))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                if well_formed(&text, Self::PREFIX) {
                    Ok(Self(text))
                } else {
                    Err(InvalidId { of: $of, prefix: Self::PREFIX })
                }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

prefixed_id!(
    /// Names one workflow for ever.
    WorkflowId,
    "wf_",
    "a workflow"
);
prefixed_id!(
    /// Names one event. The same event published twice carries the same id.
    EventId,
    "ev_",
    "an event"
);
prefixed_id!(
    /// Names one piece of agent work: a (workflow, step, branch, attempt). It is the runtime session id,
    /// which AgentCore wants to be 33 to 256 characters long; see [`SessionId::runtime_session`].
    SessionId,
    "ss_",
    "a session"
);

impl WorkflowId {
    /// The id of the workflow that `principal` asked for under `idempotency_key`.
    pub fn derive(principal: &str, idempotency_key: &str) -> Self {
        Self::from_digest(&[
            b"workflow",
            principal.as_bytes(),
            idempotency_key.as_bytes(),
        ])
    }
}

impl EventId {
    /// The id of event number `index` of the transition to `version`.
    pub fn derive(workflow: &WorkflowId, version: u64, index: usize) -> Self {
        Self::from_digest(&[
            b"event",
            workflow.as_str().as_bytes(),
            &version.to_be_bytes(),
            &(index as u64).to_be_bytes(),
        ])
    }
}

impl SessionId {
    pub fn derive(workflow: &WorkflowId, of: &Attempt) -> Self {
        Self::from_digest(&[
            b"session",
            workflow.as_str().as_bytes(),
            of.whose().as_bytes(),
            &of.attempt.to_be_bytes(),
        ])
    }

    /// The session header's value: readable in AgentCore's console, unique, 33 to 256 characters.
    pub fn runtime_session(&self) -> String {
        format!("aegis-session-{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_stable_and_distinct() {
        let id = WorkflowId::derive("alice", "k1");
        assert_eq!(id, WorkflowId::derive("alice", "k1"));
        assert_ne!(id, WorkflowId::derive("alicek", "1"));
        assert_eq!(id.as_str().len(), 29);
        assert_eq!(id.as_str().parse::<WorkflowId>(), Ok(id.clone()));
        assert_ne!(EventId::derive(&id, 1, 0), EventId::derive(&id, 1, 1));
    }

    #[test]
    fn foreign_text_is_refused() {
        for text in [
            "",
            "wf_",
            "wf_short",
            "ev_aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "wf_AAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(text.parse::<WorkflowId>().is_err(), "{text}");
        }
    }

    #[test]
    fn runtime_session_fits_the_agent_runtime() {
        let id = WorkflowId::derive("a", "b");
        let of = |branch, attempt| Attempt {
            step: "research".parse().unwrap(),
            branch,
            attempt,
        };
        let session = |of| SessionId::derive(&id, &of).runtime_session();
        let one = session(of(None, 1));
        assert!((33..=256).contains(&one.len()), "{}", one.len());
        let others = [of(None, 2), of(Some(1), 1), of(Some(2), 1)].map(session);
        assert!(!others.contains(&one) && others[1] != others[2]);
    }
}
