//! Scripts that are written without spaces.

/// Chinese characters, in Chinese, Japanese and Korean.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '々')
}

/// Hiragana and katakana.
pub fn is_kana(c: char) -> bool {
    is_hiragana(c) || is_katakana(c)
}

pub fn is_hiragana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{309f}')
}

pub fn is_katakana(c: char) -> bool {
    matches!(c, '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}')
}

/// Whether words are not separated by spaces in the character's script, as far as aegis knows.
pub fn is_dense(c: char) -> bool {
    is_han(c) || is_kana(c)
}
