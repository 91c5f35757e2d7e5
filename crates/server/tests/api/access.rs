//! Who is let in, by what, and to do what.

use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderName, Request, header};
use pipewright_server::access::{
    AccessFile, AccessOptions, Grants, HeaderOptions, Peer, Requirement, Role, Secret, Token, User, digest,
    hash_password,
};
use serde_json::{Value, json};

use crate::support::{Answer, Server};

const PASSWORD: &str = "correct horse";

fn grants(pairs: &[(&str, Role)]) -> Grants {
    Grants(pairs.iter().map(|(name, role)| ((*name).to_owned(), *role)).collect())
}

fn token(name: &str, user: &str, roles: Option<Grants>) -> Token {
    let sha256 = digest(&format!("pwt_{name}"));
    Token { name: name.to_owned(), user: user.to_owned(), sha256, roles, created_at: None, expires_at: None }
}

fn access_file(home: &Path) -> std::path::PathBuf {
    home.join("access.toml")
}

/// Ada edits and administrates one team, Bob looks, and each has a token.
fn options(home: &Path) -> AccessOptions {
    let password = hash_password(PASSWORD).unwrap();
    let ada = grants(&[("*", Role::Editor), ("team-a", Role::Admin)]);
    let change = |file: &mut AccessFile| {
        file.users.push(User { name: "ada".to_owned(), password: Some(password), roles: ada });
        file.users.push(User {
            name: "bob".to_owned(),
            password: None,
            roles: Grants::everywhere(Role::Viewer),
        });
        file.tokens.push(token("ada", "ada", None));
        file.tokens.push(token("bob", "bob", None));
        file.tokens.push(token("team", "ada", Some(grants(&[("team-a", Role::Editor)]))));
        file.tokens.push(token("root", "robot", Some(Grants::everywhere(Role::Admin))));
        let past = Some("2020-01-01T00:00:00Z".parse().unwrap());
        file.tokens.push(Token { expires_at: past, ..token("past", "ada", None) });
        Ok(())
    };
    AccessFile::edit(&access_file(home), change).unwrap();
    AccessOptions {
        requirement: Requirement::Required,
        file: Some(access_file(home)),
        ..AccessOptions::default()
    }
}

async fn send(server: &Server, line: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    server.send(request.body(body).unwrap()).await
}

const LIST: &str = "GET /apis/v2beta1/runs";
const CREATE: &str = "POST /apis/v2beta1/experiments";

