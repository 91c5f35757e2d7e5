//! OpenID Connect against a small provider that runs beside the test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{Request, header};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Json, Router, body::Body};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use pipewright_server::access::{
    AccessFile, AccessOptions, Grants, Group, OidcOptions, Requirement, Role, Secret,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Answer, Server};

/// A provider with one key at a time.
struct Provider {
    url: String,
    key: Mutex<(String, Arc<EcdsaKeyPair>)>,
    /// Challenge and nonce by code.
    codes: Mutex<BTreeMap<String, (String, String)>>,
    /// How often the keys were asked for.
    asked: Mutex<u32>,
}

type Words = BTreeMap<String, String>;

fn new_key() -> Arc<EcdsaKeyPair> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
    Arc::new(pair.unwrap())
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = Arc::new(Self {
            url,
            key: Mutex::new(("first".to_owned(), new_key())),
            codes: Mutex::default(),
            asked: Mutex::new(0),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        provider
    }

    fn sign(&self, header: Value, claims: &Value) -> String {
        let (id, key) = self.key.lock().unwrap().clone();
        let mut head = json!({"alg": "ES256", "kid": id, "typ": "JWT"});
        for (name, value) in header.as_object().unwrap() {
            head[name] = value.clone();
        }
        let text = format!("{}.{}", encode(head.to_string()), encode(claims.to_string()));
        let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", encode(signature))
    }

    fn claims(&self, more: Value) -> Value {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": self.url, "sub": "u-1", "aud": "pipewright", "iat": now, "exp": now + 600,
            "email": "ada@example.org", "email_verified": true, "groups": ["ml", "other"],
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }
}

async fn discovery(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let url = &provider.url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
    }))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Json<Value> {
    *provider.asked.lock().unwrap() += 1;
    let (id, key) = provider.key.lock().unwrap().clone();
    let point = key.public_key().as_ref();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..65]));
    let key = json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256", "x": x, "y": y});
    Json(json!({"keys": [key]}))
}

async fn authorize(State(provider): State<Arc<Provider>>, Query(words): Query<Words>) -> Redirect {
    assert_eq!((words["client_id"].as_str(), words["response_type"].as_str()), ("pipewright", "code"));
    assert_eq!(words["code_challenge_method"], "S256");
    assert!(words["scope"].contains("openid") && words["scope"].contains("email"), "{words:?}");
    let kept = (words["code_challenge"].clone(), words["nonce"].clone());
    provider.codes.lock().unwrap().insert("the-code".to_owned(), kept);
    Redirect::to(&format!("{}?code=the-code&state={}", words["redirect_uri"], words["state"]))
}

async fn token(
    State(provider): State<Arc<Provider>>,
    headers: axum::http::HeaderMap,
    body: String,
) -> Json<Value> {
    let words: Words = openidconnect::url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert!(headers.contains_key(header::AUTHORIZATION), "the client's secret is missing");
    let (challenge, nonce) = provider.codes.lock().unwrap().remove(&words["code"]).unwrap();
    assert_eq!(encode(Sha256::digest(words["code_verifier"].as_bytes())), challenge);
    let token = provider.sign(json!({}), &provider.claims(json!({"nonce": nonce})));
    Json(json!({"access_token": "opaque", "token_type": "Bearer", "expires_in": 600, "id_token": token}))
}

async fn start() -> (Arc<Provider>, Server) {
    start_with(Duration::from_secs(60)).await
}

async fn start_with(again: Duration) -> (Arc<Provider>, Server) {
    let provider = Provider::start().await;
    let mut oidc = OidcOptions::new(provider.url.clone(), "pipewright".to_owned());
    oidc.client_secret = Some(Secret("hush".to_owned()));
    oidc.again = again;
    oidc.audiences = vec!["other-client".to_owned()];
    let server = Server::start_with(|home| {
        let path = home.join("access.toml");
        let group = Group { name: "ml".to_owned(), roles: Grants::everywhere(Role::Editor) };
        AccessFile::edit(&path, |file| {
            file.groups.push(group);
            Ok(())
        })
        .unwrap();
        AccessOptions {
            requirement: Requirement::Required,
            file: Some(path),
            oidc: Some(oidc),
            ..AccessOptions::default()
        }
    })
    .await;
    (provider, server)
}

async fn get_with(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path).header("host", "ml.example.org");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::empty()).unwrap()).await
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status.as_u16(), 303, "{answer:?}");
    answer.headers[header::LOCATION].to_str().unwrap().to_owned()
}

