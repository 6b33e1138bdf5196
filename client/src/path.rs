//! Paths in sentences.

use std::path::Path;

use aegis_contracts::text::visible_line;

/// A path on one line, as a reader can see it: a name may hold line breaks, escape sequences, and bytes that are no
/// characters, shown as `\xff`.
pub fn shown(path: impl AsRef<Path>) -> String {
    let mut shown = String::new();
    for chunk in path.as_ref().as_os_str().as_encoded_bytes().utf8_chunks() {
        shown.push_str(&visible_line(chunk.valid()));
        shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_line() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = std::ffi::OsStr::from_bytes(b"a\nb/\x1b[2J/\xff.md");
        assert_eq!(shown(path), r"a\u{a}b/\u{1b}[2J/\xff.md");
        assert_eq!(shown("plain/ä.md"), "plain/ä.md");
    }
}