#[tokio::test]
async fn tokens_open_what_their_roles_allow() {
    let server = Server::start_with(options).await;
    let objects = "POST /apis/pipewright/v1/namespaces/team-a/objects";
    let others = "GET /apis/pipewright/v1/namespaces/team-b/objects";
    for (line, token, status, part) in [
        (LIST, "", 401, "who calls is not known"),
        (LIST, "Bearer nothing", 401, "not known here"),
        (LIST, "Bearer pwt_past", 401, "its time is over"),
        (LIST, "Basic YTpi", 401, "`Bearer TOKEN`"),
        (LIST, "Bearer pwt_bob", 200, ""),
        (LIST, "bearer pwt_ada", 200, ""),
        (CREATE, "Bearer pwt_bob", 403, "needs the role editor, and `bob` has the role viewer"),
        (CREATE, "Bearer pwt_ada", 200, ""),
        (CREATE, "Bearer pwt_team", 403, "in namespace `default`"),
        (objects, "Bearer pwt_team", 400, ""),
        (objects, "Bearer pwt_bob", 403, "in namespace `team-a`"),
        (others, "Bearer pwt_team", 403, "`ada` has no role there"),
        ("GET /apis/pipewright/v1/objects", "Bearer pwt_team", 403, "in all namespaces"),
        ("GET /apis/pipewright/v1/audit", "Bearer pwt_ada", 403, "role admin"),
        ("GET /apis/pipewright/v1/audit", "Bearer pwt_root", 200, ""),
        ("POST /pipeline/apis/v2beta1/runs/x:terminate", "Bearer pwt_bob", 403, "terminate runs"),
        ("POST /apis/v2beta1/runs/x%3Aterminate", "Bearer pwt_bob", 403, "terminate runs"),
        ("POST /apis/v2beta1/runs/x:unheard", "Bearer pwt_ada", 403, "role admin"),
        ("GET /apis/v2beta1/nothing", "", 401, ""),
        ("GET /apis/v2beta1/nothing", "Bearer pwt_bob", 404, ""),
        ("GET /apis/v2beta1/healthz", "", 200, ""),
        ("GET /apis/v2beta1/healthz", "Bearer nothing", 200, ""),
        ("GET /", "", 200, ""),
    ] {
        let authorization = [(header::AUTHORIZATION.as_str(), token)];
        let headers = if token.is_empty() { &[][..] } else { &authorization };
        let body = if line == CREATE { json!({"display_name": token}) } else { Value::Null };
        let answer = send(&server, line, headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{line} {token}: {answer:?}");
        assert!(answer.text.contains(part), "{line} {token}: {answer:?}");
        assert!(!answer.text.contains("pwt_past"), "a token shows: {answer:?}");
        if status == 401 {
            let found = answer.json();
            assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
            assert_eq!((&found["code"], &found["details"][0]["code"]), (&json!(16), &json!(16)));
        }
    }
}

/// Pipelines, runs, experiments and recurring runs are all in one namespace, whatever a request names.
#[tokio::test]
async fn a_role_in_one_namespace_shows_nothing_of_others() {
    let server = Server::start_with(options).await;
    let send = async |line: &str, token: &str| {
        let authorization = format!("Bearer pwt_{token}");
        send(&server, line, &[("authorization", &authorization)], Value::Null).await
    };
    let hidden = [
        "/apis/v2beta1/experiments",
        "/apis/v2beta1/pipelines",
        "/apis/v2beta1/pipelines/x/versions",
        "/apis/v2beta1/runs",
        "/apis/v2beta1/recurringruns",
        "/apis/v1beta1/experiments",
        "/apis/v1beta1/pipelines",
        "/apis/v1beta1/pipeline_versions",
        "/apis/v1beta1/runs",
        "/apis/v1beta1/jobs",
        "/apis/v1alpha1/tasks",
        "/apis/pipewright/v1/artifacts",
        "/apis/pipewright/v1/executions",
        "/apis/pipewright/v1/compare",
        "/apis/pipewright/v1/events",
        "/apis/pipewright/v1/objects",
        "/apis/pipewright/v1/namespaces/default/objects",
        "/apis/pipewright/v1/namespaces/team-b/objects",
        "/apis/v2beta1/runs/x",
        "/apis/v2beta1/experiments/x",
        "/apis/v2beta1/pipelines/names/x",
        "/apis/v1beta1/namespaces/team-a/pipelines/x",
        "/artifacts/get",
        "/k8s/pod/logs",
    ];
    for path in hidden {
        for query in [
            "",
            "?namespace=team-a",
            "?resource_reference_key.type=NAMESPACE&resource_reference_key.id=team-a",
        ] {
            for base in ["", "/pipeline"] {
                let line = format!("GET {base}{path}{query}");
                let answer = send(&line, "team").await;
                assert_eq!(answer.status, 403, "{line}: {answer:?}");
            }
        }
        // Somebody else may, or finds that there is nothing.
        if path != "/apis/pipewright/v1/events" {
            let answer = send(&format!("GET {path}"), "ada").await;
            assert!(![401, 403].contains(&answer.status.as_u16()), "{path}: {answer:?}");
        }
    }
    let own = send("GET /apis/pipewright/v1/namespaces/team-a/objects", "team").await;
    assert_eq!((own.status.as_u16(), own.json()), (200, json!({"objects": []})));
}

#[tokio::test]
async fn changes_of_the_file_count_at_once() {
    let server = Server::start_with(options).await;
    let path = access_file(server.home.path());
    let bob = [("authorization", "Bearer pwt_bob")];
    assert_eq!(send(&server, LIST, &bob, Value::Null).await.status, 200);
    let forget = |file: &mut AccessFile| {
        file.tokens.retain(|token| token.name != "bob");
        Ok(())
    };
    AccessFile::edit(&path, forget).unwrap();
    assert_eq!(send(&server, LIST, &bob, Value::Null).await.status, 401);
    std::fs::write(&path, "a mistake").unwrap();
    let ada = [("authorization", "Bearer pwt_ada")];
    assert_eq!(send(&server, LIST, &ada, Value::Null).await.status, 200, "a mistake locks nobody out");
    assert_eq!(send(&server, LIST, &bob, Value::Null).await.status, 401, "and lets nobody in");
}

fn cookie_of(answer: &Answer) -> String {
    let line = answer.headers[header::SET_COOKIE].to_str().unwrap();
    line.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn people_log_in_and_out() {
    let server = Server::start_with(options).await;
    let who = |cookie: String| {
        let server = &server;
        async move { send(server, "GET /apis/pipewright/v1/whoami", &[("cookie", &cookie)], Value::Null).await }
    };
    let nobody = json!({
        "authenticated": false, "required": true, "namespaces": false, "login": {"password": true},
    });
    assert_eq!(who(String::new()).await.json(), nobody);
    let login = "POST /apis/pipewright/v1/login";
    for wrong in [json!({"user": "ada", "password": "wrong"}), json!({"user": "eve", "password": PASSWORD})] {
        let answer = send(&server, login, &[], wrong).await;
        assert_eq!(answer.status, 401);
        assert!(answer.text.contains("no such user with this password"), "{answer:?}");
    }
    let right = json!({"user": "ada", "password": PASSWORD});
    let answer = send(&server, login, &[], right.clone()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let line = answer.headers[header::SET_COOKIE].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains("Secure"), "{line}");
    let cookie = cookie_of(&answer);
    let mut found = who(cookie.clone()).await.json();
    assert!(found.as_object_mut().unwrap().shift_remove("expires_at").is_some());
    let ada = json!({
        "authenticated": true, "required": true, "login": {"password": true}, "namespaces": false,
        "user": "ada", "method": "session", "roles": {"*": "editor", "team-a": "admin"}, "is_admin": false,
    });
    assert_eq!(found, ada);

    let with = |more: &[(&'static str, &'static str)]| {
        let mut headers = vec![("cookie", cookie.clone()), ("host", "ml.example.org".to_owned())];
        headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        headers
    };
    let cases: [(&[(&str, &str)], u16); 5] = [
        (&[], 200),
        (&[("origin", "http://ml.example.org")], 200),
        (&[("origin", "http://evil.example")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("user-agent", "Mozilla/5.0")], 403),
    ];
    for (index, (more, status)) in cases.into_iter().enumerate() {
        let headers = with(more);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = json!({"display_name": format!("e{index}")});
        assert_eq!(send(&server, CREATE, &headers, body).await.status, status, "{more:?}");
    }
    let secure = Request::post("/apis/pipewright/v1/login");
    let peer = Peer { address: "10.0.0.1".parse().unwrap(), secure: true };
    let secure = secure.extension(peer).body(Body::from(right.to_string())).unwrap();
    let answer = server.send(secure).await;
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().ends_with("; Secure"));

    assert_eq!(
        send(&server, "POST /apis/pipewright/v1/logout", &[("cookie", &cookie)], Value::Null).await.status,
        200
    );
    assert_eq!(who(cookie.clone()).await.json(), nobody);
    assert_eq!(send(&server, LIST, &[("cookie", &cookie)], Value::Null).await.status, 401);
}

#[tokio::test]
async fn a_new_password_ends_sessions() {
    let server = Server::start_with(options).await;
    let right = json!({"user": "ada", "password": PASSWORD});
    let answer = send(&server, "POST /apis/pipewright/v1/login", &[], right).await;
    let cookie = cookie_of(&answer);
    assert_eq!(send(&server, LIST, &[("cookie", &cookie)], Value::Null).await.status, 200);
    let other = hash_password("battery staple").unwrap();
    let change = |file: &mut AccessFile| {
        file.users[0].password = Some(other);
        Ok(())
    };
    AccessFile::edit(&access_file(server.home.path()), change).unwrap();
    assert_eq!(send(&server, LIST, &[("cookie", &cookie)], Value::Null).await.status, 401);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let server = Server::start_with(options).await;
    let wrong = json!({"user": "ada", "password": "guess"});
    for _ in 0..10 {
        assert_eq!(send(&server, "POST /apis/pipewright/v1/login", &[], wrong.clone()).await.status, 401);
    }
    let right = json!({"user": "ada", "password": PASSWORD});
    let answer = send(&server, "POST /apis/pipewright/v1/login", &[], right).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (429, &json!(8)));
}

