//! IAM, STS, Cognito and DynamoDB, as far as tests need users, tokens and items: their plain protocols, signed.

use aegis_aws::client::connection::Keys;
use aegis_aws::client::connection::signer;
use anyhow::{Context as _, Result, ensure};
use aws_config::SdkConfig;
use serde_json::{Value, json};

use crate::client::Client;
use crate::stack::{ACCOUNT, Stack};

const FORM: &str = "application/x-www-form-urlencoded";

/// A user of the account, with a key of its own.
pub struct User {
    pub arn: String,
    pub keys: Keys,
    pub client: Client,
}

impl Stack {
    /// A new user who may call what `resources` say, such as `GET/workflows/*`.
    ///
    /// # Errors
    /// Of IAM.
    pub async fn user(&'static self, resources: &[&str]) -> Result<User> {
        let name = format!("aegis-auth-{}", uuid::Uuid::new_v4().simple());
        let region = self.config.region().map(ToString::to_string);
        let region = region.unwrap_or_default();
        let base = self.http.url("");
        let api = base.trim_end_matches("/$default").rsplit('/').next();
        let api = api.context("an API without an id")?;
        let arn =
            |path: &&str| format!("arn:aws:execute-api:{region}:{ACCOUNT}:{api}/$default/{path}");
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": resources.iter().map(arn).collect::<Vec<_>>(),
            }],
        });
        self.iam("CreateUser", &[("UserName", &name)]).await?;
        let policy = policy.to_string();
        let put = [
            ("UserName", name.as_str()),
            ("PolicyName", "calls"),
            ("PolicyDocument", &policy),
        ];
        self.iam("PutUserPolicy", &put).await?;
        let answer = self.iam("CreateAccessKey", &[("UserName", &name)]).await?;
        let keys = Keys {
            access_key_id: element(&answer, "AccessKeyId")?,
            secret_access_key: element(&answer, "SecretAccessKey")?,
        };
        Ok(User {
            arn: format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
            client: self.signing_as(keys.clone()).await?,
            keys,
        })
    }

    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let fixed = [("Action", action), ("Version", "2010-05-08")];
        let all = fixed.iter().chain(parameters);
        let body: Vec<String> = all
            .map(|(name, value)| format!("{name}={}", form(value)))
            .collect();
        let headers = [("content-type", FORM)];
        self.call("iam", &headers, body.join("&")).await
    }

    /// # Errors
    /// Of DynamoDB.
    pub async fn dynamodb(&self, action: &str, body: &Value) -> Result<Value> {
        let target = format!("DynamoDB_20120810.{action}");
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target.as_str()),
        ];
        let answer = self.call("dynamodb", &headers, body.to_string()).await?;
        serde_json::from_str(&answer).context(answer)
    }

    /// # Errors
    /// Of Cognito.
    pub async fn cognito(&self, action: &str, body: &Value) -> Result<Value> {
        let target = format!("AWSCognitoIdentityProviderService.{action}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        let answer = self.call("cognito-idp", &headers, body.to_string()).await?;
        serde_json::from_str(&answer).context(answer)
    }

    /// # Errors
    /// Where the service does not answer with 200.
    pub(crate) async fn call(
        &self,
        service: &'static str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<String> {
        call(&self.config, &self.aws_endpoint_url, service, headers, body).await
    }

    /// A token that Cognito issues to a client of its own: the grant for programs.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn issued_token(&self, client: &str, secret: &str) -> Result<String> {
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            form(client),
            form(secret)
        );
        let request = reqwest::Client::new()
            .post(format!("{}/oauth2/token", self.aws_endpoint_url))
            .header("content-type", FORM)
            .body(body);
        let answer: Value = self.http.send(request).await?.read(200)?;
        let token = answer["access_token"].as_str().unwrap_or_default();
        ensure!(!token.is_empty(), "no token: {answer}");
        Ok(token.to_owned())
    }
}

/// Who the API takes a request for that is signed with the keys of `config`.
///
/// # Errors
/// Of STS.
pub async fn caller(config: &SdkConfig, aws_endpoint_url: &str) -> Result<String> {
    let body = "Action=GetCallerIdentity&Version=2011-06-15".to_owned();
    let headers = [("content-type", FORM)];
    let answer = call(config, aws_endpoint_url, "sts", &headers, body).await?;
    element(&answer, "Arn")
}

async fn call(
    config: &SdkConfig,
    aws_endpoint_url: &str,
    service: &'static str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<String> {
    let url = format!("{aws_endpoint_url}/");
    let signer = signer(config, service)?;
    let signed = signer
        .headers("POST", &url, headers, body.as_bytes())
        .await?;
    let mut request = reqwest::Client::new().post(&url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    for (name, value) in signed {
        request = request.header(name, value);
    }
    let response = request.send().await.context("no answer")?;
    let status = response.status();
    let text = response.text().await?;
    ensure!(status.is_success(), "{service}: {status}: {text}");
    Ok(text)
}

fn element(xml: &str, name: &str) -> Result<String> {
    let inner = xml.split_once(&format!("<{name}>"));
    let inner = inner.and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    let (text, _) = inner.with_context(|| format!("no {name} in {xml}"))?;
    Ok(text.to_owned())
}

/// As forms have it: everything but what is certainly plain as `%XX`.
fn form(value: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    value.bytes().map(one).collect()
}
