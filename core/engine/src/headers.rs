//! How many headers a request may have, how large they may be together, and what may be in them.
//!
//! API Gateway refuses more than 10,240 bytes itself
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>). This is a little above it,
//! for what the gateway adds, and holds whatever stands before the services.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::text::visible_line;

pub const MAX_HEADERS: usize = 64;
/// Names and values of all headers, in bytes.
pub const MAX_HEADER_BYTES: usize = 12 * 1024;

/// As API Gateway hands headers on: names in lower case, values of one name joined, so that none hides another.
pub fn joined<'a>(
    headers: impl Iterator<Item = (&'a str, Cow<'a, str>)>,
) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        match joined.entry(name.to_ascii_lowercase()) {
            Entry::Vacant(free) => {
                free.insert(value.into_owned());
            }
            Entry::Occupied(mut known) => {
                known.get_mut().push(',');
                known.get_mut().push_str(&value);
            }
        }
    }
    joined
}

/// `sizes`: of each header, name and value together.
///
/// # Errors
/// 431, with what is too much.
pub fn check(sizes: impl Iterator<Item = usize>) -> Result<(), Box<Problem>> {
    let (count, bytes) = sizes.fold((0_usize, 0_usize), |(count, bytes), size| {
        (count + 1, bytes.saturating_add(size))
    });
    let detail = if count > MAX_HEADERS {
        format!("the request has {count} headers, {MAX_HEADERS} are allowed")
    } else if bytes > MAX_HEADER_BYTES {
        format!("the headers have {bytes} bytes, {MAX_HEADER_BYTES} are allowed")
    } else {
        return Ok(());
    };
    Err(Box::new(Problem::new(Code::HeadersTooLarge, detail)))
}

/// Headers that are read here: a character that is none of theirs must not change what a request means. The
/// Idempotency-Key and the proof of who calls have rules of their own.
const READ: [&str; 2] = ["content-type", "traceparent"];

/// # Errors
/// 400, with the name of the header.
pub fn check_values(headers: &BTreeMap<String, String>) -> Result<(), Box<Problem>> {
    for (name, value) in headers {
        let control = value.chars().any(|c| c.is_control() && c != '\t');
        let foreign = READ.contains(&name.as_str()) && !value.is_ascii();
        if control || foreign {
            let what = if control {
                "control characters"
            } else {
                "characters beyond ASCII"
            };
            let detail = format!("the header `{}` has {what}", visible_line(name));
            return Err(Box::new(Problem::new(Code::InvalidHeader, detail)));
        }
    }
    Ok(())
}