#[tokio::test]
async fn the_gateways_header_counts_from_the_gateway_alone() {
    let server = Server::start_with(|home| {
        let header = HeaderOptions {
            name: HeaderName::from_static("kubeflow-userid"),
            prefix: String::new(),
            groups: None,
            peers: vec!["10.0.0.0/8".parse().unwrap()],
            secret: Some((HeaderName::from_static("x-gateway"), Secret("hush".to_owned()))),
        };
        AccessOptions { header: Some(header), ..options(home) }
    })
    .await;
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, Pairs<'_>, u16); 6] = [
        ("10.2.3.4", &[("kubeflow-userid", "bob")], 200),
        ("10.2.3.4", &[("kubeflow-userid", "stranger")], 403),
        ("10.2.3.4", &[("kubeflow-userid", "bob"), ("kubeflow-userid", "ada")], 401),
        ("192.168.0.1", &[("kubeflow-userid", "bob")], 401),
        ("192.168.0.1", &[("kubeflow-userid", "bob"), ("x-gateway", "hush")], 200),
        ("192.168.0.1", &[("authorization", "Bearer pwt_bob")], 200),
    ];
    for (peer, headers, status) in cases {
        let peer = Peer { address: peer.parse().unwrap(), secure: false };
        let mut request = Request::get("/apis/v2beta1/runs").extension(peer);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{peer:?} {headers:?}: {answer:?}");
    }
}

