//! Requests of agents at work: the token of the task says for which attempt they are.

use aegis_contracts::problem::{Code, Problem};

use crate::api::{Answer, ApiRequest, ApiResponse, problem_of};
use crate::keys::KeyRing;
use crate::token::{Claim, TokenError};

/// The attempt whose token the request has. To be asked before anything else of the request is looked at.
///
/// # Errors
/// 401, or an error of the key store.
pub async fn proven(keys: &KeyRing, request: &ApiRequest) -> Result<Claim, Box<Problem>> {
    let token = bearer(request)?;
    let id = request.path.get("id").map_or("", String::as_str);
    let judged = keys.open(token, id).await;
    judged
        .map_err(|error| problem_of(&error))?
        .map_err(|error| Box::new(invalid_token(&error)))
}

pub fn invalid_token(error: &TokenError) -> Problem {
    Problem::new(Code::InvalidToken, error.to_string())
}

/// With what a 401 asks for.
pub fn answered(answer: Answer) -> ApiResponse {
    match answer {
        Ok(response) => response,
        Err(problem) if problem.status == 401 => {
            ApiResponse::from(problem).with_header("www-authenticate", "Bearer".to_owned())
        }
        Err(problem) => problem.into(),
    }
}

fn bearer(request: &ApiRequest) -> Result<&str, Box<Problem>> {
    let header = request.header("authorization").unwrap_or_default();
    match header.split_once(' ') {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() =>
        {
            Ok(token.trim())
        }
        Some(_) | None => {
            let detail = "a callback needs `Authorization: Bearer <the task's token>`";
            Err(Box::new(Problem::new(Code::Unauthenticated, detail)))
        }
    }
}
