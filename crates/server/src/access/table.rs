//! The one table of who may call what. Every route has a line here, except the files of the web pages, which are
//! for everybody; a test walks the router and fails for a route without one. At run time such a route is for administrators alone.
//!
//! Verbs and resources are those of Kubeflow's access reviews (group `pipelines.kubeflow.org`) where it has
//! them. An action stands behind its path, as `{id}:archive`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::role::{Role, Verb};
use crate::ui;

/// Where a request says which namespace it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere: it is about the server as a whole, or about all namespaces at once.
    Everywhere,
    /// In the path.
    Path,
    /// Objects of the pipelines API: all of them are in the server's own namespace.
    Own,
}

/// What a caller must be for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nobody in particular.
    Nothing,
    /// Somebody known, whatever they may do.
    Known,
    /// Somebody who may do this to such a thing.
    May { verb: Verb, resource: &'static str, place: Place },
    /// Administrator of everything; also what holds for a route that the table does not know.
    Admin { resource: &'static str },
}

impl Need {
    /// Returns the least role that is enough, if any is asked for.
    pub(crate) fn role(self) -> Option<Role> {
        match self {
            Self::Nothing | Self::Known => None,
            Self::May { verb, .. } => Some(verb.role()),
            Self::Admin { .. } => Some(Role::Admin),
        }
    }
}

/// A line: method (`*` for any), pattern, need.
type Line = (&'static str, &'static str, Need);

const fn own(verb: Verb, resource: &'static str) -> Need {
    Need::May { verb, resource, place: Place::Own }
}

const fn all(verb: Verb, resource: &'static str) -> Need {
    Need::May { verb, resource, place: Place::Everywhere }
}

const fn path(verb: Verb, resource: &'static str) -> Need {
    Need::May { verb, resource, place: Place::Path }
}

use Verb::{
    Archive, Create, Delete, Disable, Enable, Get, List, ReadArtifact, ReportMetrics, Retry, Terminate,
    Unarchive, Update,
};

pub(crate) const LINES: &[Line] = &[
    // Pages.
    ("GET", "/", Need::Nothing),
    ("GET", "/apis/docs", Need::Known),
    ("GET", "/apis/docs/style.css", Need::Nothing),
    ("GET", "/apis/openapi/{name}", Need::Known),
    // v2beta1
    ("*", "/apis/v2beta1/healthz", Need::Nothing),
    ("GET", "/apis/v2beta1/experiments", own(List, "experiments")),
    ("POST", "/apis/v2beta1/experiments", own(Create, "experiments")),
    ("GET", "/apis/v2beta1/experiments/{id}", own(Get, "experiments")),
    ("DELETE", "/apis/v2beta1/experiments/{id}", own(Delete, "experiments")),
    ("POST", "/apis/v2beta1/experiments/{id}:archive", own(Archive, "experiments")),
    ("POST", "/apis/v2beta1/experiments/{id}:unarchive", own(Unarchive, "experiments")),
    ("GET", "/apis/v2beta1/pipelines", own(List, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines", own(Create, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines/create", own(Create, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines/upload", own(Create, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines/upload_version", own(Create, "pipelines")),
    ("GET", "/apis/v2beta1/pipelines/names/{name}", own(Get, "pipelines")),
    ("GET", "/apis/v2beta1/pipelines/{id}", own(Get, "pipelines")),
    ("PATCH", "/apis/v2beta1/pipelines/{id}", own(Update, "pipelines")),
    ("DELETE", "/apis/v2beta1/pipelines/{id}", own(Delete, "pipelines")),
    ("GET", "/apis/v2beta1/pipelines/{id}/versions", own(List, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines/{id}/versions", own(Create, "pipelines")),
    ("GET", "/apis/v2beta1/pipelines/{id}/versions/{version}", own(Get, "pipelines")),
    ("PATCH", "/apis/v2beta1/pipelines/{id}/versions/{version}", own(Update, "pipelines")),
    ("DELETE", "/apis/v2beta1/pipelines/{id}/versions/{version}", own(Delete, "pipelines")),
    ("GET", "/apis/v2beta1/runs", own(List, "runs")),
    ("POST", "/apis/v2beta1/runs", own(Create, "runs")),
    ("GET", "/apis/v2beta1/runs/{id}", own(Get, "runs")),
    ("DELETE", "/apis/v2beta1/runs/{id}", own(Delete, "runs")),
    ("POST", "/apis/v2beta1/runs/{id}:archive", own(Archive, "runs")),
    ("POST", "/apis/v2beta1/runs/{id}:unarchive", own(Unarchive, "runs")),
    ("POST", "/apis/v2beta1/runs/{id}:terminate", own(Terminate, "runs")),
    ("POST", "/apis/v2beta1/runs/{id}:retry", own(Retry, "runs")),
    ("GET", "/apis/v2beta1/runs/{run}/nodes/{node}/artifacts/{name}", own(ReadArtifact, "runs")),
    ("GET", "/apis/v2beta1/recurringruns", own(List, "jobs")),
    ("POST", "/apis/v2beta1/recurringruns", own(Create, "jobs")),
    ("GET", "/apis/v2beta1/recurringruns/{id}", own(Get, "jobs")),
    ("DELETE", "/apis/v2beta1/recurringruns/{id}", own(Delete, "jobs")),
    ("POST", "/apis/v2beta1/recurringruns/{id}:enable", own(Enable, "jobs")),
    ("POST", "/apis/v2beta1/recurringruns/{id}:disable", own(Disable, "jobs")),
    // v1beta1
    ("*", "/apis/v1beta1/healthz", Need::Nothing),
    ("GET", "/apis/v1beta1/experiments", own(List, "experiments")),
    ("POST", "/apis/v1beta1/experiments", own(Create, "experiments")),
    ("GET", "/apis/v1beta1/experiments/{id}", own(Get, "experiments")),
    ("DELETE", "/apis/v1beta1/experiments/{id}", own(Delete, "experiments")),
    ("POST", "/apis/v1beta1/experiments/{id}:archive", own(Archive, "experiments")),
    ("POST", "/apis/v1beta1/experiments/{id}:unarchive", own(Unarchive, "experiments")),
    ("GET", "/apis/v1beta1/pipelines", own(List, "pipelines")),
    ("POST", "/apis/v1beta1/pipelines", own(Create, "pipelines")),
    ("POST", "/apis/v1beta1/pipelines/upload", own(Create, "pipelines")),
    ("POST", "/apis/v1beta1/pipelines/upload_version", own(Create, "pipelines")),
    ("GET", "/apis/v1beta1/pipelines/{id}", own(Get, "pipelines")),
    ("DELETE", "/apis/v1beta1/pipelines/{id}", own(Delete, "pipelines")),
    ("GET", "/apis/v1beta1/pipelines/{id}/templates", own(Get, "pipelines")),
    ("POST", "/apis/v1beta1/pipelines/{id}/default_version/{version}", own(Update, "pipelines")),
    ("GET", "/apis/v1beta1/namespaces/{namespace}/pipelines/{name}", own(Get, "pipelines")),
    ("GET", "/apis/v1beta1/pipeline_versions", own(List, "pipelines")),
    ("POST", "/apis/v1beta1/pipeline_versions", own(Create, "pipelines")),
    ("GET", "/apis/v1beta1/pipeline_versions/{id}", own(Get, "pipelines")),
    ("DELETE", "/apis/v1beta1/pipeline_versions/{id}", own(Delete, "pipelines")),
    ("GET", "/apis/v1beta1/pipeline_versions/{id}/templates", own(Get, "pipelines")),
    ("GET", "/apis/v1beta1/runs", own(List, "runs")),
    ("POST", "/apis/v1beta1/runs", own(Create, "runs")),
    ("GET", "/apis/v1beta1/runs/{id}", own(Get, "runs")),
    ("DELETE", "/apis/v1beta1/runs/{id}", own(Delete, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}:archive", own(Archive, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}:unarchive", own(Unarchive, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}:reportMetrics", own(ReportMetrics, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}/terminate", own(Terminate, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}/retry", own(Retry, "runs")),
    ("GET", "/apis/v1beta1/runs/{run}/nodes/{node}/artifacts/{name}", own(ReadArtifact, "runs")),
    ("GET", "/apis/v1beta1/jobs", own(List, "jobs")),
    ("POST", "/apis/v1beta1/jobs", own(Create, "jobs")),
    ("GET", "/apis/v1beta1/jobs/{id}", own(Get, "jobs")),
    ("DELETE", "/apis/v1beta1/jobs/{id}", own(Delete, "jobs")),
    ("POST", "/apis/v1beta1/jobs/{id}/enable", own(Enable, "jobs")),
    ("POST", "/apis/v1beta1/jobs/{id}/disable", own(Disable, "jobs")),
    ("GET", "/apis/v1beta1/auth", Need::Known),
    ("POST", "/apis/v1beta1/visualizations/{namespace}", own(Create, "visualizations")),
    // Reports of controllers, which everybody is refused.
    ("POST", "/apis/v2beta1/workflows", Need::Admin { resource: "workflows" }),
    ("POST", "/apis/v2beta1/scheduledworkflows", Need::Admin { resource: "scheduledworkflows" }),
    ("POST", "/apis/v1beta1/workflows", Need::Admin { resource: "workflows" }),
    ("POST", "/apis/v1beta1/scheduledworkflows", Need::Admin { resource: "scheduledworkflows" }),
    // v1alpha1
    ("GET", "/apis/v1alpha1/runs/{run}/nodes/{node}/log", own(Get, "runs")),
    ("GET", "/apis/v1alpha1/tasks", own(List, "runs")),
    ("POST", "/apis/v1alpha1/tasks", own(Create, "runs")),
    // The field's UI server.
    ("GET", "/artifacts/get", own(ReadArtifact, "runs")),
    ("GET", "/artifacts/{source}/{bucket}/{*key}", own(ReadArtifact, "runs")),
    ("GET", "/k8s/pod", own(Get, "runs")),
    ("GET", "/k8s/pod/events", own(Get, "runs")),
    ("GET", "/k8s/pod/logs", own(Get, "runs")),
    ("GET", "/system/cluster-name", Need::Known),
    ("GET", "/system/project-id", Need::Known),
    ("GET", "/visualizations/allowed", Need::Known),
    ("*", "/_proxy/{*path}", Need::Known),
    // Our own.
    ("GET", "/apis/pipewright/v1/whoami", Need::Nothing),
    ("POST", "/apis/pipewright/v1/login", Need::Nothing),
    ("POST", "/apis/pipewright/v1/logout", Need::Nothing),
    ("GET", "/apis/pipewright/v1/oidc/login", Need::Nothing),
    ("GET", "/apis/pipewright/v1/oidc/callback", Need::Nothing),
    ("GET", "/apis/pipewright/v1/audit", Need::Admin { resource: "audit" }),
    ("GET", "/apis/pipewright/v1/runs/{id}", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/events", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/log", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/log/lines", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/log/search", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/log/follow", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/usage", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts", own(List, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}", own(ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/content", own(ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/preview", own(ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/files", own(ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/head", own(ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/table", own(ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/lineage", own(ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/executions", own(List, "runs")),
    ("GET", "/apis/pipewright/v1/compare", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/clone", own(Get, "runs")),
    ("POST", "/apis/pipewright/v1/runs/{id}/retry", own(Retry, "runs")),
    ("POST", "/apis/pipewright/v1/runs/{id}:resume", own(Update, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/export", own(ReadArtifact, "runs")),
    ("POST", "/apis/pipewright/v1/runs/import", own(Create, "runs")),
    ("GET", "/apis/pipewright/v1/pipelines/{pipeline}/statistics", own(Get, "pipelines")),
    ("GET", "/apis/pipewright/v1/about", Need::Known),
    ("GET", "/apis/pipewright/v1/runs/{id}/graph", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/progress", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/iterations", own(Get, "runs")),
    ("GET", "/apis/pipewright/v1/pipelines/{pipeline}/graph", own(Get, "pipelines")),
    ("GET", "/apis/pipewright/v1/pipelines/{pipeline}/versions/{version}/graph", own(Get, "pipelines")),
    // Compiles what is sent and keeps nothing of it.
    ("POST", "/apis/pipewright/v1/check", own(Get, "pipelines")),
    ("GET", "/apis/pipewright/v1/events", own(List, "runs")),
    ("GET", "/apis/pipewright/v1/tensorboard", own(List, "runs")),
    ("POST", "/apis/pipewright/v1/tensorboard", own(Create, "runs")),
    ("DELETE", "/apis/pipewright/v1/tensorboard/{id}", own(Terminate, "runs")),
    ("*", "/apis/pipewright/v1/tensorboard/{id}/view/", own(ReadArtifact, "runs")),
    ("*", "/apis/pipewright/v1/tensorboard/{id}/view/{*path}", own(ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/objects", all(List, "objects")),
    ("GET", "/apis/pipewright/v1/namespaces/{namespace}/objects", path(List, "objects")),
    ("POST", "/apis/pipewright/v1/namespaces/{namespace}/objects", path(Create, "objects")),
    ("GET", "/apis/pipewright/v1/namespaces/{namespace}/objects/{kind}/{name}", path(Get, "objects")),
    ("DELETE", "/apis/pipewright/v1/namespaces/{namespace}/objects/{kind}/{name}", path(Delete, "objects")),
];

static BY_ROUTE: LazyLock<HashMap<(&str, &str), Need>> =
    LazyLock::new(|| LINES.iter().map(|(method, path, need)| ((*method, *path), *need)).collect());

/// Returns what a request needs: `pattern` is the matched route, `path` what was asked for, which says the
/// action.
pub(crate) fn need(method: &str, pattern: &str, path: &str) -> Need {
    let pattern = without_base(pattern);
    if ui::is_file(pattern) {
        return Need::Nothing;
    }
    // HEAD is answered by what answers GET.
    let method = if method == "HEAD" { "GET" } else { method };
    let found = |pattern: &str| {
        let exact = BY_ROUTE.get(&(method, pattern));
        exact.or_else(|| BY_ROUTE.get(&("*", pattern))).copied()
    };
    found(pattern)
        .or_else(|| found(&format!("{pattern}:{}", action(path)?)))
        .unwrap_or(Need::Admin { resource: "unlisted" })
}

/// Returns a pattern without the base path that the user interface may have.
pub(super) fn without_base(pattern: &str) -> &str {
    match pattern.strip_prefix("/pipeline") {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => pattern,
    }
}

fn action(path: &str) -> Option<String> {
    let segment = path.rsplit('/').next()?.replace("%3A", ":").replace("%3a", ":");
    segment.rsplit_once(':').map(|(_, action)| action.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_route_and_action() {
        let run = "/apis/v2beta1/runs/{id}";
        for (method, pattern, path, expected) in [
            ("GET", run, "/apis/v2beta1/runs/x", own(Get, "runs")),
            ("HEAD", run, "/apis/v2beta1/runs/x", own(Get, "runs")),
            ("POST", run, "/apis/v2beta1/runs/x:retry", own(Retry, "runs")),
            ("POST", run, "/apis/v2beta1/runs/x%3Aretry", own(Retry, "runs")),
            (
                "POST",
                "/pipeline/apis/v2beta1/runs/{id}",
                "/pipeline/apis/v2beta1/runs/x:retry",
                own(Retry, "runs"),
            ),
            ("POST", run, "/apis/v2beta1/runs/x:explode", Need::Admin { resource: "unlisted" }),
            ("POST", run, "/apis/v2beta1/runs/x", Need::Admin { resource: "unlisted" }),
            ("PUT", "/apis/v2beta1/healthz", "/apis/v2beta1/healthz", Need::Nothing),
            ("GET", "/pipeline", "/pipeline", Need::Nothing),
            ("GET", "/pipeline/", "/pipeline/", Need::Nothing),
            ("GET", "/pipelines", "/pipelines", Need::Admin { resource: "unlisted" }),
        ] {
            assert_eq!(need(method, pattern, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn what_changes_something_needs_more_than_a_viewer() {
        for (method, path, need) in LINES {
            let changes = !matches!(*method, "GET" | "*");
            let keeps_nothing = ["/login", "/logout", "/check"].iter().any(|end| path.ends_with(end));
            assert!(!changes || keeps_nothing || need.role() >= Some(Role::Editor), "{method} {path}");
        }
    }

    #[test]
    fn no_line_is_there_twice() {
        assert_eq!(BY_ROUTE.len(), LINES.len());
    }
}
