//! Brings `--sources` into the form that the API takes: local documents are uploaded first.

use std::collections::HashMap;
use std::path::Path;

use aegis_aws::client::objects::S3Objects;
use aegis_contracts::request::BUILTIN_SOURCE;
use aegis_contracts::text::visible_line;
use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};

use super::source_files::{MAX_FILES, SourceFile, SourceSet, collect};
use super::text::{bytes, counted};
use crate::failure::Coded;
use aegis_client::path::shown;
use aegis_client::stage::Stage;

/// Uploads at the same time.
const PARALLEL: usize = 16;

/// # Errors
/// Where a source is of no known kind, or a local path cannot be read or uploaded.
pub async fn resolve(stage: &Stage, sources: &[String]) -> Result<Vec<String>> {
    let kinds: Vec<Kind<'_>> = sources
        .iter()
        .map(|source| Kind::of(source))
        .collect::<Result<_>>()?;
    let mut resolved = Vec::with_capacity(sources.len());
    for (source, kind) in sources.iter().zip(kinds) {
        match kind {
            Kind::Remote => resolved.push(source.clone()),
            Kind::Local(path) => {
                let path = path.to_owned();
                let set = tokio::task::spawn_blocking(move || collect(&path)).await??;
                resolved.push(upload(stage, source, &set).await?);
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

/// Uploads what is not there yet and returns the URI of the set.
async fn upload(stage: &Stage, source: &str, set: &SourceSet) -> Result<String> {
    let bucket = stage.output("artifact_bucket_name")?;
    let config = stage.connection().load().await;
    let objects = S3Objects::new(&config, bucket);
    let present = objects
        .list(bucket, &set.prefix, MAX_FILES)
        .await
        .with_context(|| format!("cannot see what is in the bucket {bucket}"))?;
    let present: HashMap<String, u64> = present
        .into_iter()
        .map(|entry| (entry.key, entry.size))
        .collect();
    let is_there = |file: &SourceFile| {
        let key = format!("{}{}", set.prefix, file.name);
        present.get(&key) == Some(&file.size)
    };
    let missing: Vec<&SourceFile> = set.files.iter().filter(|file| !is_there(file)).collect();
    let bar = announce(source, set, missing.len());
    futures::stream::iter(missing)
        .map(|file| put(&objects, &set.prefix, file))
        .buffer_unordered(PARALLEL)
        .try_for_each(|()| {
            bar.inc(1);
            futures::future::ready(Ok(()))
        })
        .await?;
    bar.finish_and_clear();
    Ok(format!("s3://{bucket}/{}", set.prefix))
}

async fn put(objects: &S3Objects, prefix: &str, file: &SourceFile) -> Result<()> {
    let say = || format!("cannot upload {}", shown(&file.path));
    let content = tokio::fs::read(&file.path).await.with_context(say)?;
    let key = format!("{prefix}{}", file.name);
    objects
        .put_if_absent(&key, content, file.media_type)
        .await
        .with_context(say)?;
    Ok(())
}

/// One line that stays, and a bar on a terminal while it lasts.
fn announce(source: &str, set: &SourceSet, missing: usize) -> ProgressBar {
    let documents = set.files.len();
    let done = match missing {
        0 => ", all there already".to_owned(),
        _ if missing < documents => format!(", {missing} to upload"),
        _ => String::new(),
    };
    let size = bytes(set.total_bytes);
    let documents = counted(documents, "document");
    errln!(
        "sources {}: {documents}, {size}{done}",
        visible_line(source)
    );
    for line in set.left_out.lines() {
        errln!("  {line}");
    }
    let bar = ProgressBar::new(missing as u64);
    if let Ok(style) = ProgressStyle::with_template("  {bar:30} {pos}/{len} uploaded") {
        bar.set_style(style);
    }
    bar
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
