//! One `up` or `down` at a time per stack. The lock goes with the process, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use aegis_terminal::progress::say;

/// Held until it is dropped.
pub struct StackLock {
    _file: File,
}

/// Waits for whoever holds the lock and says so once.
pub async fn acquire(path: &Path) -> Result<StackLock> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {
                if !told {
                    let holder = std::fs::read_to_string(path).unwrap_or_default();
                    say(&format!(
                        "waiting for another aegis at work here {}",
                        holder.trim()
                    ));
                    told = true;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
    file.set_len(0)?;
    writeln!(file, "(process {})", std::process::id())?;
    Ok(StackLock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_holder_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = acquire(&path).await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_millis(300), acquire(&path)).await;
        assert!(waiting.is_err());
        drop(first);
        acquire(&path).await.unwrap();
    }
}
