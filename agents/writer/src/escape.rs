//! Keeps text of sources text: nothing in it may become a heading, a link, HTML or anything else of Markdown.
//!
//! Characters that a reader cannot see are written as `\u{1b}`, as on pages and terminals: a statement that is shown
//! word for word must not lose what is hidden in it.

use aegis_contracts::text::visible_line;

/// On one line, which stays one line: what only breaks or indents lines is a space.
fn line(text: &str) -> String {
    let layout = |c: char| c.is_control() && c.is_whitespace();
    visible_line(&text.replace(layout, " ")).into_owned()
}

/// For use inside a line, behind text of ours.
pub fn inline(text: &str) -> String {
    let chars: Vec<char> = line(text).chars().collect();
    let mut escaped = String::with_capacity(text.len() + 8);
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let inside_word = [before, after]
            .iter()
            .all(|c| c.is_some_and(|c| c.is_alphanumeric()));
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '~' => true,
            '_' => !inside_word,
            '&' => after.is_some_and(|c| c.is_alphanumeric() || *c == '#'),
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(*c);
    }
    escaped
}

/// For the beginning of a paragraph, list item or quotation.
pub fn start(text: &str) -> String {
    let escaped = inline(text);
    let digits = escaped.chars().take_while(char::is_ascii_digit).count();
    if digits > 0 && escaped[digits..].starts_with(['.', ')']) {
        return format!("{}\\{}", &escaped[..digits], &escaped[digits..]);
    }
    if escaped.starts_with(['#', '-', '+', '=', '|', ':']) {
        return format!("\\{escaped}");
    }
    escaped
}

/// A source's address as code, in which nothing is special but the mark itself.
pub fn code(text: &str) -> String {
    format!("`{}`", line(text).replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_of_sources_is_text() {
        assert_eq!(
            inline("<script>*x*</script>"),
            "\\<script\\>\\*x\\*\\</script\\>"
        );
        assert_eq!(inline("[a](b) ![c](d)"), "\\[a\\](b) !\\[c\\](d)");
        assert_eq!(
            inline("pg_wal and _this_ &amp; R&D &"),
            "pg_wal and \\_this\\_ \\&amp; R\\&D &"
        );
        assert_eq!(inline("a\r\n\tb\u{c}c"), "a   b c");
    }

    #[test]
    fn what_cannot_be_seen_is_shown_in_one_way() {
        for (hidden, shown) in [
            ("\u{1b}", "\\u{1b}"),
            ("\u{7}", "\\u{7}"),
            ("\u{9b}", "\\u{9b}"),
            ("\u{202e}", "\\u{202e}"),
            ("\u{200b}", "\\u{200b}"),
        ] {
            let text = format!("pay{hidden}[8mless");
            assert_eq!(inline(&text), format!("pay\\{shown}\\[8mless"));
            assert_eq!(code(&text), format!("`pay{shown}[8mless`"));
        }
        // Joiners that a script needs are no secret.
        assert_eq!(inline("می\u{200c}خواهم"), "می\u{200c}خواهم");
    }

    #[test]
    fn nothing_begins_a_block() {
        assert_eq!(start("# not a heading"), "\\# not a heading");
        assert_eq!(start("1. not a list"), "1\\. not a list");
        assert_eq!(start("2024 was a year."), "2024 was a year.");
        assert_eq!(start("- no"), "\\- no");
        assert_eq!(code("s3://a/`b`"), "`s3://a/'b'`");
    }
}
