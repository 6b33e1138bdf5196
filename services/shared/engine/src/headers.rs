//! How many headers a request may have, and how large they may be together.
//!
//! API Gateway refuses more than 10,240 bytes itself
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>). This is a little above it,
//! for what the gateway adds, and holds whatever stands before the services.

use aegis_contracts::problem::Problem;

pub const MAX_HEADERS: usize = 64;
/// Names and values of all headers, in bytes.
pub const MAX_HEADER_BYTES: usize = 12 * 1024;

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
    Err(Box::new(Problem::new(431, "headers_too_large", detail)))
}
