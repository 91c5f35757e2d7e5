//! What an attempt asks of the world: a command to run, or a call to the object registry.

use pipewright_plan::{ComponentKind, Plan};

use super::{provision, resource, unresolved};
use crate::desired::Order;
use crate::event::Failure;
use crate::id::AttemptId;
use crate::state::{Node, RunState};

/// Builds an attempt's request. Errors: a setting or an input that makes no sense.
pub(crate) fn order(plan: &Plan, state: &RunState, node: &Node, number: u32) -> Result<Order, Failure> {
    let nothing = || unresolved(format!("task `{}` has nothing to run", node.key));
    let (_, component) = plan.components.get_index(node.component).ok_or_else(nothing)?;
    let attempt = AttemptId { run: state.run.clone(), task: node.key.clone(), number };
    match &component.kind {
        ComponentKind::Container(container) => {
            let launch = provision::prepare((plan, state), node, (component, container), attempt)?;
            Ok(Order::Container(Box::new(launch)))
        }
        ComponentKind::Resource(wanted) => {
            let call = resource::call((plan, state), node, (component, wanted), attempt)?;
            Ok(Order::Resource(Box::new(call)))
        }
        ComponentKind::Dag(_) | ComponentKind::Importer(_) | ComponentKind::Suspend(_) => Err(nothing()),
    }
}
