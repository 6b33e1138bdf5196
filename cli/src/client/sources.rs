//! Brings `--sources` into the form that the API takes: local documents are uploaded first.

use std::path::Path;

use aegis_client::api::Api;
use aegis_contracts::request::BUILTIN_SOURCE;
use aegis_contracts::text::visible_line;
use anyhow::Result;

use super::upload::upload;
use crate::failure::Coded;

/// # Errors
/// Where a source is of no known kind, or a local path cannot be read or uploaded.
pub async fn resolve(api: &Api, sources: &[String]) -> Result<Vec<String>> {
    let kinds: Vec<Kind<'_>> = sources
        .iter()
        .map(|source| Kind::of(source))
        .collect::<Result<_>>()?;
    let mut resolved = Vec::with_capacity(sources.len());
    for (source, kind) in sources.iter().zip(kinds) {
        match kind {
            Kind::Remote => resolved.push(source.clone()),
            Kind::Local(path) => {
                resolved.push(upload(api, source, path).await?);
            }
        }
    }
    Ok(resolved)
}

#[derive(Debug, PartialEq, Eq)]
enum Kind<'a> {
    /// The researcher reads it where it is.
    Remote,
    Local(&'a Path),
}

impl<'a> Kind<'a> {
    fn of(source: &'a str) -> Result<Self> {
        if source == BUILTIN_SOURCE || source.starts_with("s3://") {
            return Ok(Self::Remote);
        }
        if let Some(path) = source.strip_prefix("file://") {
            return Ok(Self::Local(Path::new(path)));
        }
        let told = visible_line(source);
        let refused = if source.starts_with("corpus:") {
            format!("there is no corpus `{told}`: the only one is `{BUILTIN_SOURCE}`")
        } else if source.contains("://") {
            format!(
                "`{told}` cannot be read: a source is `{BUILTIN_SOURCE}`, `s3://bucket/prefix`, or a file or folder \
                 on this machine. Save a web page to a file first"
            )
        } else {
            return Ok(Self::Local(Path::new(source)));
        };
        Err(Coded::new("usage", refused).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_nobody_can_read_is_not_taken_for_a_path() {
        for (source, told) in [
            ("corpus:nope", "the only one is `corpus:builtin`"),
            ("https://example.org/a.html", "Save a web page"),
        ] {
            let refused = Kind::of(source).unwrap_err().to_string();
            assert!(
                refused.contains(told) && refused.contains(source),
                "{refused}"
            );
        }
        for (source, path) in [
            ("a:b.md", "a:b.md"),
            ("file:///a/b", "/a/b"),
            ("./corpus:x", "./corpus:x"),
        ] {
            assert_eq!(Kind::of(source).unwrap(), Kind::Local(Path::new(path)));
        }
        assert_eq!(Kind::of("s3://b/p").unwrap(), Kind::Remote);
    }
}