#[tokio::test]
async fn changes_are_recorded_and_reads_are_not() {
    let server = Server::start_with(options).await;
    let ada = [("authorization", "Bearer pwt_ada")];
    let bob = [("authorization", "Bearer pwt_bob")];
    let body = json!({"display_name": "e"});
    send(&server, LIST, &ada, Value::Null).await;
    send(&server, CREATE, &ada, body.clone()).await;
    send(&server, CREATE, &bob, body.clone()).await;
    send(&server, CREATE, &[], body).await;
    let root = [("authorization", "Bearer pwt_root")];
    let answer = send(&server, "GET /apis/pipewright/v1/audit", &root, Value::Null).await;
    let mut entries = answer.json()["entries"].as_array().unwrap().clone();
    for entry in &mut entries {
        assert!(entry.as_object_mut().unwrap().shift_remove("at").unwrap().as_str().unwrap().ends_with('Z'));
    }
    let entry = |number: i64, user: &str, status: u16| {
        json!({
            "number": number, "user": user, "method": format!("token {user}"), "verb": "create",
            "resource": "experiments", "namespace": "default", "path": "/apis/v2beta1/experiments",
            "status": status,
        })
    };
    assert_eq!(entries, [entry(2, "bob", 403), entry(1, "ada", 200)]);
}

#[tokio::test]
async fn on_a_server_that_asks_nobody_everybody_is_its_owner() {
    let server = Server::start().await;
    let found = server.get("/apis/pipewright/v1/whoami").await;
    let anonymous = json!({
        "authenticated": true, "required": false, "login": {"password": false}, "namespaces": false,
        "user": "anonymous", "method": "none", "roles": {"*": "admin"}, "is_admin": true,
    });
    assert_eq!(found, anonymous);
    let login = json!({"user": "a", "password": "b"});
    server
        .refused("POST", "/apis/pipewright/v1/login", Some(login), (400, 9, "nobody needs to log in"))
        .await;
}
