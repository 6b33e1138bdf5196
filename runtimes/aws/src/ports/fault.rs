//! From the SDK's errors to the three kinds that the engine knows.

use aegis_engine::error::PortError;
use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::sdk_words;

/// Codes by which AWS services say "too fast", beside those that the SDK knows. The first two stand in the reasons of a
/// cancelled transaction.
const THROTTLED: [&str; 5] = [
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "ServiceQuotaExceededException",
    "KmsThrottled",
    "TooManyUpdates",
];

/// Codes that no repetition mends: the request itself, or what it names, is wrong.
const PERMANENT: [&str; 8] = [
    "ValidationException",
    "ValidationError",
    "ResourceNotFoundException",
    "ItemCollectionSizeLimitExceeded",
    "ItemCollectionSizeLimitExceededException",
    "InvalidMessageContents",
    "InvalidParameterValue",
    "BatchRequestTooLong",
];

/// Whatever is not known to be hopeless is transient: a wrong role or key is mended by an operator while the message
/// waits in its queue or dead-letter queue.
pub(super) fn kind_of(code: &str) -> fn(String) -> PortError {
    if THROTTLED.contains(&code) || THROTTLING_ERRORS.contains(&code) {
        PortError::Throttled
    } else if PERMANENT.contains(&code) {
        PortError::Permanent
    } else {
        PortError::Transient
    }
}

/// For `map_err` behind an SDK call.
pub(super) fn fault<E, R>(operation: &'static str) -> impl FnOnce(SdkError<E, R>) -> PortError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    move |error| {
        let kind = kind_of(error.code().unwrap_or_default());
        kind(described(operation, &error))
    }
}

/// What an operator reads.
pub(super) fn described<E, R>(operation: &str, error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    format!("{operation}: {}", sdk_words::of(error))
}

/// For requests that could not even be built.
pub(super) fn unbuildable(error: impl std::fmt::Display) -> PortError {
    PortError::Permanent(format!("request cannot be built: {error}"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::get_item::GetItemError;

    use super::*;

    fn of_code(code: &str) -> PortError {
        let metadata = ErrorMetadata::builder().code(code).message("because");
        let error = GetItemError::generic(metadata.build());
        fault("GetItem")(SdkError::service_error(error, ()))
    }

    #[test]
    fn codes_fall_into_three_kinds() {
        for (code, expected) in [
            (
                "ThrottlingException",
                PortError::Throttled as fn(String) -> PortError,
            ),
            (
                "ProvisionedThroughputExceededException",
                PortError::Throttled,
            ),
            ("SlowDown", PortError::Throttled),
            ("ValidationException", PortError::Permanent),
            ("ResourceNotFoundException", PortError::Permanent),
            ("AccessDeniedException", PortError::Transient),
            ("InternalServerError", PortError::Transient),
            ("SomethingNew", PortError::Transient),
        ] {
            let text = format!("GetItem: {code}: because");
            assert_eq!(of_code(code), expected(text));
        }
    }

    #[test]
    fn what_never_arrived_is_transient() {
        let error: SdkError<GetItemError, ()> = SdkError::timeout_error("10 s");
        let error = fault("GetItem")(error);
        assert!(
            matches!(&error, PortError::Transient(what) if what.starts_with("GetItem: ")),
            "{error}"
        );
    }
}
