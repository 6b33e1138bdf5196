//! What a problem becomes on its way to a client.

use aegis_contracts::problem::Problem;
use aegis_engine::api::ApiResponse;

#[test]
fn a_client_that_may_come_again_is_told_when() {
    let retry_after = |status: u16| {
        let answer = ApiResponse::from(Problem::new(status, "a_code", "a reason"));
        let mut headers = answer.headers.into_iter();
        headers.find(|(name, _)| *name == "retry-after")
    };
    for (status, comes_again) in [
        (400, false),
        (409, false),
        (429, true),
        (500, false),
        (503, true),
    ] {
        assert_eq!(retry_after(status).is_some(), comes_again, "{status}");
    }
}
