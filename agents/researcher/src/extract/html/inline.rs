//! The text of one block as it grows, with what is written above, below or beside the line.

use ego_tree::NodeRef;
use scraper::Node;
use scraper::node::Element;

use super::super::text::clean;

/// Characters of what may be an exponent. Longer is text in small letters.
const LONGEST_EXPONENT: usize = 12;

#[derive(Default)]
pub struct Inline {
    /// Breaks of lines are `\n`, and so they are in preformatted text; other white space is as it was written.
    text: String,
    /// Letters of `text` in links that began in this block.
    linked: usize,
    links: usize,
    /// Links that were open already when the block began: a card, not a link in a text.
    around: usize,
    /// What stands above the characters of each open ruby.
    readings: Vec<String>,
    /// A footnote's mark that stood alone, as it does before the footnote's paragraph.
    mark: Option<String>,
}

pub struct Taken {
    pub text: String,
    pub only_link: bool,
}

/// What an open inline element does when it is closed. Numbers are where it began in the text.
pub enum Open {
    Link,
    Note { start: usize },
    Raised { start: usize, note: bool },
    Ruby,
    Reading { start: usize },
    Apart,
}

impl Inline {
    pub fn text(&mut self, text: &str, preformatted: bool) {
        let before = self.text.len();
        if preformatted {
            self.text.push_str(text);
        } else {
            let spaced = |c: char| if c.is_whitespace() { ' ' } else { c };
            self.text.extend(text.chars().map(spaced));
        }
        if self.links > self.around {
            self.linked += letters(&self.text[before..]);
        }
    }

    pub fn space(&mut self) {
        self.text.push(' ');
    }

    /// Ends one of several items in a cell.
    pub fn separate(&mut self) {
        self.text.truncate(self.text.trim_end().len());
        self.text.push_str("; ");
    }

    pub fn open(&mut self, node: NodeRef<'_, Node>, element: &Element) -> Option<Open> {
        let start = self.text.len();
        // MathML writes the exponent and the denominator as the second of two.
        let above = node.parent().and_then(|above| above.value().as_element());
        let second = || {
            node.prev_siblings()
                .any(|before| before.value().is_element())
        };
        match above.map(Element::name) {
            Some("msup") if second() => self.text.push('^'),
            Some("mfrac") if second() => self.text.push('/'),
            _ => {}
        }
        match element.name() {
            "a" if is_note(element) => Some(Open::Note { start }),
            "a" if element.attr("href").is_some() => {
                self.links += 1;
                Some(Open::Link)
            }
            "sup" => Some(Open::Raised {
                start,
                note: is_note(element) || links_within_the_page(node),
            }),
            "ruby" => {
                self.readings.push(String::new());
                Some(Open::Ruby)
            }
            "rt" => Some(Open::Reading { start }),
            "br" => {
                self.text.push('\n');
                None
            }
            "input" => {
                self.input(element);
                None
            }
            "button" | "label" => {
                self.space();
                Some(Open::Apart)
            }
            // Of a drawing.
            "text" => {
                self.space();
                Some(Open::Apart)
            }
            _ => None,
        }
    }

    /// What a form says when it is filled in.
    fn input(&mut self, element: &Element) {
        let value = element.attr("value").unwrap_or_default();
        match element.attr("type").unwrap_or("text") {
            "checkbox" | "radio" => {
                let checked = element.attr("checked").is_some();
                self.text.push_str(if checked { " [x] " } else { " [ ] " });
            }
            "hidden" | "password" | "submit" | "reset" | "button" | "image" | "color" | "range"
            | "file" => {}
            _ => {
                self.space();
                self.text.push_str(value);
                self.space();
            }
        }
    }

    pub fn close(&mut self, open: Open) {
        match open {
            Open::Link => {
                self.links = self.links.saturating_sub(1);
                self.around = self.around.min(self.links);
            }
            Open::Note { start } => {
                let note = self.cut(start);
                self.note(&note);
            }
            Open::Raised { start, note } => {
                let raised = self.cut(start);
                self.raise(&raised, note);
            }
            Open::Reading { start } => {
                let reading = self.cut(start);
                match self.readings.last_mut() {
                    Some(readings) => readings.push_str(reading.trim()),
                    None => self.text.push_str(&reading),
                }
            }
            // After the whole word, which can then be found.
            Open::Ruby => {
                if let Some(readings) = self.readings.pop().filter(|r| !r.is_empty()) {
                    self.text.push_str(&format!("({readings})"));
                }
            }
            Open::Apart => self.space(),
        }
    }

