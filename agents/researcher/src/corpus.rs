//! The articles that ship with the agent, embedded at compile time.

use aegis_contracts::request::BUILTIN_SOURCE;
use include_dir::{Dir, include_dir};

use crate::sources::RawFile;

static ARTICLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../corpus");

/// All articles in the order of their names.
pub fn articles() -> Vec<RawFile> {
    let file = |file: &include_dir::File<'_>| RawFile {
        uri: format!("{BUILTIN_SOURCE}/{}", file.path().display()),
        bytes: file.contents().to_vec(),
    };
    let mut files: Vec<RawFile> = ARTICLES.files().map(file).collect();
    files.sort_by(|a, b| a.uri.cmp(&b.uri));
    files
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_article_can_be_read() {
        let articles = super::articles();
        assert!(!articles.is_empty());
        for article in articles {
            let document = crate::extract::read(&article).unwrap();
            assert!(
                !document.title.is_empty() && document.blocks.len() > 3,
                "{}",
                article.uri
            );
        }
    }
}
