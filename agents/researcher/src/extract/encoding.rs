//! From bytes to text, as browsers do it: a byte order mark, what the page says of itself, or else what the bytes look
//! like.
//!
//! A byte that is wrong costs one character, and never the rest of the file.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes that are looked at to tell text from other things.
const SAMPLE: usize = 64 * 1024;
/// In text, less than one byte in so many is a control character.
const CONTROLS: usize = 50;

#[derive(Debug)]
pub struct Decoded {
    pub text: String,
    /// Characters that could not be decoded. U+FFFD stands for each.
    pub wrong: usize,
}

/// # Errors
/// Where the bytes are no text.
pub fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<Decoded, String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Ok(decoded(encoding, bytes.get(mark..).unwrap_or_default()));
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return Ok(decoded(encoding, bytes));
    }
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let controls = sample.iter().filter(|byte| is_control(**byte)).count();
    if controls * CONTROLS > sample.len() {
        return Err("is not text".to_owned());
    }
    Ok(decoded(choose(bytes, declared), bytes))
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, failed) = encoding.decode_without_bom_handling(bytes);
    let wrong = match failed {
        true => text.matches('\u{fffd}').count(),
        false => 0,
    };
    Decoded {
        text: text.into_owned(),
        wrong,
    }
}

/// Not those that text has: tabs, ends of lines and pages, backspace and escape of terminals.
fn is_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, 0x08..=0x0d | 0x1b)
}

/// Western text in UTF-16 has a zero in every other byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let pairs = bytes.get(..bytes.len().min(SAMPLE))?.as_chunks::<2>().0;
    let zeros = |at: usize| pairs.iter().filter(|pair| pair[at] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    match pairs.len() {
        0..4 => None,
        all if second * 2 > all && first * 20 < all => Some(UTF_16LE),
        all if first * 2 > all && second * 20 < all => Some(UTF_16BE),
        _ => None,
    }
}

fn choose(bytes: &[u8], declared: Option<&'static Encoding>) -> &'static Encoding {
    let (right, wrong) = utf8_characters(bytes);
    match declared {
        // A server's header is lost with the download. No text in a one-byte encoding happens to be UTF-8.
        Some(encoding) if encoding.is_single_byte() && right > 0 && wrong == 0 => UTF_8,
        Some(encoding) if encoding != UTF_8 => encoding,
        // What is two or three bytes of UTF-8 is rarely so by chance.
        _ if right > wrong => UTF_8,
        _ => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
            detector.feed(bytes, true);
            detector.guess(None, Utf8Detection::Allow)
        }
    }
}

/// Characters beyond ASCII that are right in UTF-8, and places that are wrong.
fn utf8_characters(bytes: &[u8]) -> (usize, usize) {
    let (mut right, mut wrong) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        right += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        wrong += usize::from(!chunk.invalid().is_empty());
    }
    (right, wrong)
}

/// By its name in a page. UTF-16 cannot be true where the name itself could be read as ASCII.
pub fn named(label: &str) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(label.trim().as_bytes())?;
    match encoding == UTF_16LE || encoding == UTF_16BE {
        true => Some(UTF_8),
        false => Some(encoding),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], declared: Option<&str>) -> String {
        decode(bytes, declared.and_then(named)).unwrap().text
    }

    #[test]
    fn the_mark_the_page_and_the_bytes_are_asked_in_turn() {
        let japanese = "この契約は三十日前までに書面で解約できます。";
        let (sjis, ..) = encoding_rs::SHIFT_JIS.encode(japanese);
        let little: Vec<u8> = "gr\u{f6}\u{df}er"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let cases: [(&[u8], Option<&str>, &str); 10] = [
            ("größer".as_bytes(), None, "größer"),
            (b"gr\xf6\xdfer", None, "größer"),
            (b"\xff\xfea\0", None, "a"),
            (b"\xef\xbb\xbfa", Some("utf-16"), "a"),
            (&little, None, "größer"),
            (b"45 \x80 \x96 \x93x\x94", Some("iso-8859-1"), "45 € – “x”"),
            (&sjis, Some("shift_jis"), japanese),
            (&sjis, None, japanese),
            ("größer".as_bytes(), Some("latin1"), "größer"),
            ("größer".as_bytes(), Some("no such thing"), "größer"),
        ];
        for (bytes, declared, expected) in cases {
            assert_eq!(text(bytes, declared), expected, "{declared:?}");
        }
    }

    #[test]
    fn a_wrong_byte_costs_one_character() {
        let mut bytes = "Größe, Maß, Fuß. ".repeat(100).into_bytes();
        bytes.insert(100, 0xff);
        // One in English, with a pair of quotes beside it.
        let few = b"The \xe2\x80\x9cteam\xe2\x80\x9d rotates it; it\x92s logged.";
        assert_eq!(
            text(few, None),
            "The “team” rotates it; it\u{fffd}s logged."
        );
        let decoded = decode(&bytes, None).unwrap();
        assert_eq!(decoded.wrong, 1);
        assert_eq!(decoded.text.matches("Größe").count(), 100);
        let mut late = b"The lock opens. ".repeat(1_000);
        late[9_000] = 0;
        assert!(decode(&late, None).is_ok());
        for binary in [&b"\x7fELF\0"[..], b"a\0b", b"PK\x03\x04\x14\0\0\0\x08\0"] {
            assert!(decode(binary, None).is_err(), "{binary:?}");
        }
    }
}
