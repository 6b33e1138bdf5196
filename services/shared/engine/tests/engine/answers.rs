//! What a problem becomes on its way to a client.

use aegis_contracts::problem::{Code, Problem};
use aegis_engine::api::ApiResponse;

#[test]
fn a_client_that_may_come_again_is_told_when() {
    let retry_after = |code: Code| {
        let answer = ApiResponse::from(Problem::new(code, "a reason"));
        let mut headers = answer.headers.into_iter();
        headers.find(|(name, _)| *name == "retry-after")
    };
    for (code, comes_again) in [
        (Code::InvalidRequest, false),
        (Code::Stale, false),
        (Code::Throttled, true),
        (Code::Internal, false),
        (Code::Unavailable, true),
    ] {
        assert_eq!(retry_after(code).is_some(), comes_again, "{code}");
    }
}
