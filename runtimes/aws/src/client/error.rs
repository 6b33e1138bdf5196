//! What went wrong in a call to AWS, in words for the person who made it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_eventbridge::error::ProvideErrorMetadata;

use crate::sdk_words;

/// A call that AWS refused or that never reached it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct CallError {
    pub operation: &'static str,
    /// AWS's own code, such as `AccessDeniedException`; missing where no answer came.
    pub code: Option<String>,
    pub message: String,
    lacks_credentials: bool,
}

impl CallError {
    /// For `map_err` behind an SDK call.
    pub fn of<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        move |error| Self {
            lacks_credentials: sdk_words::missing_credentials(&error).is_some(),
            ..Self::saying(operation, error.code(), sdk_words::of(&error))
        }
    }

    /// For what asked for credentials itself.
    pub fn no_credentials(operation: &'static str, error: &CredentialsError) -> Self {
        let message = sdk_words::missing_credentials(error).unwrap_or_default();
        Self {
            lacks_credentials: true,
            ..Self::saying(operation, None, message)
        }
    }

    /// For what AWS reports inside an answer of status 200, or what was seen before calling.
    pub fn saying(operation: &'static str, code: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            operation,
            code: code.map(str::to_owned),
            message: message.into(),
            lacks_credentials: false,
        }
    }

    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// A stable word for it, for programs.
    pub const fn kind(&self) -> &'static str {
        if self.lacks_credentials {
            "no_credentials"
        } else {
            "aws_call_failed"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::connection::Connection;
    use crate::client::objects::S3Objects;
    use aws_config::SdkConfig;
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

    /// Rust's debug form has one of these.
    #[track_caller]
    fn is_plain(error: &CallError) {
        let text = error.to_string();
        for sign in ["{", "}", "Some(", "\"", "Error("] {
            assert!(!text.contains(sign), "{sign} is in {text}");
        }
        assert!(!text.contains('\n'), "{text}");
    }

    async fn at(endpoint: String) -> SdkConfig {
        let loaded = Connection {
            region: Some("eu-north-1".to_owned()),
            endpoint_url: Some(endpoint),
            keys: None,
        };
        loaded.load().await
    }

    fn with(config: &SdkConfig, provider: impl ProvideCredentials + 'static) -> SdkConfig {
        let once = aws_config::retry::RetryConfig::disabled();
        let builder = config.to_builder().retry_config(once);
        builder
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .build()
    }

    fn keys() -> Credentials {
        Credentials::new("id", "secret", None, None, "test")
    }

    #[derive(Debug)]
    struct Nobody;

    impl ProvideCredentials for Nobody {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nothing set")))
        }
    }

    #[tokio::test]
    async fn who_has_no_credentials_learns_which_variables_to_set() {
        let config = with(&at("http://127.0.0.1:1".to_owned()).await, Nobody);
        let error = S3Objects::new(&config, "b").get("k").await.unwrap_err();
        is_plain(&error);
        assert_eq!(error.kind(), "no_credentials");
        assert!(error.message.contains("AWS_ACCESS_KEY_ID"), "{error}");
    }

    #[tokio::test]
    async fn nothing_is_told_in_debug_form() {
        // Nobody listens.
        let config = with(&at("http://127.0.0.1:1".to_owned()).await, keys());
        let error = S3Objects::new(&config, "b").get("k").await.unwrap_err();
        is_plain(&error);
        // An answer that is none.
        for body in ["<ListBucketResult><Contents>\u{1}", "nonsense", ""] {
            for status in ["200 OK", "403 Forbidden", "404 Not Found"] {
                let endpoint = answering(status, body).await;
                let config = with(&at(endpoint).await, keys());
                if let Err(error) = S3Objects::new(&config, "b").list("b", "p", 9).await {
                    is_plain(&error);
                }
            }
        }
    }

    /// A server that says the same to whoever comes.
    async fn answering(status: &str, body: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut asked = vec![0; 4096];
                let _ = tokio::time::timeout(Duration::from_secs(5), socket.read(&mut asked)).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        endpoint
    }
}
