//! Locks by their complete names.

use std::collections::BTreeMap;

use pipewright_plan::{Filling, Lock, LockKind, Plan, Text};

use super::resolve::inputs_alone;
use super::tags::Asking;
use super::{defaults_of, unresolved};
use crate::event::{Failure, LockClaim, LockSize};
use crate::state::{NodeId, RunState};

/// Returns the locks that a task needs, each once. Errors: a name that makes no sense.
pub(crate) fn lock_claims((plan, state): (&Plan, &RunState), id: NodeId) -> Result<Vec<LockClaim>, Failure> {
    let node = &state.nodes[id];
    let Some((_, component)) = plan.components.get_index(node.component) else { return Ok(Vec::new()) };
    let of_run = if node.parent.is_none() { plan.platform.locks.as_slice() } else { &[] };
    let locks: Vec<&Lock> = of_run.iter().chain(&component.locks).collect();
    let asking = Asking { plan, state, key: &node.key, attempt: None, values: &node.inputs.parameters };
    let job = asking.job_facts(locks.iter().flat_map(|lock| lock.texts()));
    let input = inputs_alone(&node.inputs);
    let defaults = defaults_of(component, &node.inputs);
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    let mut claims: BTreeMap<String, LockClaim> = BTreeMap::new();
    for lock in locks {
        let read = |what: &str, text: &Text| {
            let text = filling.text(text);
            let is_name = !text.is_empty() && !text.contains(['/', '{', '}']);
            is_name.then_some(text.clone()).ok_or_else(|| unresolved(format!("`{text}` is no {what}")))
        };
        let namespace = match &lock.namespace {
            Some(text) => read("namespace of a lock", text)?,
            None => state.namespace().to_owned(),
        };
        let claim = match &lock.kind {
            LockKind::Mutex { name } => LockClaim {
                name: format!("{namespace}/Mutex/{}", read("name of a mutex", name)?),
                size: None,
            },
            LockKind::Semaphore { config_map, key } => {
                let config_map = read("name of a config map", config_map)?;
                let key = read("key of a config map", key)?;
                let name = format!("{namespace}/ConfigMap/{config_map}/{key}");
                LockClaim { name, size: Some(LockSize { namespace, config_map, key }) }
            }
        };
        claims.insert(claim.name.clone(), claim);
    }
    Ok(claims.into_values().collect())
}
