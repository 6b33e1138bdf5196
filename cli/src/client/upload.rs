//! Puts documents of this machine into the stage's bucket, where its researcher reads them.

use std::collections::HashMap;
use std::path::Path;

use aegis_aws::client::objects::S3Objects;
use aegis_client::path::shown;
use aegis_client::stage::Stage;
use aegis_contracts::text::visible_line;
use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};

use super::source_files::{MAX_FILES, SourceFile, SourceSet, collect};
use aegis_terminal::text::{bytes, counted};

/// Uploads at the same time.
const PARALLEL: usize = 16;

/// Uploads what is not there yet of a file or folder and returns the URI of the set.
///
/// # Errors
/// Where it cannot be read or uploaded.
pub async fn upload(stage: &Stage, source: &str, path: &Path) -> Result<String> {
    let path = path.to_owned();
    let set = &tokio::task::spawn_blocking(move || collect(&path)).await??;
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
