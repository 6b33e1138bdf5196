//! Colours, and where a long line may be broken.
//!
//! A style is written as a mark into the text, not as an escape sequence: [`crate::out`] makes colours of the marks
//! where the stream shows them. A mark begins with a noncharacter and a number that this process drew, so a text
//! that came from elsewhere cannot have one in it, and none can pass its own escape sequences off as ours.

use std::fmt;
use std::sync::LazyLock;

use unicode_width::UnicodeWidthStr as _;

use crate::out;

/// What every mark begins with. Unicode keeps U+FDD0 for the inside of programs.
static OPENING: LazyLock<String> =
    LazyLock::new(|| format!("\u{fdd0}{:016x}", rand::random::<u64>()));

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Parameters of an SGR sequence (`ESC [ … m`).
    Colour(&'static str),
    /// The line goes on below this place when it is broken: the start of a table's last column.
    Hang,
    /// This line is not broken: it is copied from the screen.
    Whole,
}

const MARKS: [(char, Mark); 10] = [
    ('0', Mark::Colour("0")),
    ('b', Mark::Colour("1")),
    ('d', Mark::Colour("2")),
    ('r', Mark::Colour("31")),
    ('g', Mark::Colour("32")),
    ('y', Mark::Colour("33")),
    ('m', Mark::Colour("35")),
    ('c', Mark::Colour("36")),
    ('h', Mark::Hang),
    ('w', Mark::Whole),
];

/// Cuts a text at its first mark: what is before, the mark, what is behind.
pub fn first_mark(text: &str) -> Option<(&str, Mark, &str)> {
    let opening = OPENING.as_str();
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find(opening) {
        let at = from + found;
        let behind = text.get(at + opening.len()..)?;
        let letter = behind.chars().next();
        if let Some((letter, mark)) = MARKS.iter().find(|(one, _)| Some(*one) == letter) {
            return Some((text.get(..at)?, *mark, behind.get(letter.len_utf8()..)?));
        }
        from = at + opening.len();
    }
    None
}

fn marked(letter: char) -> String {
    format!("{}{letter}", *OPENING)
}

/// Put before the last cell of a row.
pub fn hang() -> String {
    marked('h')
}

/// A command or an address, on a line that is not broken.
pub fn whole(text: impl fmt::Display) -> String {
    format!("{}{text}", marked('w'))
}

/// A colour and a weight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    colour: Option<char>,
    weight: Option<char>,
}

impl Style {
    pub const fn new() -> Self {
        Self {
            colour: None,
            weight: None,
        }
    }

    const fn coloured(self, letter: char) -> Self {
        Self {
            colour: Some(letter),
            weight: self.weight,
        }
    }

    const fn weighted(self, letter: char) -> Self {
        Self {
            colour: self.colour,
            weight: Some(letter),
        }
    }

    pub const fn red(self) -> Self {
        self.coloured('r')
    }

    pub const fn green(self) -> Self {
        self.coloured('g')
    }

    pub const fn yellow(self) -> Self {
        self.coloured('y')
    }

    pub const fn magenta(self) -> Self {
        self.coloured('m')
    }

    pub const fn cyan(self) -> Self {
        self.coloured('c')
    }

    pub const fn bold(self) -> Self {
        self.weighted('b')
    }

    pub const fn dim(self) -> Self {
        self.weighted('d')
    }

    pub const fn on<D>(self, what: D) -> Styled<D> {
        Styled { what, style: self }
    }
}

/// Something with a style, to be put into a text.
#[derive(Debug, Clone, Copy)]
pub struct Styled<D> {
    what: D,
    style: Style,
}

impl<D: fmt::Display> fmt::Display for Styled<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = [self.style.colour, self.style.weight];
        for letter in letters.into_iter().flatten() {
            f.write_str(&marked(letter))?;
        }
        write!(f, "{}{}", self.what, marked('0'))
    }
}

pub const fn bold<D>(what: D) -> Styled<D> {
    Style::new().bold().on(what)
}

pub const fn dim<D>(what: D) -> Styled<D> {
    Style::new().dim().on(what)
}

/// Columns that a text takes on a terminal.
pub fn width(text: &str) -> usize {
    out::plain(text).width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_takes_no_room() {
        let text = format!("{} and {}", bold("one"), Style::new().red().dim().on("two"));
        assert_eq!(out::plain(&text), "one and two");
        assert_eq!(width(&text), 11);
        // What will be shown escaped is that much wider.
        assert_eq!(width("\u{1b}"), 6);
        assert_eq!(width("你好"), 4);
    }

    #[test]
    fn nobody_else_can_make_a_mark() {
        let forged = "\u{fdd0}0000000000000000r";
        assert!(first_mark(forged).is_none());
        assert_eq!(out::plain(forged), "\\u{fdd0}0000000000000000r");
        // Not even with the opening, if one could be read off the screen.
        let cut = &marked('r')[..OPENING.len()];
        assert!(first_mark(&format!("{cut}?")).is_none());
    }
}
