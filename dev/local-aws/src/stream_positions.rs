//! Where the emulator's readers of table streams stand, mended before each of its starts.
//!
//! It keeps how far a reader has got, but not the stream: after a start the stream begins at nothing,
//! and the reader would pass over as many records as it has ever read. So the reader begins at nothing
//! too. Records that nobody had read when it ended are lost to it; their items are not.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

const FILE: &str = "lambda.json";
const POSITIONS: &str = "/payload/dynamodb_stream_positions/data";

/// `state` is the emulator's folder. Nothing there is nothing to do.
pub fn begin_anew(state: &Path) -> Result<()> {
    let path = state.join(FILE);
    if !path.exists() {
        return Ok(());
    }
    let say = || format!("cannot mend {}", path.display());
    let text = std::fs::read(&path).with_context(say)?;
    let mut kept: Value = serde_json::from_slice(&text).with_context(say)?;
    let positions = kept.pointer_mut(POSITIONS).and_then(Value::as_object_mut);
    let positions = positions.with_context(|| format!("{} has no {POSITIONS}", path.display()))?;
    for position in positions.values_mut() {
        *position = json!(0);
    }
    std::fs::write(&path, serde_json::to_vec(&kept)?).with_context(say)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_begin_where_the_stream_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        begin_anew(folder.path()).unwrap();
        assert!(!path.exists());
        let before = json!({"payload": {"esms": {"a": 1}, "dynamodb_stream_positions": {"data": {"m1": 239, "m2": 4}}}});
        std::fs::write(&path, before.to_string()).unwrap();
        begin_anew(folder.path()).unwrap();
        let after: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let expected = json!({"payload": {"esms": {"a": 1}, "dynamodb_stream_positions": {"data": {"m1": 0, "m2": 0}}}});
        assert_eq!(after, expected);
        std::fs::write(&path, "{}").unwrap();
        assert!(
            begin_anew(folder.path()).is_err(),
            "another shape is no silent matter"
        );
    }
}