fn cookies(answer: &Answer) -> Vec<String> {
    let lines = answer.headers.get_all(header::SET_COOKIE).iter();
    lines.map(|line| line.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

/// Goes to the provider and returns the path that it sends the browser back to.
async fn visit(url: &str) -> String {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.tls_backend_preconfigured(no_tls()).build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    let back = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
    back.strip_prefix("http://ml.example.org").expect("the way back is this server's").to_owned()
}

fn no_tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}

#[tokio::test]
async fn browsers_log_in_at_the_provider() {
    let (_provider, server) = start().await;
    let whoami = "/pipeline/apis/pipewright/v1/whoami";
    let login = get_with(&server, whoami, &[]).await.json()["login"].clone();
    assert_eq!(login["oidc"]["url"], "/apis/pipewright/v1/oidc/login");
    let away = get_with(&server, "/pipeline/apis/pipewright/v1/oidc/login?return_to=/%23/runs", &[]).await;
    let bound = cookies(&away).remove(0);
    let back = visit(&location(&away)).await;
    assert!(back.starts_with("/pipeline/apis/pipewright/v1/oidc/callback?"), "{back}");

    let answer = get_with(&server, &back, &[("cookie", &bound)]).await;
    assert_eq!(location(&answer), "/#/runs");
    let session = cookies(&answer).remove(0);
    let who = get_with(&server, whoami, &[("cookie", &session)]).await.json();
    assert_eq!((&who["user"], &who["roles"]), (&json!("ada@example.org"), &json!({"*": "editor"})));
    assert_eq!(get_with(&server, "/apis/v2beta1/runs", &[("cookie", &session)]).await.status, 200);

    let again = get_with(&server, &back, &[("cookie", &bound)]).await;
    assert_eq!(again.status, 401, "a code is used once");
    assert!(again.text.contains("begin again"), "{again:?}");
}

#[tokio::test]
async fn logins_end_in_the_browser_that_began_them() {
    let (_provider, server) = start().await;
    let away = get_with(&server, "/apis/pipewright/v1/oidc/login?return_to=//evil.example", &[]).await;
    let bound = cookies(&away).remove(0);
    let back = visit(&location(&away)).await;
    assert_eq!(get_with(&server, &back, &[]).await.status, 401);
    let answer = get_with(&server, &back, &[("cookie", &bound)]).await;
    assert_eq!(answer.status, 401, "the first try used the state up");

    let away = get_with(&server, "/apis/pipewright/v1/oidc/login?return_to=//evil.example", &[]).await;
    let back = visit(&location(&away)).await;
    let answer = get_with(&server, &back, &[("cookie", &cookies(&away)[0])]).await;
    assert_eq!(location(&answer), "/", "other hosts are not returned to");
    let refused = "/apis/pipewright/v1/oidc/callback?error=access_denied&error_description=%3Cb%3Eno%3C/b%3E";
    let answer = get_with(&server, refused, &[]).await;
    assert_eq!(answer.status, 401);
    assert!(!answer.text.contains("<b>"), "{answer:?}");
}

#[tokio::test]
async fn signed_tokens_of_clients_are_checked() {
    let (provider, server) = start().await;
    let list = |token: String| {
        let server = &server;
        async move {
            let header = format!("Bearer {token}");
            get_with(server, "/apis/v2beta1/runs", &[("authorization", &header)]).await
        }
    };
    let sign = |header: Value, more: Value| provider.sign(header, &provider.claims(more));
    let good = sign(json!({}), json!({}));
    let (head, rest) = good.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let none = encode(json!({"alg": "none"}).to_string());
    let forged = encode(provider.claims(json!({"groups": ["ml"], "email": "eve@example.org"})).to_string());
    for (what, token, status, part) in [
        ("good", good.clone(), 200, ""),
        ("again", good.clone(), 200, ""),
        ("access token", sign(json!({"typ": "at+jwt"}), json!({"aud": ["x", "other-client"]})), 200, ""),
        ("no role", sign(json!({}), json!({"groups": []})), 403, "has no role"),
        ("late", sign(json!({}), json!({"exp": 1_000_000})), 401, "expired"),
        ("early", sign(json!({}), json!({"nbf": 9_999_999_999_i64})), 401, "nbf"),
        ("other issuer", sign(json!({}), json!({"iss": "http://evil.example"})), 401, "issuer"),
        ("other audience", sign(json!({}), json!({"aud": "x"})), 401, "not for this server"),
        ("unverified", sign(json!({}), json!({"email_verified": false})), 401, "not verified"),
        ("no name", sign(json!({}), json!({"email": null})), 401, "no claim `email`"),
        ("forged", format!("{head}.{forged}.{signature}"), 401, "not accepted"),
        ("unsigned", format!("{none}.{body}."), 401, ""),
        ("shared secret", sign(json!({"alg": "HS256"}), json!({})), 401, ""),
        ("garbage", "a.b.c".to_owned(), 401, "no JWT"),
    ] {
        let answer = list(token).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {answer:?}");
        assert!(answer.text.contains(part), "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn keys_are_kept_and_renewed() {
    for (again, expected) in [(Duration::from_secs(60), (401, 1)), (Duration::ZERO, (200, 2))] {
        let (provider, server) = start_with(again).await;
        let list = |token: String| {
            let server = &server;
            async move {
                let header = format!("Bearer {token}");
                get_with(server, "/apis/v2beta1/runs", &[("authorization", &header)]).await.status.as_u16()
            }
        };
        for number in 0..3 {
            let token = provider.sign(json!({}), &provider.claims(json!({"sub": format!("u{number}")})));
            assert_eq!(list(token).await, 200);
        }
        assert_eq!(*provider.asked.lock().unwrap(), 1);
        *provider.key.lock().unwrap() = ("second".to_owned(), new_key());
        // Tokens with unknown keys do not make the server ask more often than it is set to.
        let token = provider.sign(json!({}), &provider.claims(json!({})));
        assert_eq!((list(token).await, *provider.asked.lock().unwrap()), expected);
    }
}
