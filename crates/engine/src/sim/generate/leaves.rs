//! The containers and the importer that generated plans are made of.

use pipewright_plan::{
    ArtifactInput, ArtifactOutput, ArtifactType, Component, ComponentKind, Container, Importer, Inputs,
    Outputs, ParameterOutput, Placeholder, Resource, Supplied, Suspend, Text, TextPart, Word,
};
use serde_json::json;

use super::kind::{Interface, Kind};

/// Lists the leaves by name.
pub(super) fn all() -> Vec<(&'static str, Component, Interface)> {
    let numbers = || Kind::Number.listed();
    let mut leaf = Builder::new();
    leaf.input("text", Kind::Text, Kind::Text.input(None, true));
    leaf.input("number", Kind::Number, Kind::Number.input(Some(json!(7)), true));
    leaf.input("flag", Kind::Flag, Kind::Flag.input(None, true));
    leaf.input("list", numbers(), numbers().input(None, true));
    leaf.input("dict", Kind::Dict, Kind::Dict.input(Some(json!({"a": 1, "b": "d"})), true));
    leaf.input("status", Kind::Status, Kind::Status.input(None, true));
    leaf.model("model", true, false).model("models", true, true);
    leaf.output("text", Kind::Text).output("number", Kind::Number).output("flag", Kind::Flag);
    leaf.output("list", numbers()).output("dict", Kind::Dict).made("model");

    let mut strict = Builder::new();
    let mut mode = Kind::Text.input(Some(json!("a")), false);
    mode.literals = vec![json!("a"), json!("b"), json!("7")];
    strict.input("text", Kind::Text, Kind::Text.input(None, false));
    strict.input("number", Kind::Number, Kind::Number.input(Some(json!(5)), false));
    strict.input("mode", Kind::Text, mode);
    strict.output("text", Kind::Text).made("model");

    let mut reader = Builder::new();
    reader.input("list", numbers(), numbers().input(None, false));
    reader.model("model", false, false);
    reader.output("number", Kind::Number);

    let mut importer = Builder::new();
    importer.input("uri", Kind::Text, Kind::Text.input(Some(json!("s3://given/data")), false));
    importer.made("artifact");
    let mut reimporter = Builder::new();
    reimporter.input("uri", Kind::Text, Kind::Text.input(None, false)).made("artifact");

    let mut claim = Builder::new();
    claim.input("pvc_name", Kind::Text, Kind::Text.input(Some(json!("claim")), true));

    let mut approval = Builder::new();
    approval.output("text", Kind::Text).usual("usual", "as usual");
    let mut pause = Builder::new();
    pause.usual("text", "in time");
    let mut deadline = Builder::new();
    deadline.output("text", Kind::Text);

    vec![
        approval.build("approval", wait(None, &["text", "usual"])),
        pause.build("pause", wait(Some("2s"), &["text"])),
        deadline.build("deadline", wait(Some("3"), &["text"])),
        claim.build("claim", ComponentKind::Resource(Resource::DeleteClaim)),
        leaf.build("leaf", container()),
        strict.build("strict", container()),
        reader.build("reader", container()),
        importer.build("importer", import(false)),
        reimporter.build("reimporter", import(true)),
    ]
}

fn container() -> ComponentKind {
    let command = vec![Word::literal("true")];
    ComponentKind::Container(Container { image: Text::literal("image"), command, ..Container::default() })
}

fn wait(duration: Option<&str>, supplied: &[&str]) -> ComponentKind {
    let supplied = supplied.iter().map(|name| ((*name).to_owned(), Supplied::default()));
    ComponentKind::Suspend(Suspend { duration: duration.map(Text::literal), supplied: supplied.collect() })
}

fn import(reimport: bool) -> ComponentKind {
    let placeholder = Placeholder::InputParameter { name: "uri".to_owned() };
    ComponentKind::Importer(Importer {
        uri: Text { parts: vec![TextPart::Placeholder { placeholder }] },
        artifact_type: ArtifactType::system("system.Model"),
        metadata: Vec::new(),
        reimport,
        download_to_workspace: false,
    })
}

/// Declares a component and keeps its interface beside it.
pub(super) struct Builder {
    pub(super) inputs: Inputs,
    pub(super) outputs: Outputs,
    pub(super) interface: Interface,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            inputs: Inputs::default(),
            outputs: Outputs::default(),
            interface: Interface { weight: 1, ..Interface::default() },
        }
    }

    pub(super) fn input(
        &mut self,
        name: &str,
        kind: Kind,
        declared: pipewright_plan::ParameterInput,
    ) -> &mut Self {
        self.inputs.parameters.insert(name.to_owned(), declared);
        self.interface.inputs.push((name.to_owned(), kind));
        self
    }

    pub(super) fn model(&mut self, name: &str, optional: bool, is_list: bool) -> &mut Self {
        let artifact_type = ArtifactType::system("system.Model");
        let input = ArtifactInput { artifact_type, optional, is_list, description: None, default: None };
        self.inputs.artifacts.insert(name.to_owned(), input);
        self.interface.models.push((name.to_owned(), is_list));
        self
    }

    pub(super) fn output(&mut self, name: &str, kind: Kind) -> &mut Self {
        let output = ParameterOutput { parameter_type: kind.declared(), description: None, default: None };
        self.outputs.parameters.insert(name.to_owned(), output);
        self.interface.outputs.push((name.to_owned(), kind));
        self
    }

    /// Adds a text that has a default.
    fn usual(&mut self, name: &str, default: &str) -> &mut Self {
        self.output(name, Kind::Text);
        if let Some(output) = self.outputs.parameters.get_mut(name) {
            output.default = Some(json!(default));
        }
        self
    }

    pub(super) fn made(&mut self, name: &str) -> &mut Self {
        self.made_as(name, false)
    }

    pub(super) fn made_as(&mut self, name: &str, is_list: bool) -> &mut Self {
        let artifact_type = ArtifactType::system("system.Model");
        let output =
            ArtifactOutput { artifact_type, is_list, metadata: serde_json::Map::new(), description: None };
        self.outputs.artifacts.insert(name.to_owned(), output);
        self.interface.made.push((name.to_owned(), is_list));
        self
    }

    fn build(self, name: &'static str, kind: ComponentKind) -> (&'static str, Component, Interface) {
        (
            name,
            Component { inputs: self.inputs, outputs: self.outputs, locks: Vec::new(), kind },
            self.interface,
        )
    }
}
