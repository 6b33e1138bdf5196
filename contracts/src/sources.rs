//! Documents of a caller, for agents to read: the caller says which files a set has, and is told how to put those that are
//! not there.

use std::collections::BTreeMap;

use garde::Validate;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ids::digest;
use crate::text::{self, Lines};
use crate::tolerant;
use crate::transfer::{FileToPut, Transfer};

/// Files of one request: so many fit into its body, however long their names are.
pub const MAX_FILES_AT_ONCE: usize = 25;
/// Bytes of one file; no larger one is read.
pub const MAX_SOURCE_SIZE: u64 = 32 * 1024 * 1024;
/// Bytes of a name. A key has at most 1,024, of which the place of the set takes some.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
pub const MAX_SOURCE_NAME: usize = 900;
/// For JSON Schema: no part is empty, `.` or `..`.
const PATH: &str = r"^(\.{0,2}[^/.][^/]*|\.{3,}[^/]*)(/(\.{0,2}[^/.][^/]*|\.{3,}[^/]*))*$";

/// Body of `POST /sources`: some files of a set, or all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SourceFiles {
    /// The caller's own name for the files, such as a digest of them all: another caller's set of this name is another set.
    #[garde(pattern("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))]
    pub set: String,
    /// By their names, which may be paths, such as `guides/start.md`.
    #[garde(custom(usable), dive)]
    #[schemars(
        transform = smaller,
        extend(
            "minProperties" = 1,
            "maxProperties" = MAX_FILES_AT_ONCE,
            "propertyNames" = {"maxLength": MAX_SOURCE_NAME, "pattern": PATH, "allOf": [{"pattern": text::LINE}]},
        )
    )]
    pub files: BTreeMap<String, FileToPut>,
}

/// Answer to `POST /sources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceUploads {
    /// All files of the set, as `parameters.sources` of a workflow names them.
    pub uri: String,
    /// How to put those of the request that are not there, by name. Empty: all of them are there.
    #[serde(deserialize_with = "tolerant::field")]
    pub uploads: BTreeMap<String, Transfer>,
}

/// `sources/<caller>/<set>/`: nobody adds a file to another's set.
pub fn source_prefix(principal: &str, set: &str) -> String {
    let caller = digest(&[b"sources", principal.as_bytes()]);
    format!("sources/{caller}/{set}/")
}

/// Whether a file may have this name, which becomes a part of its key and is shown in reports.
///
/// # Errors
/// What is wrong with it.
pub fn check_source_name(name: &str) -> Result<(), String> {
    if name.len() > MAX_SOURCE_NAME {
        return Err(format!("must have at most {MAX_SOURCE_NAME} bytes"));
    }
    text::check(name, Lines::One).map_err(|refused| refused.to_string())?;
    match name.split('/').any(|part| ["", ".", ".."].contains(&part)) {
        true => Err("must be a path without empty parts, `.` and `..`".to_owned()),
        false => Ok(()),
    }
}

/// A source is smaller than other files that are put.
fn smaller(files: &mut Schema) {
    let file = files.get_mut("additionalProperties");
    if let Some(file) = file.and_then(Value::as_object_mut) {
        let bound = json!({"size": {"maximum": MAX_SOURCE_SIZE}});
        file.insert("properties".to_owned(), bound);
    }
}

fn usable(files: &BTreeMap<String, FileToPut>, _: &()) -> garde::Result {
    let refused = |name: &str, reason: String| {
        garde::Error::new(format!("`{}` {reason}", text::visible_line(name)))
    };
    if files.is_empty() || files.len() > MAX_FILES_AT_ONCE {
        let reason = format!("must name 1 to {MAX_FILES_AT_ONCE} files");
        return Err(garde::Error::new(reason));
    }
    for (name, file) in files {
        check_source_name(name).map_err(|reason| refused(name, reason))?;
        if file.size > MAX_SOURCE_SIZE {
            let reason = format!(
                "has {} bytes, at most {MAX_SOURCE_SIZE} are allowed",
                file.size
            );
            return Err(refused(name, reason));
        }
    }
    Ok(())
}
