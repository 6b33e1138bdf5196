//! Cognito user pools that issue tokens, and tokens that nobody issued.

use aegis_e2e::stack::Stack;
use anyhow::{Context as _, Result, anyhow, ensure};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const SCOPES: [&str; 4] = ["start", "read", "approve", "operate"];

pub struct Pools {
    /// Whose tokens the API trusts.
    pub own: Pool,
    /// May do everything.
    pub all: App,
    /// May only read.
    pub reader: App,
    /// May do everything, at another API.
    pub elsewhere: App,
    /// May do everything, in the eyes of another issuer.
    pub foreign: App,
}

pub struct Pool {
    id: String,
    pub issuer: String,
}

/// A client of a pool, by which a program signs in.
pub struct App {
    pub id: String,
    secret: String,
}

/// Made once for all tests.
pub async fn pools(stack: &Stack) -> Result<&'static Pools> {
    static POOLS: OnceCell<Pools> = OnceCell::const_new();
    POOLS
        .get_or_try_init(async || {
            let own = Pool::make(stack).await?;
            let other = Pool::make(stack).await?;
            anyhow::Ok(Pools {
                all: own.app(stack, &SCOPES).await?,
                reader: own.app(stack, &["read"]).await?,
                elsewhere: own.app(stack, &SCOPES).await?,
                foreign: other.app(stack, &SCOPES).await?,
                own,
            })
        })
        .await
}

impl Pool {
    async fn make(stack: &Stack) -> Result<Self> {
        let made = stack
            .cognito("CreateUserPool", &json!({"PoolName": "aegis-auth"}))
            .await?;
        let id = text(&made["UserPool"]["Id"])?;
        let scope = |name| json!({"ScopeName": name, "ScopeDescription": name});
        let server = json!({
            "UserPoolId": id,
            "Identifier": "aegis",
            "Name": "aegis",
            "Scopes": SCOPES.map(scope),
        });
        stack.cognito("CreateResourceServer", &server).await?;
        let region = id.split('_').next().unwrap_or_default();
        Ok(Self {
            issuer: format!("https://cognito-idp.{region}.amazonaws.com/{id}"),
            id,
        })
    }

    async fn app(&self, stack: &Stack, scopes: &[&str]) -> Result<App> {
        let scopes: Vec<String> = scopes
            .iter()
            .map(|scope| format!("aegis/{scope}"))
            .collect();
        let wanted = json!({
            "UserPoolId": self.id,
            "ClientName": "test",
            "GenerateSecret": true,
            "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["client_credentials"],
            "AllowedOAuthScopes": scopes,
        });
        let made = stack.cognito("CreateUserPoolClient", &wanted).await?;
        let made = &made["UserPoolClient"];
        Ok(App {
            id: text(&made["ClientId"])?,
            secret: text(&made["ClientSecret"])?,
        })
    }

    /// A token that this pool never issued, signed with its own key, which the local AWS keeps in a file.
    pub fn forge(&self, stack: &Stack, like: &Token, claims: &Value) -> Result<String> {
        let keys = stack.folder.join("state").join("cognito-pool-keys");
        let file = keys.join(format!("{}-access.pem", self.id));
        let pem = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let key = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(base64)?)
            .map_err(|error| anyhow!("{error}"))?;
        let signed = format!("{}.{}", encode(&like.header), encode(claims));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .map_err(|_| anyhow!("cannot sign"))?;
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        Ok(format!("{signed}.{signature}"))
    }
}

impl App {
    pub async fn token(&self, stack: &Stack) -> Result<Token> {
        Token::read(stack.issued_token(&self.id, &self.secret).await?)
    }
}

/// A token, taken apart.
pub struct Token {
    pub text: String,
    pub header: Value,
    pub claims: Value,
    signature: String,
}

impl Token {
    fn read(text: String) -> Result<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        ensure!(parts.len() == 3, "a token of {} parts", parts.len());
        let json = |part: &str| -> Result<Value> {
            Ok(serde_json::from_slice(
                &BASE64_URL_SAFE_NO_PAD.decode(part)?,
            )?)
        };
        Ok(Self {
            header: json(parts[0])?,
            claims: json(parts[1])?,
            signature: parts[2].to_owned(),
            text: text.clone(),
        })
    }

    /// The claims, some of them others; `null` takes one away.
    pub fn claims_with(&self, changes: &Value) -> Value {
        let mut claims = self.claims.clone();
        if let (Some(claims), Some(changes)) = (claims.as_object_mut(), changes.as_object()) {
            claims.extend(changes.clone());
            claims.retain(|_, value| !value.is_null());
        }
        claims
    }

    /// Other claims under the old signature.
    pub fn altered(&self, changes: &Value) -> String {
        let claims = encode(&self.claims_with(changes));
        format!("{}.{claims}.{}", encode(&self.header), self.signature)
    }

    pub fn unsigned(&self) -> String {
        let header = self.header_with("none");
        format!("{}.{}.", encode(&header), encode(&self.claims))
    }

    /// Signed with what everybody knows, as a symmetric key.
    pub fn signed_with(&self, secret: &[u8]) -> String {
        let signed = format!(
            "{}.{}",
            encode(&self.header_with("HS256")),
            encode(&self.claims)
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let signature = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn header_with(&self, algorithm: &str) -> Value {
        let mut header = self.header.clone();
        header["alg"] = json!(algorithm);
        header
    }
}

fn encode(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn text(value: &Value) -> Result<String> {
    let text = value.as_str().context("a text is missing")?;
    Ok(text.to_owned())
}
