//! Random valid plans, with everything in them that a PipelineSpec can say.
//!
//! Values flow along typed channels, so most bindings fit; now and then one does not, an input is left out, a
//! condition cannot be evaluated, because the ends of such tasks are decided too.

mod bindings;
mod condition;
mod dags;
mod kind;
mod leaves;

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use pipewright_plan::{ComponentKind, Lock, LockKind, Plan, Text, Value};

use super::Random;
use super::plans;
use kind::{Interface, Kind};

/// Largest number of task instances that a plan may come to.
const HEAVIEST: u64 = 160;

/// How large plans get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Tasks in the root dag; dags inside have fewer.
    pub(super) tasks: u64,
    /// Dags inside dags.
    pub(super) depth: u32,
}

impl Size {
    /// Sizes from the smallest to the usual one.
    pub(super) const ALL: [Self; 4] = [
        Self { tasks: 2, depth: 1 },
        Self { tasks: 3, depth: 2 },
        Self { tasks: 4, depth: 2 },
        Self { tasks: 7, depth: 3 },
    ];

    /// Returns the size of a seed's case.
    pub(super) fn of(seed: u64) -> Self {
        Self::ALL[[1, 2, 3, 3][(seed % 4) as usize]]
    }
}

/// A plan and how it is submitted.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) plan: Plan,
    pub(super) arguments: BTreeMap<String, Value>,
    pub(super) caching_disabled: bool,
}

/// Makes a plan and arguments for it.
pub(super) fn random(random: &mut Random, size: Size) -> Sample {
    loop {
        let mut maker = Maker::new(random, size);
        let root = maker.dag(0, &[]);
        if maker.interfaces[&root].weight > HEAVIEST {
            continue;
        }
        let mut plan = maker.plan;
        plan.root = root;
        if random.chance(6) {
            plan.platform.timeout = Some(Duration::from_secs(1 + random.below(30)));
        }
        lock_some(random, &mut plan);
        let arguments = arguments(random, &plan);
        return Sample { plan, arguments, caching_disabled: random.chance(15) };
    }
}

/// Has some components want locks. What holds one and waits for another must not have it the other way round
/// elsewhere, so dags have locks of their own; leaves share theirs.
fn lock_some(random: &mut Random, plan: &mut Plan) {
    if !random.chance(30) {
        return;
    }
    for (name, component) in &mut plan.components {
        let is_dag = matches!(component.kind, ComponentKind::Dag(_));
        let names = if is_dag { vec![format!("of-{name}")] } else { vec!["a".to_owned(), "b".to_owned()] };
        for name in names {
            if random.chance(20) {
                let kind = LockKind::Mutex { name: Text::literal(name) };
                component.locks.push(Lock { namespace: None, kind });
            }
        }
    }
}

/// Gives what must be given, and some of the rest.
fn arguments(random: &mut Random, plan: &Plan) -> BTreeMap<String, Value> {
    let mut arguments = BTreeMap::new();
    let inputs = plan.root_component().map(|root| &root.inputs.parameters);
    for (name, input) in inputs.into_iter().flatten() {
        let is_required = input.default.is_none() && !input.optional;
        if is_required || random.chance(40) {
            arguments.insert(name.clone(), sample_argument(random, input.parameter_type));
        } else if input.optional && random.chance(20) {
            arguments.insert(name.clone(), Value::Null);
        }
    }
    arguments
}

fn sample_argument(random: &mut Random, declared: pipewright_plan::ParameterType) -> Value {
    let kinds = [Kind::Text, Kind::Number, Kind::Flag, Kind::Dict, Kind::Status, Kind::Number.listed()];
    let kind = kinds.into_iter().find(|kind| kind.declared() == declared).unwrap_or(Kind::Text);
    kind.sample(random)
}

/// A plan in the making.
struct Maker<'a> {
    random: &'a mut Random,
    size: Size,
    plan: Plan,
    interfaces: BTreeMap<String, Interface>,
}

impl<'a> Maker<'a> {
    fn new(random: &'a mut Random, size: Size) -> Self {
        let mut plan = plans::plan(IndexMap::new());
        plan.components.clear();
        let mut interfaces = BTreeMap::new();
        for (name, component, interface) in leaves::all() {
            plan.components.insert(name.to_owned(), component);
            interfaces.insert(name.to_owned(), interface);
        }
        Self { random, size, plan, interfaces }
    }

    /// Chooses a component: a new dag, one that another task uses already, or a leaf.
    fn component(&mut self, depth: u32) -> String {
        match self.random.below(20) {
            0..=4 if depth < self.size.depth => self.dag(depth + 1, &[]),
            5 => {
                let dags: Vec<&String> =
                    self.interfaces.keys().filter(|name| name.starts_with("dag")).collect();
                let known = dags.get(self.random.below(dags.len() as u64) as usize);
                known.map_or_else(|| "leaf".to_owned(), |name| (*name).clone())
            }
            6..=7 => "strict".to_owned(),
            8 => "reader".to_owned(),
            9 => "importer".to_owned(),
            10 => "reimporter".to_owned(),
            11 => "claim".to_owned(),
            12 => ["approval", "approval", "pause", "deadline"][self.random.below(4) as usize].to_owned(),
            _ => "leaf".to_owned(),
        }
    }
}
