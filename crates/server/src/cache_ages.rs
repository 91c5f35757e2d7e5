//! How old results may be that steps of v1 pipelines take, where a server says something of it.
//!
//! Source: v1 semantics 2.11: a step's own word, else the default; at most the maximum; none at all for zero.

use std::time::Duration;

use pipewright_plan::{Caching, ComponentKind, Dialect, Plan};

/// Limits for runs that are created from now on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheAges {
    /// For steps that say nothing; `None` takes a result of any age.
    pub usual: Option<Duration>,
    /// Whatever steps say.
    pub most: Option<Duration>,
}

impl CacheAges {
    /// Tells whether they say anything of a plan.
    pub(crate) fn concern(self, plan: &Plan) -> bool {
        plan.dialect == Dialect::V1 && self != Self::default()
    }

    /// Writes the limits into the tasks of a plan.
    pub(crate) fn apply(self, plan: &mut Plan) {
        for component in plan.components.values_mut() {
            if let ComponentKind::Dag(dag) = &mut component.kind {
                dag.tasks.values_mut().for_each(|task| self.limit(&mut task.caching));
            }
        }
    }

    fn limit(self, caching: &mut Caching) {
        let own = caching.max_age.or(self.usual);
        caching.max_age = match (own, self.most) {
            (Some(own), Some(most)) => Some(own.min(most)),
            (own, most) => own.or(most),
        };
        caching.enabled &= caching.max_age != Some(Duration::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_held_to_the_limits_of_the_server() {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        let check = |(usual, most), own, expected| {
            let mut caching = Caching { enabled: true, max_age: own, ..Caching::default() };
            CacheAges { usual, most }.limit(&mut caching);
            assert_eq!((caching.enabled, caching.max_age), expected);
        };
        check((None, None), None, (true, None));
        check((None, None), Some(days(9)), (true, Some(days(9))));
        check((Some(days(3)), None), None, (true, Some(days(3))));
        check((Some(days(3)), None), Some(days(9)), (true, Some(days(9))));
        check((None, Some(days(5))), None, (true, Some(days(5))));
        check((Some(days(8)), Some(days(5))), None, (true, Some(days(5))));
        check((Some(days(3)), Some(days(5))), Some(days(9)), (true, Some(days(5))));
        check((Some(Duration::ZERO), None), None, (false, Some(Duration::ZERO)));
        check((Some(Duration::ZERO), None), Some(days(1)), (true, Some(days(1))));
    }
}
