//! What the SDK's errors say, in words: nothing in Rust's debug form, which holds headers and bodies of answers.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;

/// AWS's own sentence where it has sent one, what to set where there were no credentials to send anything with, or else
/// each cause behind the last.
pub(crate) fn of<E: Error + ProvideErrorMetadata + 'static>(error: &E) -> String {
    if let Some(missing) = missing_credentials(error) {
        return missing;
    }
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => causes(error),
    }
}

fn causes(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let said = deeper.to_string();
        // Some say what their causes say.
        if !words.ends_with(&said) {
            words = format!("{words}: {said}");
        }
        cause = deeper.source();
    }
    words
}

/// That there were no credentials to sign with, if that was it, and what to do.
pub(crate) fn missing_credentials(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(missing) = one.downcast_ref::<CredentialsError>() {
            let reason = causes(missing);
            // The chain of providers lists each of them on a line of its own.
            let reason = reason.lines().next().unwrap_or_default();
            let reason = reason.trim_end_matches(". Attempted:");
            return Some(format!(
                "no AWS credentials were found ({reason}): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN where they are temporary"
            ));
        }
        cause = one.source();
    }
    None
}
