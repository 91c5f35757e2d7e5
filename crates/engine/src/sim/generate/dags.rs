//! Generated dags: plain tasks, groups with an exit task, branches with a common output, and what they hand out.

use std::time::Duration;

use indexmap::IndexMap;
use pipewright_plan::{
    ArtifactBinding, ArtifactSelector, Caching, Component, ComponentKind, Dag, DagOutputs, Items,
    ParameterSelector, ParameterSource, Retry, RetryOn, Task, TriggerStrategy,
};

use super::Maker;
use super::bindings::{Scope, pick};
use super::condition::{self, both, not};
use super::kind::Kind;
use super::leaves::Builder;
use crate::sim::plans;
use crate::sim::script::SHORTEST_TIMEOUT_S;

/// Items that a loop over an output may have.
const MOST_ITEMS: u64 = 4;

impl Maker<'_> {
    /// Makes a dag that takes these inputs and some more; returns its name.
    pub(super) fn dag(&mut self, depth: u32, given: &[(&str, Kind)]) -> String {
        let mut builder = Builder::new();
        for (name, kind) in given {
            builder.input(name, kind.clone(), kind.input(None, true));
        }
        for index in 0..self.random.below(4) {
            let kind = Kind::random(self.random);
            let default = self.random.chance(30).then(|| kind.sample(self.random));
            let declared = kind.input(default, self.random.chance(50));
            builder.input(&format!("p{index}"), kind, declared);
        }
        if depth > 0 && self.random.chance(30) {
            builder.model("m", self.random.chance(70), false);
        }
        if depth > 0 && self.random.chance(15) {
            builder.model("ms", true, true);
        }
        let mut scope = scope_of(&builder);
        let most = if depth == 0 { self.size.tasks } else { self.size.tasks.div_ceil(2) };
        // An empty dag is legal, if rare.
        let count = if depth > 0 && self.random.chance(5) { 0 } else { 1 + self.random.below(most) };
        for _ in 0..count {
            match self.random.below(22) {
                0..=2 if depth < self.size.depth => self.branches(depth, &mut scope),
                3..=5 if depth < self.size.depth => self.guarded(depth, &mut scope),
                6..=8 if depth < self.size.depth => self.nested_loop(depth, &mut scope),
                _ => {
                    let component = self.component(depth);
                    let made = self.task(&scope, &component);
                    self.place(&mut scope, made);
                }
            }
        }
        self.close(builder, scope)
    }

    /// Makes a task of this component with everything that a task may have.
    fn task(&mut self, scope: &Scope, component: &str) -> Task {
        let interface = self.interfaces[component].clone();
        let mut task = plans::task(component);
        self.bind_inputs(scope, &interface, &mut task);
        for name in scope.tasks.keys() {
            if self.random.chance(12) {
                task.upstream.insert(name.clone());
            }
        }
        if self.random.chance(28) {
            self.bind_loop(scope, &interface, &mut task);
        }
        if !task.upstream.is_empty() && self.random.chance(20) {
            let exits = self.random.chance(30);
            task.trigger.strategy = if exits { TriggerStrategy::Exit } else { TriggerStrategy::AllCompleted };
        }
        let names: Vec<String> = task.parameters.keys().cloned().collect();
        if let Some(input) = pick(self.random, &names)
            && self.random.chance(22)
        {
            let known = interface.inputs.iter().find(|(name, _)| *name == input);
            let kind = known.map_or(Kind::Text, |(_, kind)| kind.clone());
            task.trigger.condition = Some(condition::random(self.random, &input, &kind));
        }
        if matches!(
            self.plan.components[component].kind,
            ComponentKind::Container(_) | ComponentKind::Resource(_)
        ) {
            self.harden(&mut task);
        }
        task
    }

    fn harden(&mut self, task: &mut Task) {
        if self.random.chance(40) {
            task.retry = Some(Retry {
                limit_input: None,
                max_retries: self.random.below(4) as u32,
                backoff: Duration::from_millis(700 * self.random.below(3)),
                factor: 2.0,
                max_backoff: Some(Duration::from_secs(2)),
                on: RetryOn::Any,
                within: None,
                condition: None,
            });
        }
        if self.random.chance(30) {
            let key = self.random.chance(20).then(|| "own key".to_owned());
            task.caching = Caching { enabled: true, key, ..Caching::default() };
        }
        if self.random.chance(12) {
            let more = if self.random.chance(60) { 0 } else { self.random.below(1_000) };
            task.timeout = Some(Duration::from_secs(SHORTEST_TIMEOUT_S + more));
        }
    }

    /// Adds the task and what it hands on; returns its name.
    fn place(&mut self, scope: &mut Scope, task: Task) -> String {
        let name = format!("t{}", scope.tasks.len());
        let interface = &self.interfaces[&task.component];
        let is_loop = task.iterator.is_some();
        for (key, kind) in &interface.outputs {
            let kind = if is_loop { kind.listed() } else { kind.clone() };
            scope.parameters.push((plans::output(&name, key), kind));
        }
        for (key, is_list) in &interface.made {
            let binding = ArtifactBinding::TaskOutput { task: name.clone(), key: key.clone() };
            scope.models.push((binding, *is_list || is_loop));
        }
        let times = match task.iterator.as_ref().map(|iterator| &iterator.items) {
            None => 1,
            Some(Items::Static { values }) => values.len() as u64,
            Some(Items::Input { .. }) => MOST_ITEMS,
        };
        scope.weight += 1 + interface.weight.saturating_mul(times);
        scope.tasks.insert(name.clone(), task);
        name
    }

    /// Adds a group and its exit task, which learns how the group ended.
    fn guarded(&mut self, depth: u32, scope: &mut Scope) {
        let group = self.dag(depth + 1, &[]);
        let task = self.task(scope, &group);
        let group = self.place(scope, task);
        let exit = if self.random.chance(35) {
            self.dag(depth + 1, &[("status", Kind::Status)])
        } else {
            "leaf".to_owned()
        };
        let mut task = plans::task(&exit);
        plans::bind(&mut task, "status", ParameterSource::FinalStatus { task: group.clone() });
        task.upstream.insert(group);
        task.trigger.strategy = TriggerStrategy::Exit;
        self.place(scope, task);
    }

    /// Adds a loop around a dag, and a task that takes what it collected.
    fn nested_loop(&mut self, depth: u32, scope: &mut Scope) {
        let body = self.dag(depth + 1, &[("item", Kind::Text)]);
        let interface = self.interfaces[&body].clone();
        let mut task = plans::task(&body);
        self.bind_inputs(scope, &interface, &mut task);
        self.bind_loop(scope, &interface, &mut task);
        let each = self.place(scope, task);
        let lists = scope.sources(|found| found.is_list());
        let own = |source: &ParameterSource| matches!(source, ParameterSource::TaskOutput { task, .. } if *task == each);
        let collected: Vec<ParameterSource> =
            lists.into_iter().map(|(source, _)| source).filter(own).collect();
        let mut task = plans::task("reader");
        let interface = self.interfaces["reader"].clone();
        self.bind_inputs(scope, &interface, &mut task);
        if let Some(source) = pick(self.random, &collected) {
            plans::bind(&mut task, "list", source);
        }
        self.place(scope, task);
    }

    /// Adds an If with maybe Elif and Else in a group of their own, which hands on what the chosen one made.
    fn branches(&mut self, depth: u32, scope: &mut Scope) {
        let kind = [Kind::Text, Kind::Number, Kind::Flag][self.random.below(3) as usize].clone();
        let mut builder = Builder::new();
        builder.input("v", kind.clone(), kind.input(None, false));
        let mut inner = scope_of(&builder);
        let mut otherwise = None;
        let count = 2 + self.random.below(2);
        for index in 0..count {
            let component = if self.random.chance(40) { self.dag(depth + 1, &[]) } else { "leaf".to_owned() };
            let mut task = plans::task(&component);
            let interface = self.interfaces[&component].clone();
            self.bind_inputs(&inner, &interface, &mut task);
            task.upstream.clear();
            task.parameters
                .retain(|_, binding| !matches!(binding.source, ParameterSource::TaskOutput { .. }));
            task.artifacts.clear();
            plans::bind(&mut task, "pipelinechannel--v", ParameterSource::DagInput { name: "v".to_owned() });
            let own = condition::random(self.random, "pipelinechannel--v", &kind);
            let is_else = index > 0 && index + 1 == count && self.random.chance(70);
            task.trigger.condition = match otherwise.clone() {
                None => Some(own.clone()),
                Some(before) if is_else => Some(before),
                Some(before) => Some(both(before, own.clone())),
            };
            // Branches that overlap: the first that succeeded is taken.
            if self.random.chance(20) {
                task.trigger.condition = None;
            }
            otherwise = Some(match otherwise {
                None => not(own),
                Some(before) => both(before, not(own)),
            });
            self.place(&mut inner, task);
        }
        let outputs = one_of(&inner, &mut builder);
        let name = self.finish(builder, inner, outputs, "branches");
        let mut task = plans::task(&name);
        let sources = scope.sources(|found| *found == kind);
        match pick(self.random, &sources) {
            Some((source, _)) => plans::bind(&mut task, "v", source),
            None => plans::bind(&mut task, "v", plans::constant(kind.sample(self.random))),
        }
        self.place(scope, task);
    }

    /// Hands out some of what the tasks left, and adds the dag to the plan.
    fn close(&mut self, mut builder: Builder, scope: Scope) -> String {
        let mut outputs = DagOutputs::default();
        for (source, kind) in scope.parameters.iter().rev() {
            let ParameterSource::TaskOutput { task, key } = source else { continue };
            if self.random.chance(if kind.is_list() { 65 } else { 25 })
                && !outputs.parameters.contains_key(key)
            {
                let sources = vec![(task.clone(), key.clone())];
                outputs.parameters.insert(key.clone(), ParameterSelector { sources, one_of: false });
                builder.output(key, kind.clone());
            }
        }
        for (binding, is_list) in scope.models.iter().rev() {
            let ArtifactBinding::TaskOutput { task, key } = binding else { continue };
            let name = if *is_list { "models" } else { "model" };
            if self.random.chance(50) && !outputs.artifacts.contains_key(name) {
                let sources = vec![(task.clone(), key.clone())];
                outputs.artifacts.insert(name.to_owned(), ArtifactSelector { sources });
                builder.made_as(name, *is_list);
            }
        }
        self.finish(builder, scope, outputs, "dag")
    }

    fn finish(&mut self, mut builder: Builder, scope: Scope, outputs: DagOutputs, prefix: &str) -> String {
        let name = format!("{prefix}{}", self.plan.components.len());
        builder.interface.weight = 1 + scope.weight;
        let mut tasks = scope.tasks;
        if self.random.chance(30) {
            // Nothing may depend on the order in which tasks are written down.
            tasks = tasks.into_iter().rev().collect::<IndexMap<_, _>>();
        }
        let kind = ComponentKind::Dag(Dag { tasks, outputs, ..Dag::default() });
        let component =
            Component { inputs: builder.inputs, outputs: builder.outputs, locks: Vec::new(), kind };
        self.plan.components.insert(name.clone(), component);
        self.interfaces.insert(name.clone(), builder.interface);
        name
    }
}

