//! How many headers a request may have, and how large.

use aegis_engine::headers::{MAX_HEADER_BYTES, MAX_HEADERS, check};

fn code(sizes: Vec<usize>) -> Option<(u16, String)> {
    let problem = check(sizes.into_iter()).err()?;
    assert!(problem.detail.contains("are allowed"), "{}", problem.detail);
    Some((problem.status, problem.code))
}

#[test]
fn headers_may_be_as_many_and_as_large_as_is_said_and_no_more() {
    let refused = Some((431, "headers_too_large".to_owned()));
    assert_eq!(code(vec![]), None);
    assert_eq!(code(vec![1; MAX_HEADERS]), None);
    assert_eq!(code(vec![1; MAX_HEADERS + 1]), refused);
    assert_eq!(code(vec![MAX_HEADER_BYTES - 1, 1]), None);
    assert_eq!(code(vec![MAX_HEADER_BYTES, 1]), refused);
    assert_eq!(code(vec![usize::MAX, usize::MAX]), refused);
}
