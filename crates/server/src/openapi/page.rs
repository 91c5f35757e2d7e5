//! The page that shows the documents: all routes with what they take and answer. Without scripts, so that a strict
//! Content-Security-Policy holds.

use std::fmt::Write as _;

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use super::{DOCUMENTS, openapi};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "
:root { color-scheme: light dark }
body { font: 0.95rem/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem }
details { border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); padding: .35rem 0 }
summary { cursor: pointer }
code { font-size: .9em }
summary b { display: inline-block; min-width: 4.2rem }
summary span { opacity: .7 }
table { border-collapse: collapse; margin: .5rem 0 .5rem 1.2rem }
td { padding: .15rem 1rem .15rem 0; vertical-align: top }
";

pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

pub(super) async fn page() -> Response {
    let mut response = Html(written()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn written() -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Pipewright API</title><link rel=\"stylesheet\" href=\"docs/style.css\"><h1>Pipewright API</h1>",
    );
    for (name, prefix, title) in DOCUMENTS {
        let Some(document) = openapi(name) else { continue };
        let _ = write!(
            page,
            "<h2>{}</h2><p>Under <code>{prefix}</code>, as OpenAPI 3.1: \
             <a href=\"openapi/{name}.json\">openapi/{name}.json</a></p>",
            escaped(title)
        );
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                write_operation(&mut page, path, method, operation);
            }
        }
    }
    page
}

fn write_operation(page: &mut String, path: &str, method: &str, operation: &Value) {
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let _ = write!(
        page,
        "<details><summary><b>{}</b><code>{}</code> <span>{}</span></summary><table>",
        method.to_uppercase(),
        escaped(path),
        text(&operation["summary"])
    );
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let _ = write!(
            page,
            "<tr><td><code>{}</code><td>{}<td>{}</tr>",
            text(&parameter["name"]),
            text(&parameter["in"]),
            text(&parameter["description"])
        );
    }
    let shape = |content: &Value| {
        content.as_object().and_then(|content| content.iter().next()).map(|(kind, content)| {
            let target = content["schema"]["$ref"].as_str().and_then(|target| target.rsplit('/').next());
            format!("{} {}", escaped(kind), escaped(target.unwrap_or_default()))
        })
    };
    for (label, content) in [
        ("takes", &operation["requestBody"]["content"]),
        ("answers", &operation["responses"]["200"]["content"]),
    ] {
        if let Some(shape) = shape(content) {
            let _ = write!(page, "<tr><td>{label}<td colspan=\"2\">{shape}</tr>");
        }
    }
    page.push_str("</table></details>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
