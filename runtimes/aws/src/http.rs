//! One HTTP client for all SDK clients of a function: one TLS configuration, one pool of connections.
//!
//! Left to itself every SDK client makes its own, and sets TLS up when it is made and once more when it first sends. With
//! the clients of a service, and those that look for credentials, that was half of a cold start.

use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Passes everything on but the question that SDK clients ask when they are made, which would make a connector to throw
/// away.
#[derive(Debug, Clone)]
struct Shared(SharedHttpClient);

impl HttpClient for Shared {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

/// Makes its connector for the first request. The root certificates that it needs are read beside the rest of a start: an
/// initialisation has more of a processor than the first request of a small function.
pub(crate) fn one_for_all() -> SharedHttpClient {
    const TLS: Provider = Provider::Rustls(CryptoMode::AwsLc);
    // What is read stays in memory; the connector is let go.
    std::thread::spawn(|| drop(ConnectorBuilder::default().tls_provider(TLS).build()));
    SharedHttpClient::new(Shared(Builder::new().tls_provider(TLS).build_https()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_smithy_runtime_api::box_error::BoxError;
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
    use aws_smithy_types::config_bag::ConfigBag;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl HttpClient for Counting {
        fn http_connector(
            &self,
            settings: &HttpConnectorSettings,
            components: &RuntimeComponents,
        ) -> SharedHttpConnector {
            self.0.fetch_add(1, Ordering::SeqCst);
            one_for_all().http_connector(settings, components)
        }

        fn validate_base_client_config(
            &self,
            _: &RuntimeComponentsBuilder,
            _: &ConfigBag,
        ) -> Result<(), BoxError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    fn config(http: SharedHttpClient) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-north-1"))
            .http_client(http)
            .build()
    }

    fn clients(config: &SdkConfig) {
        let _ = aws_sdk_dynamodb::Client::new(config);
        let _ = aws_sdk_s3::Client::new(config);
        let _ = aws_sdk_sqs::Client::new(config);
    }

    #[test]
    fn no_connector_is_made_while_clients_are() {
        let counting = Counting::default();
        let made = || counting.0.load(Ordering::SeqCst);
        clients(&config(SharedHttpClient::new(counting.clone())));
        assert_eq!(made(), 3, "each client asks for one");
        clients(&config(SharedHttpClient::new(Shared(
            SharedHttpClient::new(counting.clone()),
        ))));
        assert_eq!(made(), 3, "and gets none here");
    }
}
