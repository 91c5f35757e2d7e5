//! The test that every route has a line in the table, and every line a route.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use pipewright_executor::LogSource;
use pipewright_store::engine::AttemptId;
use pipewright_store::{Options, Store};

use super::table::{LINES, without_base};
use crate::app::{App, Settings, router};
use crate::ui;

struct NoLogs;

impl LogSource for NoLogs {
    fn log_path(&self, _: &AttemptId) -> PathBuf {
        PathBuf::new()
    }
}

/// Takes every path and its methods out of what the router says of itself when it is printed for debugging: the
/// only place where it names all of them.
fn routes_of(printed: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut methods_by_id = BTreeMap::new();
    let parts: Vec<&str> = printed.split("RouteId(").collect();
    let mut paths = BTreeMap::new();
    for part in &parts[1..] {
        let Some((id, rest)) = part.split_once(')') else { continue };
        let Ok(id) = id.parse::<u32>() else { continue };
        if let Some(rest) = rest.strip_prefix(": MethodRouter(MethodRouter {") {
            methods_by_id.insert(id, methods_of(rest));
        } else if let Some(path) = rest.strip_prefix(": \"") {
            paths.insert(id, path.split('"').next().unwrap_or_default().to_owned());
        }
    }
    paths.into_iter().filter_map(|(id, path)| Some((path, methods_by_id.remove(&id)?))).collect()
}

fn methods_of(printed: &str) -> BTreeSet<String> {
    let names = ["get", "head", "delete", "options", "patch", "post", "put", "trace", "connect"];
    let set = names.iter().filter(|name| {
        printed.split(&format!(" {name}: ")).nth(1).is_some_and(|rest| !rest.starts_with("None"))
    });
    let mut methods: BTreeSet<String> = set.map(|name| name.to_uppercase()).collect();
    if methods.is_empty() {
        methods.insert("*".to_owned());
    }
    methods
}

#[tokio::test]
async fn every_route_has_a_line_and_every_line_a_route() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("pipewright.db"), Options::default()).unwrap();
    let app = App::new(store, Arc::new(NoLogs), Settings::new("/artifacts".to_owned()));
    let printed = format!("{:?}", router(app));
    let routes = routes_of(&printed);
    assert!(routes.len() > 60, "the router is printed differently now: {printed}");
    let run = &routes["/apis/v2beta1/runs/{id}"];
    assert_eq!(*run, ["DELETE", "GET", "POST"].map(str::to_owned).into(), "methods are printed differently");

    let mut used = BTreeSet::new();
    let mut missing = Vec::new();
    // The fallback is printed as a route; it is no match, so what is asked of it is decided by the path alone.
    for (path, methods) in routes.iter().filter(|(path, _)| !path.contains("__axum_fallback")) {
        let pattern = without_base(path);
        for method in methods.iter().filter(|_| !ui::is_file(pattern)) {
            let found: Vec<_> = LINES
                .iter()
                .filter(|(line_method, line, _)| {
                    let action = line.strip_prefix(pattern).is_some_and(|rest| rest.starts_with(':'));
                    line_method == method && (*line == pattern || action)
                })
                .collect();
            if found.is_empty() {
                missing.push(format!("{method} {path}"));
            }
            used.extend(found.into_iter().map(|(method, line, _)| (*method, *line)));
        }
    }
    assert!(missing.is_empty(), "routes without a line in access/table.rs: {missing:#?}");
    let dead: Vec<_> = LINES.iter().filter(|(method, line, _)| !used.contains(&(*method, *line))).collect();
    assert!(dead.is_empty(), "lines of access/table.rs without a route: {dead:#?}");
}