/// Opens a dag: its own inputs can be taken, a final status by those that ask for one alone.
fn scope_of(builder: &Builder) -> Scope {
    let input = |name: &String| ParameterSource::DagInput { name: name.clone() };
    let parameters = builder.interface.inputs.iter().map(|(name, kind)| (input(name), kind.clone()));
    let model = |name: &String| ArtifactBinding::DagInput { name: name.clone() };
    let models = builder.interface.models.iter().map(|(name, is_list)| (model(name), *is_list));
    Scope { tasks: IndexMap::new(), parameters: parameters.collect(), models: models.collect(), weight: 0 }
}

/// Selects the texts and the models of whichever branch ran.
fn one_of(scope: &Scope, builder: &mut Builder) -> DagOutputs {
    let mut outputs = DagOutputs::default();
    let texts = scope.parameters.iter().filter_map(|(source, kind)| match source {
        ParameterSource::TaskOutput { task, key } if *kind == Kind::Text => Some((task.clone(), key.clone())),
        _ => None,
    });
    let texts: Vec<(String, String)> = texts.collect();
    if !texts.is_empty() {
        outputs.parameters.insert("text".to_owned(), ParameterSelector { sources: texts, one_of: true });
        builder.output("text", Kind::Text);
    }
    let models = scope.models.iter().filter_map(|(binding, is_list)| match binding {
        ArtifactBinding::TaskOutput { task, key } if !is_list => Some((task.clone(), key.clone())),
        _ => None,
    });
    let models: Vec<(String, String)> = models.collect();
    if models.len() > 1 {
        outputs.artifacts.insert("model".to_owned(), ArtifactSelector { sources: models });
        builder.made("model");
    }
    outputs
}
