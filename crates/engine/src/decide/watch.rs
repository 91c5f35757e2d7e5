//! Tasks that watch another: they fire as soon as its state makes their condition true, and have their last look
//! at its end, which is an ordinary end of upstream.
//!
//! Source: v1 semantics 4; upstream looks whenever it comes by, here each state is looked at once.

use super::Decision;
use crate::driver::{drop_helpers, is_triggered, resolve};
use crate::event::Event;
use crate::id::TaskKey;
use crate::state::{Children, NodeId, UNBORN, dag_at};

/// Names the task that is in another state after this event and has not ended.
pub(super) fn moved(event: &Event) -> Option<&TaskKey> {
    match event {
        Event::TaskStarted { task, .. }
        | Event::AttemptStarted { task, .. }
        | Event::TaskSuspended { task, .. }
        | Event::TaskResumed { task, .. } => Some(task),
        _ => None,
    }
}

impl Decision<'_> {
    /// Lets those that watch a task of a dag look at it.
    pub(super) fn notice(&mut self, task: &TaskKey) {
        let Some(id) = self.state.node(task) else { return };
        let (place, parent) = (self.state.nodes[id].place, self.state.nodes[id].parent);
        let (Some((owner, index)), Some(dag)) = (place, parent) else { return };
        let Some(layout) = self.state.layouts.get(&owner).filter(|layout| !layout.watchers.is_empty()) else {
            return;
        };
        let is_of_dag = matches!(&self.state.nodes[dag].children,
            Children::Dag { tasks, .. } if tasks.get(index) == Some(&id));
        if !is_of_dag {
            return;
        }
        for hook in layout.watchers[index].clone() {
            self.look(dag, hook);
        }
    }

    /// Tells whether something watches this task.
    pub(super) fn is_watched(&self, id: NodeId) -> bool {
        let Some((owner, index)) = self.state.nodes[id].place else { return false };
        let layout = self.state.layouts.get(&owner);
        layout.and_then(|layout| layout.watchers.get(index)).is_some_and(|hooks| !hooks.is_empty())
    }

    /// Fires a watching task when its condition holds already; else it looks again later.
    pub(super) fn look(&mut self, dag: NodeId, index: usize) {
        let plan = self.plan;
        let Children::Dag { tasks, waiting, .. } = &self.state.nodes[dag].children else { return };
        // It waits for what it watches and for nothing else.
        let may_fire = tasks.get(index) == Some(&UNBORN) && waiting[index] == 1;
        if !may_fire || self.state.is_called_off(dag) || !self.has_room(dag) {
            return;
        }
        let owner = dag_at(plan, self.state.nodes[dag].component);
        let Some((name, task)) = owner.and_then(|owner| owner.tasks.get_index(index)) else { return };
        let Some(condition) = &task.trigger.condition else { return };
        let (mut inputs, resolved) = resolve(plan, self.state, dag, (name, task));
        if is_triggered(condition, &inputs) != Ok(true) {
            return;
        }
        let key = self.state.nodes[dag].key.child(name);
        if let Err(failure) = resolved {
            return self.fail_key(key, failure);
        }
        drop_helpers(plan, &task.component, &mut inputs);
        self.fire(key, inputs);
    }
}
