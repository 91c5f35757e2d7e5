//! How a generated task gets its inputs: from channels in reach, constants, templates, selectors, or not at all.

use indexmap::IndexMap;
use pipewright_plan::{
    ArtifactBinding, Each, Expr, Items, IterationKind, LoopPolicy, ParameterBinding, ParameterSource,
    Placeholder, Task, Text, TextPart, Value, ValueTemplate,
};

use super::Maker;
use super::condition;
use super::kind::{Interface, Kind};
use crate::sim::Random;
use crate::sim::plans;

/// A dag in the making: its tasks so far, and what later ones can take.
pub(super) struct Scope {
    pub(super) tasks: IndexMap<String, Task>,
    pub(super) parameters: Vec<(ParameterSource, Kind)>,
    /// Artifacts; lists are marked.
    pub(super) models: Vec<(ArtifactBinding, bool)>,
    pub(super) weight: u64,
}

impl Scope {
    pub(super) fn sources(&self, fits: impl Fn(&Kind) -> bool) -> Vec<(ParameterSource, Kind)> {
        self.parameters.iter().filter(|(_, kind)| fits(kind)).cloned().collect()
    }
}

/// Picks one of them, if there is any.
pub(super) fn pick<T: Clone>(random: &mut Random, among: &[T]) -> Option<T> {
    among.get(random.below(among.len() as u64) as usize).cloned()
}

impl Maker<'_> {
    /// Binds what the component takes; some of it is left out.
    pub(super) fn bind_inputs(&mut self, scope: &Scope, interface: &Interface, task: &mut Task) {
        let declared = self.plan.components[&task.component].inputs.clone();
        for (name, kind) in &interface.inputs {
            let input = &declared.parameters[name];
            let is_required = !input.optional && input.default.is_none();
            if *kind == Kind::Status {
                let known = scope.sources(|found| *found == Kind::Status);
                self.bind_source(&known, name, None, task);
                continue;
            }
            if self.random.chance(if is_required { 4 } else { 45 }) {
                continue;
            }
            self.bind_input(scope, name, kind, task);
        }
        for (name, _) in &interface.models {
            let skips = if declared.artifacts[name].optional { 50 } else { 4 };
            if self.random.chance(skips) {
                continue;
            }
            if let Some((binding, _)) = pick(self.random, &scope.models) {
                if let ArtifactBinding::TaskOutput { task: producer, .. } = &binding {
                    task.upstream.insert(producer.clone());
                }
                task.artifacts.insert(name.clone(), binding);
            }
        }
    }

    fn bind_input(&mut self, scope: &Scope, name: &str, kind: &Kind, task: &mut Task) {
        let exact = scope.sources(|found| found == kind);
        let any = scope.sources(|found| *found != Kind::Status);
        let dicts = scope.sources(|found| *found == Kind::Dict);
        let wants = |number| *kind == Kind::Text || (number && *kind == Kind::Number);
        match self.random.below(20) {
            0..=8 if !exact.is_empty() => self.bind_source(&exact, name, None, task),
            9..=10 if wants(false) && !any.is_empty() => self.bind_source(&any, name, None, task),
            11 if wants(false) && !any.is_empty() => {
                self.bind_source(&any, "pipelinechannel--helper", None, task);
                let placeholder = Placeholder::InputParameter { name: "pipelinechannel--helper".to_owned() };
                let literal = TextPart::Literal { text: "so ".to_owned() };
                let text = Text { parts: vec![literal, TextPart::Placeholder { placeholder }] };
                let source = ParameterSource::Constant { value: ValueTemplate::Text { text } };
                plans::bind(task, name, source);
            }
            12..=14 if wants(true) && !dicts.is_empty() => {
                let field = if self.random.chance(90) { "a" } else { "z" };
                self.bind_source(&dicts, name, Some(condition::field(field)), task);
            }
            15 if self.random.chance(25) && !any.is_empty() => self.bind_source(&any, name, None, task),
            _ => {
                let value = kind.sample(self.random);
                plans::bind(task, name, plans::constant(value));
            }
        }
    }

    fn bind_source(
        &mut self,
        among: &[(ParameterSource, Kind)],
        name: &str,
        selector: Option<Expr>,
        task: &mut Task,
    ) {
        let Some((source, _)) = pick(self.random, among) else { return };
        plans::bind(task, name, source.clone());
        task.parameters.insert(name.to_owned(), ParameterBinding { source, selector });
    }

    /// Makes the task a loop over one of its inputs, if it has one.
    pub(super) fn bind_loop(&mut self, scope: &Scope, interface: &Interface, task: &mut Task) {
        let parallelism = [None, None, Some(0), Some(1), Some(2)][self.random.below(5) as usize];
        let lists: Vec<ArtifactBinding> =
            scope.models.iter().filter(|(_, is_list)| *is_list).map(|(binding, _)| binding.clone()).collect();
        let single = interface.models.iter().find(|(_, is_list)| !is_list);
        if let (Some((item, _)), Some(list)) = (single, pick(self.random, &lists))
            && self.random.chance(60)
        {
            if let ArtifactBinding::TaskOutput { task: producer, .. } = &list {
                task.upstream.insert(producer.clone());
            }
            let name = "pipelinechannel--models".to_owned();
            task.artifacts.insert(name.clone(), list);
            task.artifacts.shift_remove(item);
            let items = Items::Input { name };
            let kind = IterationKind::Artifact;
            task.iterator = Some(LoopPolicy {
                kind,
                items,
                item_input: item.clone(),
                parallelism,
                each: Each::default(),
            });
            return;
        }
        let takes: Vec<&(String, Kind)> =
            interface.inputs.iter().filter(|(_, kind)| *kind != Kind::Status).collect();
        let Some((item, kind)) = pick(self.random, &takes) else { return };
        let items = self.items(scope, interface, (item, kind), task);
        task.parameters.shift_remove(item);
        task.iterator = Some(LoopPolicy {
            kind: IterationKind::Parameter,
            items,
            item_input: item.clone(),
            parallelism,
            each: Each::default(),
        });
    }

    fn items(
        &mut self,
        scope: &Scope,
        interface: &Interface,
        (item, kind): (&String, &Kind),
        task: &mut Task,
    ) -> Items {
        let fitting = scope.sources(|found| *found == kind.listed());
        let lists = scope.sources(|found| matches!(found, Kind::List(_)));
        // An item that is text may be anything.
        let lists = if *kind == Kind::Text || self.random.chance(5) { lists } else { fitting };
        let Value::Array(values) = kind.listed().sample(self.random) else { return no_items() };
        let declared =
            interface.inputs.iter().find(|(name, kind)| name != item && matches!(kind, Kind::List(_)));
        let name = match declared {
            Some((name, _)) if self.random.chance(40) => name.clone(),
            _ => "pipelinechannel--items".to_owned(),
        };
        match self.random.below(10) {
            0..=5 if !lists.is_empty() => self.bind_source(&lists, &name, None, task),
            6 => plans::bind(task, &name, plans::constant(Value::Array(values).to_string().into())),
            7 if self.random.chance(15) => plans::bind(task, &name, plans::constant("no list".into())),
            _ => return Items::Static { values },
        }
        Items::Input { name }
    }
}

fn no_items() -> Items {
    Items::Static { values: Vec::new() }
}
