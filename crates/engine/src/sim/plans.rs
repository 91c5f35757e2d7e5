//! Plans for tests and benches: regular shapes of any size, and random ones.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use pipewright_plan::{
    ArtifactOutput, ArtifactType, Caching, Component, ComponentKind, Container, Dag, DagOutputs, Dialect,
    Each, Importer, Inputs, Items, IterationKind, LoopPolicy, Outputs, ParameterBinding, ParameterInput,
    ParameterOutput, ParameterSelector, ParameterSource, ParameterType, PipelinePlatform, Plan, Task, Text,
    Trigger, Value, ValueTemplate, Word,
};

/// Makes a chain: each task takes the text output of the one before.
pub fn chain(count: usize) -> Plan {
    let mut tasks = IndexMap::new();
    for index in 0..count {
        let mut made = task("leaf");
        if let Some(before) = index.checked_sub(1) {
            bind(&mut made, "x", output(&format!("t{before}"), "out"));
        }
        tasks.insert(format!("t{index}"), made);
    }
    plan(tasks)
}

/// Makes independent tasks.
pub fn fan_out(count: usize) -> Plan {
    plan((0..count).map(|index| (format!("t{index}"), task("leaf"))).collect())
}

/// Makes one loop over so many items with a dag of one task inside, and a task that takes what was collected.
pub fn loop_of(count: usize) -> Plan {
    let mut body = task("leaf");
    bind(&mut body, "x", ParameterSource::DagInput { name: "x".to_owned() });
    let mut each = task("body");
    each.iterator = Some(LoopPolicy {
        kind: IterationKind::Parameter,
        items: Items::Static { values: (0..count).map(Value::from).collect() },
        item_input: "x".to_owned(),
        parallelism: None,
        each: Each::default(),
    });
    let mut sink = task("leaf");
    bind(&mut sink, "x", output("each", "out"));
    let mut made = plan([("each".to_owned(), each), ("sink".to_owned(), sink)].into_iter().collect());
    made.components.insert("body".to_owned(), dag([("t".to_owned(), body)].into_iter().collect(), &["t"]));
    made
}

/// Makes a loop in a loop over one task, a hundred inner iterations for each outer one, and a task that takes the list
/// of lists.
pub fn nested_loops_of(count: usize) -> Plan {
    let each = |component: &str, count: usize| {
        let mut each = task(component);
        each.iterator = Some(LoopPolicy {
            kind: IterationKind::Parameter,
            items: Items::Static { values: (0..count).map(Value::from).collect() },
            item_input: "x".to_owned(),
            each: Each::default(),
            parallelism: None,
        });
        each
    };
    let mut body = task("leaf");
    bind(&mut body, "x", ParameterSource::DagInput { name: "x".to_owned() });
    let mut sink = task("leaf");
    bind(&mut sink, "x", output("outer", "out"));
    let outer = each("outer", count.div_ceil(100));
    let mut made = plan([("outer".to_owned(), outer), ("sink".to_owned(), sink)].into_iter().collect());
    let inner = each("inner", 100);
    made.components
        .insert("outer".to_owned(), dag([("inner".to_owned(), inner)].into_iter().collect(), &["inner"]));
    made.components.insert("inner".to_owned(), dag([("t".to_owned(), body)].into_iter().collect(), &["t"]));
    made
}

/// Makes a task of that component without inputs.
pub fn task(component: &str) -> Task {
    Task {
        display_name: component.to_owned(),
        component: component.to_owned(),
        parameters: IndexMap::new(),
        artifacts: IndexMap::new(),
        upstream: BTreeSet::new(),
        trigger: Trigger::default(),
        iterator: None,
        retry: None,
        caching: Caching::default(),
        timeout: None,
    }
}

/// Binds a parameter, and waits for the task that it comes from.
pub fn bind(task: &mut Task, input: &str, source: ParameterSource) {
    if let ParameterSource::TaskOutput { task: producer, .. } = &source {
        task.upstream.insert(producer.clone());
    }
    task.parameters.insert(input.to_owned(), ParameterBinding { source, selector: None });
}

/// Refers to an output parameter of a sibling.
pub fn output(task: &str, key: &str) -> ParameterSource {
    ParameterSource::TaskOutput { task: task.to_owned(), key: key.to_owned() }
}

/// Makes a literal.
pub fn constant(value: Value) -> ParameterSource {
    ParameterSource::Constant { value: ValueTemplate::Literal { value } }
}

/// Makes a dag component with input `x` and output `out`, the first of the sources that succeeded.
pub fn dag(tasks: IndexMap<String, Task>, sources: &[&str]) -> Component {
    let sources: Vec<(String, String)> =
        sources.iter().map(|task| ((*task).to_owned(), "out".to_owned())).collect();
    let mut outputs = DagOutputs::default();
    if !sources.is_empty() {
        let one_of = sources.len() > 1;
        outputs.parameters.insert("out".to_owned(), ParameterSelector { sources, one_of });
    }
    component(ComponentKind::Dag(Dag { tasks, outputs, ..Dag::default() }), &["out"])
}

/// Makes a plan of these tasks over the components `leaf` (input `x`, output `out`), `list` (also a list
/// `items`) and `importer`.
pub fn plan(tasks: IndexMap<String, Task>) -> Plan {
    let container = || {
        let command = vec![Word::literal("true")];
        ComponentKind::Container(Container { image: Text::literal("image"), command, ..Container::default() })
    };
    let importer = ComponentKind::Importer(Importer {
        uri: Text::literal("/data/given"),
        artifact_type: ArtifactType::system("system.Artifact"),
        metadata: Vec::new(),
        reimport: false,
        download_to_workspace: false,
    });
    let mut components = IndexMap::new();
    components.insert("root".to_owned(), dag(tasks, &[]));
    components.insert("leaf".to_owned(), component(container(), &["out"]));
    components.insert("list".to_owned(), component(container(), &["out", "items"]));
    components.insert("importer".to_owned(), component(importer, &["out"]));
    Plan {
        name: "simulated".to_owned(),
        display_name: None,
        description: None,
        dialect: Dialect::V2,
        sdk_version: None,
        default_pipeline_root: None,
        platform: PipelinePlatform::default(),
        root: "root".to_owned(),
        components,
    }
}

fn component(kind: ComponentKind, names: &[&str]) -> Component {
    let input = |parameter_type| ParameterInput {
        parameter_type,
        default: None,
        optional: true,
        literals: Vec::new(),
        description: None,
    };
    let mut inputs = Inputs::default();
    inputs.parameters.insert("x".to_owned(), input(ParameterType::String));
    let mut outputs = Outputs::default();
    for name in names {
        let parameter_type = if *name == "items" { ParameterType::List } else { ParameterType::String };
        outputs
            .parameters
            .insert((*name).to_owned(), ParameterOutput { parameter_type, description: None, default: None });
    }
    if matches!(kind, ComponentKind::Container(_)) {
        let artifact_type = ArtifactType::system("system.Model");
        let model = ArtifactOutput {
            artifact_type,
            is_list: false,
            metadata: serde_json::Map::new(),
            description: None,
        };
        outputs.artifacts.insert("model".to_owned(), model);
    }
    Component { inputs, outputs, locks: Vec::new(), kind }
}