    fn cut(&mut self, start: usize) -> String {
        let cut = self.text.get(start..).unwrap_or_default().to_owned();
        self.text.truncate(start);
        cut
    }

    /// As Markdown writes it, so that it is neither a digit of the number before it nor a reference of a report.
    fn note(&mut self, note: &str) {
        let written = clean(note);
        let note = written.trim_matches(['[', ']', '(', ')', '^']);
        let telling = note.chars().any(char::is_alphanumeric) || note.chars().all(is_mark);
        if note.is_empty() || !telling || note.chars().count() > LONGEST_EXPONENT {
            self.text.push_str(&format!(" {written} "));
        } else {
            self.text.push_str(&format!("[^{note}]"));
        }
    }

    fn raise(&mut self, raised: &str, note: bool) {
        let raised = clean(raised);
        if raised.is_empty() {
            return;
        }
        let bracketed = raised.starts_with('[') && raised.ends_with(']');
        if raised.starts_with("[^") {
            self.text.push_str(&raised);
        } else if note || bracketed || raised.chars().all(is_mark) {
            self.note(&raised);
        } else {
            let before = self.text.chars().next_back();
            let ordinal = before.is_some_and(char::is_numeric)
                && raised.chars().all(char::is_alphabetic)
                && (raised.len() > 1 || matches!(raised.as_str(), "e" | "o" | "a"));
            let stands_on =
                before.is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | ']' | '²' | '³'));
            if raised.chars().count() > LONGEST_EXPONENT || raised.contains(' ') {
                self.text.push_str(&format!(" {raised} "));
            } else if ordinal || !stands_on {
                self.text.push_str(&raised);
            } else if is_simple(&raised) {
                self.text.push_str(&format!("^{raised}"));
            } else {
                self.text.push_str(&format!("^({raised})"));
            }
        }
    }

    /// Whether the text is the mark of a footnote and nothing else.
    pub fn is_mark(&self) -> bool {
        is_note_mark(self.text.trim())
    }

    pub fn mark_waits(&self) -> bool {
        self.mark.is_some()
    }

    /// The mark that waits, if no footnote follows it.
    pub fn take_mark(&mut self) -> Option<String> {
        self.mark.take()
    }

    /// All of it, whatever it is.
    pub fn take(&mut self) -> Taken {
        let only_link = self.linked > 0 && self.linked >= letters(&self.text);
        self.linked = 0;
        self.around = self.links;
        Taken {
            text: std::mem::take(&mut self.text),
            only_link,
        }
    }

    /// One block, or nothing if there is no text. The mark of a footnote waits for the footnote.
    pub fn take_block(&mut self) -> Option<Taken> {
        let mut taken = self.take();
        let text = taken.text.trim();
        if text.is_empty() {
            return None;
        }
        let mark = text
            .strip_prefix("[^")
            .and_then(|rest| rest.strip_suffix(']'));
        if mark.is_some_and(|mark| !mark.contains(']')) {
            self.mark = Some(text.to_owned());
            return None;
        }
        if let Some(mark) = self.mark.take() {
            taken.text = format!("{mark} {text}");
            taken.only_link = false;
        }
        Some(taken)
    }
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

fn is_simple(raised: &str) -> bool {
    let digits = raised.trim_start_matches(['-', '−', '+', '–']);
    !digits.is_empty() && digits.chars().all(char::is_alphanumeric)
}

fn is_note_mark(text: &str) -> bool {
    let mark = text
        .strip_prefix("[^")
        .and_then(|rest| rest.strip_suffix(']'));
    mark.is_some_and(|mark| !mark.contains(']'))
}

fn is_mark(c: char) -> bool {
    matches!(c, '*' | '†' | '‡' | '§' | '¶')
}

fn is_note(element: &Element) -> bool {
    let role = element.attr("role").or_else(|| element.attr("epub:type"));
    let raised = element.name() == "sup";
    let named = |class: &str| match class {
        "noteref" => true,
        // Sphinx has this for all links.
        "reference" => raised,
        _ => class.starts_with("footnote") && !class.contains("back"),
    };
    matches!(role, Some("doc-noteref" | "noteref"))
        || element.classes().any(named)
            && element
                .attr("href")
                .is_none_or(|href| href.starts_with('#'))
}

/// `<sup><a href="#n2">2</a></sup>` and `<a href="#n2"><sup>2</sup></a>`.
fn links_within_the_page(sup: NodeRef<'_, Node>) -> bool {
    let mut around = sup.descendants().chain(sup.parent());
    around.any(|node| {
        let element = node.value().as_element();
        element.is_some_and(|e| {
            e.name() == "a" && e.attr("href").is_some_and(|href| href.starts_with('#'))
        })
    })
}
