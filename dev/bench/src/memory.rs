//! What a process holds of memory, as the kernel tells it.
//! <https://www.kernel.org/doc/html/latest/filesystems/proc.html>

/// A field of `/proc/<pid>/status`, in bytes.
pub(crate) fn bytes(status: &str, field: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(":"));
    let kilobytes: u64 = line?.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}
