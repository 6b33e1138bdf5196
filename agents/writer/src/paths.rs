//! Names files as the person does who gave them: by their path in the folder, not by where they were uploaded to.

/// The folders in storage that the task names.
pub struct Paths {
    folders: Vec<String>,
}

impl Paths {
    /// From the sources of a task: `s3://bucket/prefix` or names such as `corpus:builtin`.
    pub fn new(sources: &[String]) -> Self {
        let folders = sources.iter().filter(|source| source.starts_with("s3://"));
        Self {
            folders: folders.cloned().collect(),
        }
    }

    /// `s3://bucket/sources/1f…/guide/setup.md` of the folder `s3://bucket/sources/1f…/` is `guide/setup.md`. An address that is in
    /// none of the folders, or is one itself, stays as it is.
    pub fn of<'a>(&self, source: &'a str) -> &'a str {
        let inside = |folder: &String| {
            let rest = source.strip_prefix(folder.as_str())?;
            let rest = if folder.ends_with('/') {
                rest
            } else {
                rest.strip_prefix('/')?
            };
            (!rest.is_empty()).then_some(rest)
        };
        // The innermost folder gives the shortest path.
        let paths = self.folders.iter().filter_map(inside);
        paths.min_by_key(|path| path.len()).unwrap_or(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_path_in_the_folder() {
        let sources = [
            "corpus:builtin",
            "s3://b/sources/1f/",
            "s3://b/notes",
            "s3://b/one.md",
        ];
        let paths = Paths::new(&sources.map(str::to_owned));
        for (source, path) in [
            ("s3://b/sources/1f/guide/set up.md", "guide/set up.md"),
            ("s3://b/notes/a.md", "a.md"),
            ("s3://b/notes-of-others/a.md", "s3://b/notes-of-others/a.md"),
            ("s3://b/one.md", "s3://b/one.md"),
            ("corpus:builtin/x.md", "corpus:builtin/x.md"),
        ] {
            assert_eq!(paths.of(source), path);
        }
    }
}
