//! What flows through generated plans, finer than declared types: a list knows what it holds.

use pipewright_plan::{ParameterInput, ParameterType, Value};
use serde_json::json;

use crate::sim::Random;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    Dict,
    Status,
    List(Box<Kind>),
}

impl Kind {
    /// Returns some kind that a dag may take.
    pub(super) fn random(random: &mut Random) -> Self {
        match random.below(8) {
            0..=2 => Self::Text,
            3 => Self::Number,
            4 => Self::Flag,
            5 => Self::Dict,
            6 => Self::List(Box::new(Self::Text)),
            _ => Self::List(Box::new(Self::Number)),
        }
    }

    pub(super) fn listed(&self) -> Self {
        Self::List(Box::new(self.clone()))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    pub(super) fn declared(&self) -> ParameterType {
        match self {
            Self::Text => ParameterType::String,
            Self::Number => ParameterType::NumberInteger,
            Self::Flag => ParameterType::Boolean,
            Self::Dict => ParameterType::Struct,
            Self::Status => ParameterType::TaskFinalStatus,
            Self::List(_) => ParameterType::List,
        }
    }

    /// Returns some value of this kind.
    pub(super) fn sample(&self, random: &mut Random) -> Value {
        match self {
            Self::Text => json!(["a", "b", "", "c \"d\"\n", "7"][random.below(5) as usize]),
            Self::Number if random.chance(20) => json!(0.5),
            Self::Number => json!(random.below(5)),
            Self::Flag => json!(random.chance(50)),
            Self::Dict => json!({"a": random.below(5), "b": "b"}),
            Self::Status => json!({"state": "COMPLETE"}),
            Self::List(of) => (0..random.below(4)).map(|_| of.sample(random)).collect(),
        }
    }

    /// Declares an input of this kind.
    pub(super) fn input(&self, default: Option<Value>, optional: bool) -> ParameterInput {
        ParameterInput {
            parameter_type: self.declared(),
            default,
            optional,
            literals: Vec::new(),
            description: None,
        }
    }
}

/// What a component takes and leaves.
#[derive(Debug, Clone, Default)]
pub(super) struct Interface {
    pub(super) inputs: Vec<(String, Kind)>,
    /// Input artifacts; lists are marked.
    pub(super) models: Vec<(String, bool)>,
    pub(super) outputs: Vec<(String, Kind)>,
    pub(super) made: Vec<(String, bool)>,
    /// Task instances that one use may come to.
    pub(super) weight: u64,
}
