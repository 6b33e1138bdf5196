//! How a request proves who makes it: signed, with a bearer token, or not at all, as its route asks.

use std::path::Path;

use aegis_signing::RequestSigner;
use anyhow::{Context as _, Result, bail};
use reqwest::Method;

use crate::failure::ApiError;
use crate::path::shown;
use crate::signing::signer;
use crate::stage::{Authorization, Stage};

/// Holds the token itself, for those who have it in their environment.
const VARIABLE: &str = "AEGIS_TOKEN";

/// Groups of routes that the platform authorises alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Start,
    Read,
    Approve,
    Operate,
}

impl Group {
    const ALL: [(&str, Self); 4] = [
        ("start", Self::Start),
        ("read", Self::Read),
        ("approve", Self::Approve),
        ("operate", Self::Operate),
    ];

    /// `path` is that of the API, without its base.
    pub fn of(method: &Method, path: &str) -> Self {
        if *method == Method::GET {
            Self::Read
        } else if path.starts_with("/approve/") {
            Self::Approve
        } else if ["/workflows", "/sources"].contains(&path) {
            Self::Start
        } else {
            Self::Operate
        }
    }
}

/// What this program can prove, for each group of routes.
#[derive(Debug, Clone)]
pub struct Proofs {
    demanded: [(Group, Authorization); 4],
    signer: Option<RequestSigner>,
    token: Option<Token>,
}

#[derive(Clone)]
struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Proofs {
    /// # Errors
    /// Where requests must be signed and no credentials can be looked for, or the token cannot be read.
    pub async fn of(stage: &Stage, token_file: Option<&Path>) -> Result<Self> {
        let demanded = Group::ALL.map(|(name, group)| (group, stage.authorization(name)));
        let any = |wanted| demanded.iter().any(|(_, found)| *found == wanted);
        let signer = match any(Authorization::Iam) {
            true => Some(signer(stage).await?),
            false => None,
        };
        let token = match any(Authorization::Jwt) {
            true => token(token_file)?,
            false => None,
        };
        Ok(Self {
            demanded,
            signer,
            token,
        })
    }

    /// The headers to add to a request. `url`, `headers` and `body` must be sent as they are given here.
    ///
    /// # Errors
    /// Where it cannot be signed, or a token is asked for and there is none.
    pub async fn headers(
        &self,
        group: Group,
        method: &Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Vec<(String, String)>, ApiError> {
        let found = self.demanded.iter().find(|(one, _)| *one == group);
        match found.map(|(_, authorization)| authorization) {
            Some(Authorization::Iam) => match &self.signer {
                Some(signer) => Ok(signer.headers(method.as_str(), url, headers, body).await?),
                None => Ok(Vec::new()),
            },
            Some(Authorization::Jwt) => {
                let Token(token) = self.token.as_ref().ok_or(ApiError::NoToken)?;
                Ok(vec![(
                    "authorization".to_owned(),
                    format!("Bearer {token}"),
                )])
            }
            Some(Authorization::None) | None => Ok(Vec::new()),
        }
    }
}

fn token(file: Option<&Path>) -> Result<Option<Token>> {
    let (text, from) = match file {
        Some(path) => {
            let from = shown(path);
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {from}"))?;
            (text, from)
        }
        None => match std::env::var(VARIABLE) {
            Ok(text) if !text.trim().is_empty() => (text, VARIABLE.to_owned()),
            _ => return Ok(None),
        },
    };
    let token = text.trim();
    // What is no header value must not be quoted in an error further down.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("{from} does not hold a token");
    }
    Ok(Some(Token(token.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_group() {
        for (method, path, group) in [
            (Method::POST, "/workflows", Group::Start),
            (Method::POST, "/sources", Group::Start),
            (Method::GET, "/workflows", Group::Read),
            (Method::GET, "/workflows?status=failed", Group::Read),
            (Method::GET, "/workflows/wf_a/history", Group::Read),
            (Method::POST, "/workflows/wf_a/cancel", Group::Operate),
            (Method::POST, "/workflows/wf_a/redrive", Group::Operate),
            (Method::POST, "/approve/wf_a", Group::Approve),
        ] {
            assert_eq!(Group::of(&method, path), group, "{method} {path}");
        }
    }

    #[test]
    fn a_file_without_a_token_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, good) in [("abc.def.ghi\n", true), ("\n", false), ("two words", false)] {
            std::fs::write(file.path(), text).unwrap();
            assert_eq!(token(Some(file.path())).is_ok(), good, "{text}");
        }
        assert!(token(Some(Path::new("/does/not/exist"))).is_err());
    }
}
