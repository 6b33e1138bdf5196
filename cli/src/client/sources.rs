//! Brings `--sources` into the form that the API takes: local documents are uploaded first.

use std::collections::HashMap;
use std::path::Path;

use aegis_contracts::request::BUILTIN_SOURCE;
use aegis_platform::client::objects::S3Objects;
use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};

use super::source_files::{MAX_FILES, SourceFile, SourceSet, collect};
use super::text::{bytes, counted, one_line};
use aegis_client::stage::Stage;

/// Uploads at the same time.
const PARALLEL: usize = 16;

/// # Errors
/// Where a local path cannot be read or uploaded.
pub async fn resolve(stage: &Stage, sources: &[String]) -> Result<Vec<String>> {
    let mut resolved = Vec::with_capacity(sources.len());
    for source in sources {
        if source == BUILTIN_SOURCE || source.starts_with("s3://") {
            resolved.push(source.clone());
            continue;
        }
        let path = Path::new(source.strip_prefix("file://").unwrap_or(source)).to_owned();
        let set = tokio::task::spawn_blocking(move || collect(&path)).await??;
        resolved.push(upload(stage, source, &set).await?);
    }
    Ok(resolved)
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
    let say = || format!("cannot upload {}", file.path.display());
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
    let left_out = match set.left_out {
        0 => String::new(),
        others => format!(", {} of other forms left out", counted(others, "file")),
    };
    let done = match missing {
        0 => ", all there already".to_owned(),
        _ if missing < documents => format!(", {missing} to upload"),
        _ => String::new(),
    };
    let size = bytes(set.total_bytes);
    let documents = counted(documents, "document");
    errln!(
        "sources {}: {documents}, {size}{left_out}{done}",
        one_line(source)
    );
    for file in &set.misnamed {
        errln!("  left out: {file}");
    }
    let bar = ProgressBar::new(missing as u64);
    if let Ok(style) = ProgressStyle::with_template("  {bar:30} {pos}/{len} uploaded") {
        bar.set_style(style);
    }
    bar
}
