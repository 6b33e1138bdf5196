//! Text as it is kept: white space collapsed, without characters that nobody sees.

use aegis_agent_kit::text::collapse;

/// Letters that printers draw as one.
const LIGATURES: [(char, &str); 7] = [
    ('\u{fb00}', "ff"),
    ('\u{fb01}', "fi"),
    ('\u{fb02}', "fl"),
    ('\u{fb03}', "ffi"),
    ('\u{fb04}', "ffl"),
    ('\u{fb05}', "st"),
    ('\u{fb06}', "st"),
];

/// White space is collapsed, and ligatures are their letters.
pub fn clean(text: &str) -> String {
    if !text.contains(|c| is_unseen(c) || ('\u{fb00}'..='\u{fb06}').contains(&c)) {
        return collapse(text);
    }
    let mut kept = text.replace(is_unseen, "");
    for (ligature, letters) in LIGATURES {
        kept = kept.replace(ligature, letters);
    }
    collapse(&kept)
}

/// Lines and spaces are kept.
pub fn code(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_end) {
        if kept.is_empty() && line.is_empty() {
            continue;
        }
        kept.extend(line.chars().filter(|c| *c == '\t' || !is_unseen(*c)));
        kept.push('\n');
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// Controls, soft hyphens, and the places where a word may be broken.
fn is_unseen(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Whether preformatted text is prose, as in minutes and old mails: sentences, and few of the signs that programs have.
pub fn is_prose(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let signs = text
        .chars()
        .filter(|c| "{}[]<>|\\$=;_/#*&@~^`".contains(*c))
        .count();
    let ends = text
        .split_whitespace()
        .filter(|word| word.ends_with(['.', '!', '?', '。']))
        .count();
    letters > 0 && ends > 0 && signs * 25 < letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_gone() {
        assert_eq!(
            clean("Daten\u{ad}schutz \u{1b}[8m\n 1\u{202f}234\u{a0}€"),
            "Datenschutz [8m 1 234 €"
        );
        assert_eq!(code("\n  a\u{0} = 1  \n\n\tb\n\n"), "  a = 1\n\n\tb");
    }

    #[test]
    fn minutes_are_prose_and_commands_are_not() {
        assert!(is_prose(
            "The budget was raised.\nNobody was against it, and it is valid now."
        ));
        assert!(!is_prose("relayctl restart --relay swift --drain 90s"));
        assert!(!is_prose("let x = f(a[1]); // Adds. \nreturn x;"));
    }
}
