//! Volume claims that a run has for itself, as the objects that are to be made.

use std::collections::BTreeMap;

use pipewright_plan::{ExecutorInput, Filling, Plan, Value};

use super::tags::Asking;
use crate::id::TaskKey;
use crate::state::{RunState, resource_name};

/// Returns the run's own claims by their names. Errors: a value of the run makes no sense in one.
pub fn run_claims(plan: &Plan, state: &RunState) -> Result<Vec<(String, Value)>, String> {
    let none = BTreeMap::new();
    let asking = Asking { plan, state, key: &TaskKey::root(), attempt: None, values: &none };
    let job = asking.job_facts(plan.platform.claims.iter().map(|claim| &claim.manifest));
    let input = ExecutorInput::default();
    let defaults = BTreeMap::new();
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    let workflow = resource_name(plan, &state.run);
    let mut claims = Vec::new();
    for claim in &plan.platform.claims {
        let mut manifest: Value = serde_json::from_str(&filling.text(&claim.manifest))
            .map_err(|error| format!("claim `{}` is no object: {error}", claim.name))?;
        let name = format!("{workflow}-{}", claim.name);
        manifest["metadata"]["name"] = Value::from(name.as_str());
        manifest["metadata"]["labels"]["workflows.argoproj.io/workflow"] = Value::from(workflow.as_str());
        claims.push((name, manifest));
    }
    Ok(claims)
}
