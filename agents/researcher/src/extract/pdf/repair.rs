//! A PDF without a usable table of its objects gets a new one, as viewers do: objects are looked for where they are written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The file with a new table at its end, or nothing where no object is found. Objects that are written in compressed
/// streams are found by the parser, once it knows the streams.
pub fn with_objects_found_anew(bytes: &[u8]) -> Option<Vec<u8>> {
    // Places are counted from the header.
    let start = find(bytes, b"%PDF-", 0)?;
    let bytes = bytes.get(start..)?;
    let objects = objects(bytes);
    let last = *objects.keys().next_back()?;
    let mut table = format!("\nxref\n0 {}\n0000000000 65535 f \n", last + 1);
    for number in 1..=last {
        let _ = match objects.get(&number) {
            Some((place, generation)) => writeln!(table, "{place:010} {generation:05} n "),
            None => writeln!(table, "0000000000 65535 f "),
        };
    }
    let mut repaired = bytes.to_vec();
    let place = repaired.len() + 1;
    repaired.extend_from_slice(table.as_bytes());
    repaired.extend_from_slice(b"trailer\n");
    repaired.extend_from_slice(&trailer(bytes, &objects, last)?);
    repaired.extend_from_slice(format!("\nstartxref\n{place}\n%%EOF\n").as_bytes());
    Some(repaired)
}

/// By number: where each begins, and its generation. Of several the last holds.
fn objects(bytes: &[u8]) -> BTreeMap<u32, (usize, u16)> {
    let mut objects = BTreeMap::new();
    let mut from = 0;
    while let Some(at) = find(bytes, b" obj", from) {
        from = at + 4;
        if let Some((place, number, generation)) = header(bytes, at) {
            objects.insert(number, (place, generation));
        }
    }
    objects
}

/// The numbers before ` obj`.
fn header(bytes: &[u8], end: usize) -> Option<(usize, u32, u16)> {
    let before = |end: usize| {
        let digits = bytes[..end]
            .iter()
            .rev()
            .take(8)
            .take_while(|byte| byte.is_ascii_digit());
        end - digits.count()
    };
    let number = |from: usize, to: usize| std::str::from_utf8(bytes.get(from..to)?).ok();
    let generation = before(end);
    let gap = generation.checked_sub(1)?;
    let place = before(gap);
    let is_number = bytes.get(gap) == Some(&b' ') && place < gap && generation < end;
    let number_ = number(place, gap)?
        .parse()
        .ok()
        .filter(|number| *number < 10_000_000 && is_number)?;
    Some((place, number_, number(generation, end)?.parse().ok()?))
}

/// The file's own, if it has one, or else what a reader needs: which object is the catalogue.
fn trailer(bytes: &[u8], objects: &BTreeMap<u32, (usize, u16)>, last: u32) -> Option<Vec<u8>> {
    let mut own = None;
    let mut from = 0;
    while let Some(at) = find(bytes, b"trailer", from) {
        from = at + 7;
        let end = find(bytes, b"startxref", from).unwrap_or(bytes.len());
        let text = bytes.get(from..end)?;
        let whole = find(text, b"/Root", 0).is_some();
        let closed = text
            .windows(2)
            .rposition(|pair| pair == b">>")
            .filter(|_| whole);
        own = closed.and_then(|closed| text.get(..closed + 2)).or(own);
    }
    if let Some(own) = own {
        return Some(own.to_vec());
    }
    let is_catalogue = |place: usize| {
        let end = find(bytes, b"endobj", place).unwrap_or(bytes.len());
        let text: Vec<u8> = bytes[place..end]
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        find(&text, b"/Type/Catalog", 0).is_some()
    };
    let (number, (_, generation)) = objects
        .iter()
        .rev()
        .find(|(_, (place, _))| is_catalogue(*place))?;
    Some(format!("<< /Size {} /Root {number} {generation} R >>", last + 1).into_bytes())
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(what.len())
        .position(|window| window == what)
        .map(|at| from + at)
}
