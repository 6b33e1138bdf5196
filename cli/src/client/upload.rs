//! Puts documents of this machine where the stage's agents read them.

use std::path::Path;

use aegis_client::api::Api;
use aegis_client::path::shown;
use aegis_contracts::sources::{MAX_FILES_AT_ONCE, SourceFiles, SourceUploads};
use aegis_contracts::text::visible_line;
use aegis_contracts::transfer::Transfer;
use aegis_terminal::text::{bytes, counted};
use anyhow::{Context as _, Result, bail};
use data_encoding::HEXLOWER;
use futures::{StreamExt as _, TryStreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest as _, Sha256};

use super::source_files::{SourceFile, SourceSet, collect};

/// Requests of the API at the same time, and uploads of one such request.
const REQUESTS: usize = 2;
const UPLOADS: usize = 8;

/// Uploads what is not there yet of a file or folder and returns the URI of the set.
///
/// # Errors
/// Where it cannot be read or uploaded.
pub async fn upload(api: &Api, source: &str, path: &Path) -> Result<String> {
    let path = path.to_owned();
    let set = &tokio::task::spawn_blocking(move || collect(&path)).await??;
    let bar = &announce(source, set);
    // What was told is used at once: addresses expire.
    let (uri, uploaded) = futures::stream::iter(set.files.chunks(MAX_FILES_AT_ONCE))
        .map(|files| put_missing(api, set, files, bar))
        .buffer_unordered(REQUESTS)
        .try_fold((String::new(), 0), async |(_, before), (uri, uploaded)| {
            Ok((uri, before + uploaded))
        })
        .await?;
    bar.finish_and_clear();
    match set.files.len() - uploaded {
        0 => {}
        _ if uploaded == 0 => errln!("  all there already"),
        there => errln!("  {uploaded} uploaded, {there} there already"),
    }
    Ok(uri)
}

/// Returns the URI of the set, and how many of these files were not there.
async fn put_missing(
    api: &Api,
    set: &SourceSet,
    files: &[SourceFile],
    bar: &ProgressBar,
) -> Result<(String, usize)> {
    let named = files
        .iter()
        .map(|file| (file.name.clone(), file.content.clone()));
    let wanted = SourceFiles {
        set: set.name.clone(),
        files: named.collect(),
    };
    let told = api.post("/sources", serde_json::to_string(&wanted)?).await;
    let SourceUploads { uri, mut uploads } = told.context("cannot upload the sources")?.value;
    let missing: Vec<(&SourceFile, Transfer)> = files
        .iter()
        .filter_map(|file| Some((file, uploads.remove(&file.name)?)))
        .collect();
    let uploaded = missing.len();
    bar.inc((files.len() - uploaded) as u64);
    futures::stream::iter(missing)
        .map(|(file, transfer)| put(api, file, transfer))
        .buffer_unordered(UPLOADS)
        .try_for_each(async |()| {
            bar.inc(1);
            Ok(())
        })
        .await?;
    Ok((uri, uploaded))
}

async fn put(api: &Api, file: &SourceFile, transfer: Transfer) -> Result<()> {
    let say = || format!("cannot upload {}", shown(&file.path));
    let content = tokio::fs::read(&file.path).await.with_context(say)?;
    let digest = HEXLOWER.encode(&Sha256::digest(&content));
    if (content.len() as u64, &digest) != (file.content.size, &file.content.sha256) {
        bail!(
            "{} changed meanwhile: type the same again",
            shown(&file.path)
        );
    }
    api.put(&transfer, content).await.with_context(say)
}

/// Lines that stay, and a bar on a terminal while it lasts.
fn announce(source: &str, set: &SourceSet) -> ProgressBar {
    let documents = counted(set.files.len(), "document");
    let (source, size) = (visible_line(source), bytes(set.total_bytes));
    errln!("sources {source}: {documents}, {size}");
    for line in set.left_out.lines() {
        errln!("  {line}");
    }
    let bar = ProgressBar::new(set.files.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("  {bar:30} {pos}/{len}") {
        bar.set_style(style);
    }
    bar
}
