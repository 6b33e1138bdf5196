//! The golden files of what is stored.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

fn path(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/v1");
    folder.join(format!("{name}.json"))
}

/// What released code has written; `now` is what this code writes in its place.
pub fn read(name: &str, now: &Value) -> Value {
    let path = path(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() && !path.exists() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = serde_json::to_string_pretty(now).unwrap();
        fs::write(&path, format!("{text}\n")).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; UPDATE_GENERATED=1 writes missing files",
            path.display()
        )
    });
    serde_json::from_str(&text).unwrap()
}
