//! Dags that limit how many of their tasks run at once, and those that start nothing more after a failure.
//! Source: v1 semantics 2.4 and 2.6.

use super::{Decision, Work};
use crate::state::{Children, NodeId, UNBORN, dag_at};

impl Decision<'_> {
    /// Tells whether another task, or another iteration of one, may start in this dag instance.
    pub(super) fn has_room(&self, dag: NodeId) -> bool {
        let limit = dag_at(self.plan, self.state.nodes[dag].component).and_then(|dag| dag.parallelism);
        let Some(limit) = limit else { return true };
        let Children::Dag { tasks, .. } = &self.state.nodes[dag].children else { return true };
        let born = tasks.iter().filter(|task| **task != UNBORN).map(|task| &self.state.nodes[*task]);
        let running =
            born.filter(|node| !node.phase.is_terminal() && !node.resting).map(|node| match &node.children {
                Children::Loop { open, .. } => *open,
                Children::None | Children::Dag { .. } => 1,
            });
        running.sum::<u32>() < limit
    }

    /// Tells whether nothing more starts in this dag instance, because something in it has failed.
    pub(super) fn is_stopped(&self, dag: NodeId) -> bool {
        self.state.nodes[dag].has_failed_inside
            && dag_at(self.plan, self.state.nodes[dag].component).is_some_and(|dag| dag.fail_fast)
    }

    /// Gives the tasks and loops of a limited dag their turn once more, after something in it has ended.
    pub(super) fn use_room(&mut self, dag: NodeId) {
        let is_limited = dag_at(self.plan, self.state.nodes[dag].component)
            .is_some_and(|dag| dag.parallelism.is_some() || dag.fail_fast);
        let Children::Dag { tasks, waiting, .. } = &self.state.nodes[dag].children else { return };
        if !is_limited {
            return;
        }
        let watchers = self.state.layouts.get(&self.state.nodes[dag].component);
        let watchers = watchers.map(|layout| layout.watchers.as_slice()).unwrap_or_default();
        let looking = watchers.iter().enumerate().filter(|(watched, _)| tasks[*watched] != UNBORN);
        let looking = looking.flat_map(|(_, hooks)| hooks).filter(|hook| waiting[**hook] == 1);
        self.work.extend(looking.map(|&task| Work::Look { dag, task }));
        for (task, &node) in tasks.iter().enumerate() {
            if node == UNBORN {
                if waiting[task] == 0 {
                    self.work.push_back(Work::Consider { dag, task });
                }
            } else if self.state.nodes[node].resting {
                self.work.push_back(Work::Consider { dag, task });
            } else if matches!(self.state.nodes[node].children, Children::Loop { .. }) {
                self.work.push_back(Work::Pump(node));
            }
        }
    }
}
