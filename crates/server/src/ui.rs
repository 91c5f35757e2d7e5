//! The web pages: files that the build put into the binary, with what browsers need to keep and to trust them.
//!
//! The page is one for all addresses: where in it one is stands behind the `#`, which no server sees. A binary
//! built without the pages says so at `/` and is complete otherwise.

use std::borrow::Cow;
use std::io::Read;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use flate2::read::GzDecoder;

use crate::app::App;

struct File {
    path: &'static str,
    /// The entity tag, with its quotes.
    tag: &'static str,
    /// Absent when there are compressed forms.
    plain: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/ui_files.rs"));

const INDEX: &str = "index.html";
/// Below it, names hold a hash of the content: what was once fetched stays right for ever.
const HASHED: &str = "assets/";

/// Scripts come from here and are never written into a page. Styles may be: editors and graphs place things.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; worker-src 'self' blob:; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

const NOT_BUILT: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pipewright</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color: #222 }
  code { background: #f2f2f2; padding: .1em .3em; border-radius: .2em }
  @media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } code { background: #2a2a2a } a { color: #8ab4f8 } }
</style>
<h1>UI not built</h1>
<p>This binary was built without its web pages: run <code>cargo xtask ui</code>, then build again. Everything
  else works:</p>
<ul>
  <li>Python: <code>kfp.Client(host="http://ADDRESS")</code> with the address of this page</li>
  <li>Command line: <code>pipewright runs list</code>, <code>pipewright runs logs RUN</code></li>
  <li>Raw: <a href="apis/v2beta1/healthz">health</a>, <a href="apis/v2beta1/runs">runs</a>,
      <a href="apis/v2beta1/pipelines">pipelines</a>, <a href="apis/v2beta1/experiments">experiments</a></li>
</ul>
</html>
"#;

/// Returns a route for each file that the page is made of.
pub(crate) fn files() -> Router<App> {
    let mut routes = Router::new();
    for file in FILES.iter().filter(|file| file.path != INDEX) {
        let answer = move |request: Request| async move { serve(file, request.headers()) };
        routes = routes.route(&format!("/{}", file.path), get(answer));
    }
    routes
}

/// Returns whether this route is a file of the pages: those are for everybody, as the login page is among them.
pub(crate) fn is_file(route: &str) -> bool {
    route.strip_prefix('/').is_some_and(|path| FILES.iter().any(|file| file.path == path))
}

/// Answers `/pipeline`, below which relative addresses of the page would miss.
pub(crate) async fn to_folder() -> Redirect {
    Redirect::permanent("/pipeline/")
}

pub(crate) async fn index(request: Request) -> Response {
    front(FILES.iter().find(|file| file.path == INDEX), request.headers())
}

/// Answers with the page, or says that it is not in this binary.
fn front(page: Option<&'static File>, asked: &HeaderMap) -> Response {
    match page {
        Some(file) => serve(file, asked),
        None => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-cache"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (
                    header::CONTENT_SECURITY_POLICY,
                    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
                ),
            ];
            (headers, NOT_BUILT).into_response()
        }
    }
}

fn serve(file: &'static File, asked: &HeaderMap) -> Response {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    put(header::ETAG, file.tag);
    put(header::VARY, "accept-encoding");
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::CONTENT_TYPE, media_type(file.path));
    if file.path.starts_with(HASHED) {
        put(header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    } else {
        put(header::CACHE_CONTROL, "no-cache");
    }
    if file.path == INDEX {
        put(header::CONTENT_SECURITY_POLICY, POLICY);
        put(header::REFERRER_POLICY, "same-origin");
    }
    if is_known(asked, file.tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let (encoding, bytes) = form(file, asked);
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    (headers, bytes).into_response()
}

fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let tags = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
}

/// Chooses the smallest form that the client takes; the rare one that takes none gets it unpacked.
fn form(file: &'static File, asked: &HeaderMap) -> (Option<&'static str>, Cow<'static, [u8]>) {
    let accepted =
        asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |encoding: &str| {
        accepted.split(',').any(|part| {
            let mut words = part.split(';').map(str::trim);
            words.next() == Some(encoding) && words.next() != Some("q=0")
        })
    };
    match (file.brotli, file.gzip, file.plain) {
        (Some(bytes), _, _) if takes("br") => (Some("br"), bytes.into()),
        (_, Some(bytes), _) if takes("gzip") => (Some("gzip"), bytes.into()),
        (_, _, Some(bytes)) => (None, bytes.into()),
        (_, Some(bytes), None) => {
            let mut plain = Vec::new();
            GzDecoder::new(bytes).read_to_end(&mut plain).expect("the build packed it");
            (None, plain.into())
        }
        (_, None, None) => (None, Cow::Borrowed(&[])),
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PACKED: File = File {
        path: "assets/a-1.js",
        tag: "\"1\"",
        plain: None,
        brotli: Some(b"not read"),
        // printf hello | gzip -9n
        gzip: Some(&[
            31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0,
        ]),
    };

    fn asked(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[tokio::test]
    async fn a_binary_without_the_pages_says_so() {
        let answer = front(None, &HeaderMap::new());
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let body = axum::body::to_bytes(answer.into_body(), 1 << 16).await.expect("a short page");
        let text = String::from_utf8(body.to_vec()).expect("text");
        assert!(text.contains("UI not built") && text.contains("cargo xtask ui"), "{text}");
        // Whatever it leads to is below the address it is at, `/` or `/pipeline/`.
        assert!(!text.contains("href=\"/"), "{text}");
    }

    #[test]
    fn clients_get_the_form_they_take() {
        for (accepted, encoding) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip;q=1, br;q=0", Some("gzip")),
            ("gzip", Some("gzip")),
            ("identity", None),
            ("", None),
        ] {
            let (chosen, bytes) = form(&PACKED, &asked(header::ACCEPT_ENCODING, accepted));
            assert_eq!(chosen, encoding, "{accepted}");
            if encoding.is_none() {
                assert_eq!(&*bytes, b"hello");
            }
        }
    }

    #[test]
    fn what_is_known_is_not_sent_again() {
        for (known, status) in [
            ("\"1\"", StatusCode::NOT_MODIFIED),
            ("W/\"1\"", StatusCode::NOT_MODIFIED),
            ("\"0\", \"1\"", StatusCode::NOT_MODIFIED),
            ("\"2\"", StatusCode::OK),
        ] {
            let answer = serve(&PACKED, &asked(header::IF_NONE_MATCH, known));
            assert_eq!(answer.status(), status, "{known}");
            assert!(answer.headers()[header::CACHE_CONTROL].to_str().expect("text").contains("immutable"));
        }
    }
}
