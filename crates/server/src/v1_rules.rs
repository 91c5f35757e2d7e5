//! What an installation lets v1 pipelines do, and what it fills into their parameters.
//!
//! Source: `BLOCK_V1_PIPELINES`, `V1_ALLOWED_NAMESPACES`, `HAS_DEFAULT_BUCKET`, `BUCKET_NAME` and `PROJECT_ID` of
//! the field's API server, whose messages clients see here too.

use pipewright_plan::{Dialect, Plan};
use pipewright_store::engine::Submit;
use serde_json::Value;

use crate::compile::Compiled;
use crate::error::Error;

/// Most bytes of parameters as JSON: of a v1 pipeline's own, and of a run's by the v1 API.
const PARAMETER_BYTES: usize = 10_000;

/// Rules for v1 pipelines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct V1Rules {
    /// They are neither taken nor run.
    pub are_blocked: bool,
    /// Where they are nevertheless, whatever the case of letters.
    pub allowed_namespaces: Vec<String>,
    /// Stands for `{{kfp-default-bucket}}` in values of parameters.
    pub default_bucket: Option<String>,
    /// Stands for `{{kfp-project-id}}` in them.
    pub project_id: Option<String>,
}

impl V1Rules {
    /// Refuses a v1 pipeline that is to be kept in a namespace, and one whose parameters are too long; shared ones
    /// are in the server's own namespace.
    pub(crate) fn check_upload(&self, namespace: &str, compiled: &Compiled) -> Result<(), Error> {
        if self.is_refused(settled(namespace), &compiled.plan) {
            return Err(Error::Invalid(
                "V1 pipeline specs are not allowed. Please migrate to using KFP V2 pipelines.".to_owned(),
            ));
        }
        match compiled.pipeline_spec.pointer("/spec/arguments/parameters") {
            Some(parameters) if compiled.plan.dialect == Dialect::V1 => check_size(parameters),
            _ => Ok(()),
        }
    }

    /// Refuses a v1 pipeline that is to run in a namespace.
    pub(crate) fn check_run(&self, namespace: &str, plan: &Plan) -> Result<(), Error> {
        let namespace = settled(namespace);
        if self.is_refused(namespace, plan) {
            return Err(Error::Invalid(format!(
                "Namespace {namespace} is not allowed to run v1 pipelines. Please migrate to using KFP V2 pipelines."
            )));
        }
        Ok(())
    }

    fn is_refused(&self, namespace: &str, plan: &Plan) -> bool {
        let allowed = self.allowed_namespaces.iter();
        self.are_blocked
            && plan.dialect == Dialect::V1
            && !allowed.map(|name| name.trim()).any(|name| name.eq_ignore_ascii_case(namespace))
    }

    /// Fills what the installation knows into the value of a v1 pipeline's parameter.
    pub(crate) fn fill(&self, value: &mut Value) {
        let Value::String(text) = value else { return };
        let fills =
            [("{{kfp-default-bucket}}", &self.default_bucket), ("{{kfp-project-id}}", &self.project_id)];
        for (tag, stands_for) in fills {
            if let Some(stands_for) = stands_for.as_ref().filter(|_| text.contains(tag)) {
                *text = text.replace(tag, stands_for);
            }
        }
    }
}

fn settled(namespace: &str) -> &str {
    if namespace.is_empty() { Submit::DEFAULT_NAMESPACE } else { namespace }
}

/// Refuses parameters that are too long as JSON.
pub(crate) fn check_size(parameters: &impl serde::Serialize) -> Result<(), Error> {
    let json = serde_json::to_vec(parameters)
        .map_err(|error| Error::internal("parameters cannot be written as JSON", error))?;
    if json.len() > PARAMETER_BYTES {
        return Err(Error::Invalid(format!(
            "The input parameter length exceed maximum size of {PARAMETER_BYTES}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_filled() {
        let rules = |bucket: Option<&str>, project: Option<&str>| V1Rules {
            default_bucket: bucket.map(str::to_owned),
            project_id: project.map(str::to_owned),
            ..V1Rules::default()
        };
        for (rules, text, expected) in [
            (rules(Some("b"), Some("p")), "gs://{{kfp-default-bucket}}/{{kfp-project-id}}", "gs://b/p"),
            (rules(Some("b"), None), "{{kfp-default-bucket}}{{kfp-project-id}}", "b{{kfp-project-id}}"),
            (rules(None, None), "{{kfp-default-bucket}}", "{{kfp-default-bucket}}"),
            (rules(Some("b"), None), "{{ kfp-default-bucket }}", "{{ kfp-default-bucket }}"),
        ] {
            let mut value = Value::from(text);
            rules.fill(&mut value);
            assert_eq!(value, expected);
        }
    }
}
