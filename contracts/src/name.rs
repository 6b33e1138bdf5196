//! Names of flows, steps, approvals and agents.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest name, in characters.
pub const MAX_NAME: usize = 32;
/// For JSON Schema and for people: what a name looks like.
pub const NAME: &str = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$";

/// Lower-case words with `-` between them. It begins with a letter, so that it is never taken for a number: names stand
/// in paths, ids and queue names beside attempts and versions.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = NAME, "maxLength" = MAX_NAME))]
pub struct Name(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a name of at most {MAX_NAME} characters: words of a to z and 0 to 9 with `-` between them, a letter first"
)]
pub struct InvalidName;

impl Name {
    /// Stands in for a name that could not be read, until that is reported.
    pub fn unreadable() -> Self {
        Self("unreadable".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        let word = |word: &str| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            !word.is_empty() && word.bytes().all(plain)
        };
        let fits = text.len() <= MAX_NAME
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.split('-').all(word);
        if fits {
            Ok(Self(text))
        } else {
            Err(InvalidName)
        }
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::try_from(text.to_owned())
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_words() {
        for name in ["a", "deep-report", "step2", "a-1", &"x".repeat(MAX_NAME)] {
            assert!(name.parse::<Name>().is_ok(), "{name}");
        }
        for text in [
            "",
            "1",
            "2024",
            "-a",
            "a-",
            "a--b",
            "A",
            "a_b",
            "a/b",
            "ä",
            "a.b",
            &"x".repeat(MAX_NAME + 1),
        ] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }
}
