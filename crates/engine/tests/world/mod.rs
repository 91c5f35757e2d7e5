//! A small world for scenario tests: plans as data, scripted attempts, virtual time.

#![allow(clippy::unwrap_used)]
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::{BTreeMap, VecDeque};

use pipewright_engine::{
    AttemptEnd, AttemptId, CacheAnswer, Desired, Event, Failure, FailureReason, ImportAnswer, Input,
    Observation, Observed, Retry, RunId, RunState, Submit, TaskKey, Timestamp, decide, desired,
    desired_after, launch,
};
use pipewright_plan::{Plan, Published, Usage, Value, check};
use serde_json::json;

/// What the attempts of a task do, in order; the last one repeats. Without a script they succeed.
#[derive(Clone)]
pub enum Act {
    Succeed(Value),
    Fail,
    Hang,
}

pub struct World {
    pub plan: Plan,
    pub state: RunState,
    pub journal: Vec<Event>,
    pub now: Timestamp,
    pub launched: Vec<String>,
    /// Tasks for which an earlier result was looked for.
    pub looked_up: Vec<String>,
    /// Tasks that are done anew whatever there is.
    pub fresh: Vec<TaskKey>,
    pub most_at_once: usize,
    /// Killed attempts go on until the test ends them.
    pub dying_slowly: bool,
    scripts: BTreeMap<String, Vec<Act>>,
    running: VecDeque<AttemptId>,
    wake_at: Option<Timestamp>,
}

/// Makes a plan of a root dag and further components. A component given as `{"tasks": …}` is a dag.
pub fn plan(root: Value, components: Value) -> Plan {
    let mut all = serde_json::Map::new();
    let mut add = |name: &str, body: &Value| {
        let mut body = body.clone();
        if let Some(tasks) = body.get("tasks").cloned() {
            let outputs = body.get("dag_outputs").cloned().unwrap_or(json!({}));
            body["kind"] = json!({"kind": "dag", "tasks": tasks, "outputs": outputs});
        } else if body.get("kind").is_none() {
            body["kind"] = json!({"kind": "container", "image": []});
        }
        let tasks = body.pointer_mut("/kind/tasks").and_then(Value::as_object_mut);
        for (name, task) in tasks.into_iter().flatten() {
            task["display_name"] = json!(name);
        }
        all.insert(name.to_owned(), body);
    };
    add("root", &root);
    for (name, body) in components.as_object().unwrap() {
        add(name, body);
    }
    let plan = json!({"name": "p", "dialect": "v2", "root": "root", "components": all});
    let plan: Plan = serde_json::from_value(plan).unwrap();
    check(&plan).unwrap();
    plan
}

