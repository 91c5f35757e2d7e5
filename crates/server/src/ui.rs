//! What a browser sees at `/`: one page that says what answers here. The real pages come with the web UI.

use axum::response::Html;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pipewright</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color: #222 }
  code { background: #f2f2f2; padding: .1em .3em; border-radius: .2em }
  @media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } code { background: #2a2a2a } a { color: #8ab4f8 } }
</style>
<h1>Pipewright</h1>
<p>The API answers here; this version has no web pages yet.</p>
<ul>
  <li>Python: <code>kfp.Client(host="http://<span id="host">127.0.0.1:8080</span>")</code></li>
  <li>Command line: <code>pipewright runs list</code>, <code>pipewright runs logs RUN</code></li>
  <li>Raw: <a href="apis/v2beta1/healthz">health</a>, <a href="apis/v2beta1/runs">runs</a>,
      <a href="apis/v2beta1/pipelines">pipelines</a>, <a href="apis/v2beta1/experiments">experiments</a></li>
</ul>
<script>document.getElementById("host").textContent = location.host</script>
</html>
"#;

pub(crate) async fn page() -> Html<&'static str> {
    Html(PAGE)
}
