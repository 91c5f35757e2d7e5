//! The one table of who may call what. Every route has a line here, except the files of the web pages, which are
//! for everybody; a test walks the router and fails for a route without one. At run time such a route is for administrators alone.
//!
//! Verbs and resources are those of Kubeflow's access reviews (group `pipelines.kubeflow.org`) where it has
//! them. An action stands behind its path, as `{id}:archive`.

use std::collections::HashMap;
use std::sync::LazyLock;

use pipewright_store::Kind;

use super::role::{Role, Verb};
use crate::ui;

/// Where a request says which namespace it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere: it is about the server as a whole, or about all namespaces at once.
    Everywhere,
    /// Nowhere, and it shows nothing of any namespace: whoever has the role in one may.
    Somewhere,
    /// In the path.
    Path,
    /// By what the path names, of this kind.
    Of(Kind),
    /// In its query or its body, or by what these name: the handler finds out and asks its [`Permit`], without which
    /// its answer is thrown away.
    ///
    /// [`Permit`]: super::Permit
    Asked,
}

impl Place {
    /// Tells whether it is about objects of the pipelines API: without users they are all in the server's own namespace.
    pub(crate) fn is_own(self) -> bool {
        matches!(self, Self::Of(_) | Self::Asked | Self::Somewhere)
    }
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

const fn of(kind: Kind, verb: Verb, resource: &'static str) -> Need {
    Need::May { verb, resource, place: Place::Of(kind) }
}

const fn asked(verb: Verb, resource: &'static str) -> Need {
    Need::May { verb, resource, place: Place::Asked }
}

const fn any(verb: Verb, resource: &'static str) -> Need {
    Need::May { verb, resource, place: Place::Somewhere }
}

const fn all(verb: Verb, resource: &'static str) -> Need {
    Need::May { verb, resource, place: Place::Everywhere }
}

const fn path(verb: Verb, resource: &'static str) -> Need {
    Need::May { verb, resource, place: Place::Path }
}

use Kind::{Artifact, Experiment, Pipeline, PipelineVersion, RecurringRun, Run};
use Verb::{
    Archive, Audit, Create, Delete, Disable, Enable, Get, List, ReadArtifact, ReportMetrics, Retry,
    Terminate, Unarchive, Update,
};

pub(crate) const LINES: &[Line] = &[
    // Pages.
    ("GET", "/", Need::Nothing),
    ("GET", "/apis/docs", Need::Known),
    ("GET", "/apis/docs/style.css", Need::Nothing),
    ("GET", "/apis/openapi/{name}", Need::Known),
    // v2beta1
    ("*", "/apis/v2beta1/healthz", Need::Nothing),
    ("GET", "/apis/v2beta1/experiments", asked(List, "experiments")),
    ("POST", "/apis/v2beta1/experiments", asked(Create, "experiments")),
    ("GET", "/apis/v2beta1/experiments/{id}", of(Experiment, Get, "experiments")),
    ("DELETE", "/apis/v2beta1/experiments/{id}", of(Experiment, Delete, "experiments")),
    ("POST", "/apis/v2beta1/experiments/{id}:archive", of(Experiment, Archive, "experiments")),
    ("POST", "/apis/v2beta1/experiments/{id}:unarchive", of(Experiment, Unarchive, "experiments")),
    ("GET", "/apis/v2beta1/pipelines", asked(List, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines", asked(Create, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines/create", asked(Create, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines/upload", asked(Create, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines/upload_version", asked(Create, "pipelines")),
    ("GET", "/apis/v2beta1/pipelines/names/{name}", asked(Get, "pipelines")),
    ("GET", "/apis/v2beta1/pipelines/{id}", of(Pipeline, Get, "pipelines")),
    ("PATCH", "/apis/v2beta1/pipelines/{id}", of(Pipeline, Update, "pipelines")),
    ("DELETE", "/apis/v2beta1/pipelines/{id}", of(Pipeline, Delete, "pipelines")),
    ("GET", "/apis/v2beta1/pipelines/{id}/versions", of(Pipeline, List, "pipelines")),
    ("POST", "/apis/v2beta1/pipelines/{id}/versions", of(Pipeline, Create, "pipelines")),
    ("GET", "/apis/v2beta1/pipelines/{id}/versions/{version}", of(PipelineVersion, Get, "pipelines")),
    ("PATCH", "/apis/v2beta1/pipelines/{id}/versions/{version}", of(PipelineVersion, Update, "pipelines")),
    ("DELETE", "/apis/v2beta1/pipelines/{id}/versions/{version}", of(PipelineVersion, Delete, "pipelines")),
    ("GET", "/apis/v2beta1/runs", asked(List, "runs")),
    ("POST", "/apis/v2beta1/runs", asked(Create, "runs")),
    ("GET", "/apis/v2beta1/runs/{id}", of(Run, Get, "runs")),
    ("DELETE", "/apis/v2beta1/runs/{id}", of(Run, Delete, "runs")),
    ("POST", "/apis/v2beta1/runs/{id}:archive", of(Run, Archive, "runs")),
    ("POST", "/apis/v2beta1/runs/{id}:unarchive", of(Run, Unarchive, "runs")),
    ("POST", "/apis/v2beta1/runs/{id}:terminate", of(Run, Terminate, "runs")),
    ("POST", "/apis/v2beta1/runs/{id}:retry", of(Run, Retry, "runs")),
    ("GET", "/apis/v2beta1/runs/{run}/nodes/{node}/artifacts/{name}", of(Run, ReadArtifact, "runs")),
    ("GET", "/apis/v2beta1/recurringruns", asked(List, "jobs")),
    ("POST", "/apis/v2beta1/recurringruns", asked(Create, "jobs")),
    ("GET", "/apis/v2beta1/recurringruns/{id}", of(RecurringRun, Get, "jobs")),
    ("DELETE", "/apis/v2beta1/recurringruns/{id}", of(RecurringRun, Delete, "jobs")),
    ("POST", "/apis/v2beta1/recurringruns/{id}:enable", of(RecurringRun, Enable, "jobs")),
    ("POST", "/apis/v2beta1/recurringruns/{id}:disable", of(RecurringRun, Disable, "jobs")),
    ("POST", "/apis/v2beta1/visualizations/{namespace}", asked(Create, "visualizations")),
    // v1beta1
    ("*", "/apis/v1beta1/healthz", Need::Nothing),
    ("GET", "/apis/v1beta1/experiments", asked(List, "experiments")),
    ("POST", "/apis/v1beta1/experiments", asked(Create, "experiments")),
    ("GET", "/apis/v1beta1/experiments/{id}", of(Experiment, Get, "experiments")),
    ("DELETE", "/apis/v1beta1/experiments/{id}", of(Experiment, Delete, "experiments")),
    ("POST", "/apis/v1beta1/experiments/{id}:archive", of(Experiment, Archive, "experiments")),
    ("POST", "/apis/v1beta1/experiments/{id}:unarchive", of(Experiment, Unarchive, "experiments")),
    ("GET", "/apis/v1beta1/pipelines", asked(List, "pipelines")),
    ("POST", "/apis/v1beta1/pipelines", asked(Create, "pipelines")),
    ("POST", "/apis/v1beta1/pipelines/upload", asked(Create, "pipelines")),
    ("POST", "/apis/v1beta1/pipelines/upload_version", asked(Create, "pipelines")),
    ("GET", "/apis/v1beta1/pipelines/{id}", of(Pipeline, Get, "pipelines")),
    ("DELETE", "/apis/v1beta1/pipelines/{id}", of(Pipeline, Delete, "pipelines")),
    ("GET", "/apis/v1beta1/pipelines/{id}/templates", of(Pipeline, Get, "pipelines")),
    ("POST", "/apis/v1beta1/pipelines/{id}/default_version/{version}", of(Pipeline, Update, "pipelines")),
    ("GET", "/apis/v1beta1/namespaces/{namespace}/pipelines/{name}", asked(Get, "pipelines")),
    ("GET", "/apis/v1beta1/pipeline_versions", asked(List, "pipelines")),
    ("POST", "/apis/v1beta1/pipeline_versions", asked(Create, "pipelines")),
    ("GET", "/apis/v1beta1/pipeline_versions/{id}", of(PipelineVersion, Get, "pipelines")),
    ("DELETE", "/apis/v1beta1/pipeline_versions/{id}", of(PipelineVersion, Delete, "pipelines")),
    ("GET", "/apis/v1beta1/pipeline_versions/{id}/templates", of(PipelineVersion, Get, "pipelines")),
    ("GET", "/apis/v1beta1/runs", asked(List, "runs")),
    ("POST", "/apis/v1beta1/runs", asked(Create, "runs")),
    ("GET", "/apis/v1beta1/runs/{id}", of(Run, Get, "runs")),
    ("DELETE", "/apis/v1beta1/runs/{id}", of(Run, Delete, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}:archive", of(Run, Archive, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}:unarchive", of(Run, Unarchive, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}:reportMetrics", of(Run, ReportMetrics, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}/terminate", of(Run, Terminate, "runs")),
    ("POST", "/apis/v1beta1/runs/{id}/retry", of(Run, Retry, "runs")),
    ("GET", "/apis/v1beta1/runs/{run}/nodes/{node}/artifacts/{name}", of(Run, ReadArtifact, "runs")),
    ("GET", "/apis/v1beta1/jobs", asked(List, "jobs")),
    ("POST", "/apis/v1beta1/jobs", asked(Create, "jobs")),
    ("GET", "/apis/v1beta1/jobs/{id}", of(RecurringRun, Get, "jobs")),
    ("DELETE", "/apis/v1beta1/jobs/{id}", of(RecurringRun, Delete, "jobs")),
    ("POST", "/apis/v1beta1/jobs/{id}/enable", of(RecurringRun, Enable, "jobs")),
    ("POST", "/apis/v1beta1/jobs/{id}/disable", of(RecurringRun, Disable, "jobs")),
    ("GET", "/apis/v1beta1/auth", Need::Known),
    ("POST", "/apis/v1beta1/visualizations/{namespace}", asked(Create, "visualizations")),
    // Reports of controllers, which everybody is refused.
    ("POST", "/apis/v2beta1/workflows", Need::Admin { resource: "workflows" }),
    ("POST", "/apis/v2beta1/scheduledworkflows", Need::Admin { resource: "scheduledworkflows" }),
    ("POST", "/apis/v1beta1/workflows", Need::Admin { resource: "workflows" }),
    ("POST", "/apis/v1beta1/scheduledworkflows", Need::Admin { resource: "scheduledworkflows" }),
    // v1alpha1
    ("GET", "/apis/v1alpha1/runs/{run}/nodes/{node}/log", of(Run, Get, "runs")),
    ("GET", "/apis/v1alpha1/tasks", asked(List, "runs")),
    ("POST", "/apis/v1alpha1/tasks", any(Create, "runs")),
    // The field's UI server.
    ("GET", "/artifacts/get", asked(ReadArtifact, "runs")),
    ("GET", "/artifacts/{source}/{bucket}/{*key}", asked(ReadArtifact, "runs")),
    ("GET", "/k8s/pod", asked(Get, "runs")),
    ("GET", "/k8s/pod/events", asked(Get, "runs")),
    ("GET", "/k8s/pod/logs", asked(Get, "runs")),
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
    ("GET", "/apis/pipewright/v1/namespaces/{namespace}/audit", path(Audit, "what is done")),
    ("GET", "/apis/pipewright/v1/runs/{id}", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/events", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/log", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/log/lines", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/log/search", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/log/follow", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/tasks/{key}/usage", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts", asked(List, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}", of(Artifact, ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/content", of(Artifact, ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/preview", of(Artifact, ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/files", of(Artifact, ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/head", of(Artifact, ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/table", of(Artifact, ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/artifacts/{id}/lineage", of(Artifact, ReadArtifact, "runs")),
    ("GET", "/apis/pipewright/v1/executions", asked(List, "runs")),
    ("GET", "/apis/pipewright/v1/compare", asked(Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/clone", of(Run, Get, "runs")),
    ("POST", "/apis/pipewright/v1/runs/{id}/retry", of(Run, Retry, "runs")),
    ("POST", "/apis/pipewright/v1/runs/{id}:resume", of(Run, Update, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/export", of(Run, ReadArtifact, "runs")),
    ("POST", "/apis/pipewright/v1/runs/import", asked(Create, "runs")),
    ("GET", "/apis/pipewright/v1/pipelines/{pipeline}/statistics", of(Pipeline, Get, "pipelines")),
    ("GET", "/apis/pipewright/v1/about", Need::Known),
    ("GET", "/apis/pipewright/v1/namespaces", Need::Known),
    ("GET", "/apis/pipewright/v1/runs/{id}/graph", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/progress", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/runs/{id}/iterations", of(Run, Get, "runs")),
    ("GET", "/apis/pipewright/v1/pipelines/{pipeline}/graph", of(Pipeline, Get, "pipelines")),
    (
        "GET",
        "/apis/pipewright/v1/pipelines/{pipeline}/versions/{version}/graph",
        of(PipelineVersion, Get, "pipelines"),
    ),
    // Compiles what is sent and keeps nothing of it.
    ("POST", "/apis/pipewright/v1/check", asked(Get, "pipelines")),
    ("GET", "/apis/pipewright/v1/events", asked(List, "runs")),
    ("GET", "/apis/pipewright/v1/tensorboard", asked(List, "runs")),
    ("POST", "/apis/pipewright/v1/tensorboard", asked(Create, "runs")),
    ("DELETE", "/apis/pipewright/v1/tensorboard/{id}", asked(Terminate, "runs")),
    ("*", "/apis/pipewright/v1/tensorboard/{id}/view/", asked(ReadArtifact, "runs")),
    ("*", "/apis/pipewright/v1/tensorboard/{id}/view/{*path}", asked(ReadArtifact, "runs")),
    ("POST", "/apis/pipewright/v1/visualizations", asked(Create, "visualizations")),
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
            ("GET", run, "/apis/v2beta1/runs/x", of(Run, Get, "runs")),
            ("HEAD", run, "/apis/v2beta1/runs/x", of(Run, Get, "runs")),
            ("POST", run, "/apis/v2beta1/runs/x:retry", of(Run, Retry, "runs")),
            ("POST", run, "/apis/v2beta1/runs/x%3Aretry", of(Run, Retry, "runs")),
            (
                "POST",
                "/pipeline/apis/v2beta1/runs/{id}",
                "/pipeline/apis/v2beta1/runs/x:retry",
                of(Run, Retry, "runs"),
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