impl World {
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            state: RunState::new(RunId("11111111-2222-3333-4444-555555555555".to_owned())),
            journal: Vec::new(),
            now: Timestamp(1_700_000_000_000_000),
            launched: Vec::new(),
            looked_up: Vec::new(),
            fresh: Vec::new(),
            most_at_once: 0,
            dying_slowly: false,
            scripts: BTreeMap::new(),
            running: VecDeque::new(),
            wake_at: None,
        }
    }

    pub fn script(mut self, task: &str, acts: &[Act]) -> Self {
        self.scripts.insert(format!("root/{task}"), acts.to_vec());
        self
    }

    pub fn submit(&mut self, arguments: Value) {
        let arguments = serde_json::from_value(arguments).unwrap();
        let submit = Submit {
            display_name: "a run".to_owned(),
            arguments,
            pipeline_root: "/artifacts".to_owned(),
            created_at: self.now,
            fresh: self.fresh.clone(),
            ..Submit::default()
        };
        self.input(&Input::Submit { submit: Box::new(submit) });
    }

    /// Runs until nothing happens any more.
    pub fn run(mut self, arguments: Value) -> Self {
        self.submit(arguments);
        self.settle();
        self
    }

    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            let idle = self.running.iter().position(|attempt| !matches!(self.act(attempt), Act::Hang));
            if let Some(index) = idle {
                let attempt = self.running.remove(index).unwrap();
                let end = self.end_of(&attempt);
                self.observe(attempt, end);
            } else if let Some(at) = self.wake_at.filter(|_| !self.state.is_over()) {
                self.now = self.now.max(at);
                self.input(&Input::Tick);
            } else {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    pub fn launched_attempts(&self) -> Vec<AttemptId> {
        self.running.iter().cloned().collect()
    }

    pub fn observe_start(&mut self, attempt: &AttemptId) {
        self.observe_start_in(attempt, None);
    }

    pub fn observe_start_in(&mut self, attempt: &AttemptId, image: Option<&str>) {
        let observed = Observed::Started { place: "here".to_owned(), image: image.map(str::to_owned) };
        let observation = Observation { attempt: attempt.clone(), at: self.now, observed };
        self.input(&Input::Observed { observation: Box::new(observation) });
    }

    pub fn observe(&mut self, attempt: AttemptId, end: AttemptEnd) {
        let at = self.now;
        self.observe_start(&attempt);
        let observed = Observed::Ended { end: Box::new(end) };
        let observation = Observation { attempt, at, observed };
        self.input(&Input::Observed { observation: Box::new(observation) });
    }

    pub fn input(&mut self, input: &Input) {
        self.now = Timestamp(self.now.0 + 1000);
        let events = decide(&self.plan, &mut self.state, input, self.now);
        self.journal.extend(events.clone());
        if self.journal.len() < 400 {
            let text = serde_json::to_string(&self.journal).unwrap();
            let read: Vec<Event> = serde_json::from_str(&text).unwrap();
            let replayed = RunState::replay(self.state_run(), &self.plan, &read);
            assert!(replayed == self.state, "replayed state differs after {events:#?}");
            let all = desired(&self.plan, &replayed);
            assert_eq!(all.wake_at, desired_after(&self.plan, &self.state, &events).wake_at);
        }
        let wanted = desired_after(&self.plan, &self.state, &events);
        self.act_on(wanted);
    }

    fn state_run(&self) -> RunId {
        RunId("11111111-2222-3333-4444-555555555555".to_owned())
    }

    fn act_on(&mut self, wanted: Desired) {
        self.wake_at = wanted.wake_at;
        for attempt in wanted.launches {
            if launch(&self.plan, &self.state, &attempt).is_some() {
                self.launched.push(attempt.task.as_str().trim_start_matches("root/").to_owned());
                self.running.push_back(attempt);
            }
        }
        self.most_at_once = self.most_at_once.max(self.running.len());
        let kills = if self.dying_slowly { Vec::new() } else { wanted.kills };
        for attempt in kills {
            self.running.retain(|running| *running != attempt);
            self.observe(attempt, failed(FailureReason::Cancelled));
        }
        for lookup in wanted.lookups {
            self.looked_up.push(lookup.task.as_str().trim_start_matches("root/").to_owned());
            let (fingerprint, round) = (lookup.fingerprint, lookup.round);
            let answer = CacheAnswer { task: lookup.task, fingerprint, hit: None, round };
            self.input(&Input::Cache { answer: Box::new(answer) });
        }
        for import in wanted.imports {
            let answer = ImportAnswer { task: import.task, known: None, error: None, round: import.round };
            self.input(&Input::Import { answer: Box::new(answer) });
        }
    }

    fn act(&self, attempt: &AttemptId) -> Act {
        let acts = self.scripts.get(attempt.task.as_str());
        let act = acts.and_then(|acts| acts.get(attempt.number as usize).or(acts.last()));
        act.cloned().unwrap_or(Act::Succeed(json!({})))
    }

    fn end_of(&self, attempt: &AttemptId) -> AttemptEnd {
        let Act::Succeed(parameters) = self.act(attempt) else { return failed(FailureReason::ExitCode) };
        let order = launch(&self.plan, &self.state, attempt).unwrap();
        let mut published = Published {
            parameters: serde_json::from_value(parameters).unwrap(),
            artifacts: order.output_artifacts().clone(),
        };
        for name in order.output_parameters().keys() {
            let said = json!(format!("{}.{name}", attempt.task.name()));
            published.parameters.entry(name.clone()).or_insert(said);
        }
        AttemptEnd::Succeeded { published, usage: Usage::default() }
    }

    /// Lists `path: phase` of everything below the root, in path order.
    pub fn phases(&self) -> Vec<String> {
        let views = self.state.task_keys().filter_map(|key| self.state.task_view(&self.plan, key));
        let lines = views.map(|view| {
            let phase = serde_json::to_value(view.phase).unwrap();
            format!("{}: {}", view.key, phase.as_str().unwrap())
        });
        lines.filter(|line| !line.starts_with("root:")).map(|line| line.replacen("root/", "", 1)).collect()
    }

    /// Has the finished run go on, from these tasks too.
    pub fn retry(&mut self, from: &[&str]) {
        let from = from.iter().map(|task| TaskKey(format!("root/{task}"))).collect();
        self.launched.clear();
        let retry = Retry { requested_at: self.now, from };
        self.input(&Input::Retry { retry });
        self.settle();
    }

    pub fn phase(&self) -> String {
        let phase = serde_json::to_value(self.state.run_view().phase).unwrap();
        phase.as_str().unwrap().to_owned()
    }

    pub fn inputs(&self, task: &str) -> Value {
        let key = TaskKey(format!("root/{task}"));
        let view = self.state.task_view(&self.plan, &key).unwrap();
        serde_json::to_value(&view.inputs.parameters).unwrap()
    }

    pub fn outputs(&self, task: &str) -> Value {
        let key = TaskKey(format!("root/{task}"));
        let view = self.state.task_view(&self.plan, &key).unwrap();
        serde_json::to_value(view.outcome.parameters).unwrap()
    }
}

pub fn failed(reason: FailureReason) -> AttemptEnd {
    let failure = Failure { reason, message: "no luck".to_owned(), hint: None, exit_code: Some(1) };
    AttemptEnd::Failed { failure, usage: Usage::default(), published: None }
}
