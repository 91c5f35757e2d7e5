//! The values of secrets in what a page shows of pipelines and tasks: whoever wrote one into a variable, a command or
//! a parameter has not told it to everybody who may look. Names, keys and documents to work with stay as they are.

use pipewright_plan::Value;
use pipewright_store::Masks;

use super::graph::{ComponentView, GraphView, TaskDefinition};
use super::task::{CacheExplanation, ValuesView};

/// Writes over the values of secrets.
pub(crate) trait Hide {
    fn hide(&mut self, masks: &Masks);
}

impl Hide for String {
    fn hide(&mut self, masks: &Masks) {
        if !masks.is_empty() {
            *self = String::from_utf8_lossy(&masks.mask(self.as_bytes())).into_owned();
        }
    }
}

impl Hide for Value {
    fn hide(&mut self, masks: &Masks) {
        match self {
            Self::String(text) => text.hide(masks),
            Self::Array(items) => items.hide(masks),
            Self::Object(fields) => fields.values_mut().for_each(|field| field.hide(masks)),
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }
}

impl<T: Hide> Hide for Vec<T> {
    fn hide(&mut self, masks: &Masks) {
        self.iter_mut().for_each(|item| item.hide(masks));
    }
}

impl<T: Hide> Hide for Option<T> {
    fn hide(&mut self, masks: &Masks) {
        if let Some(inner) = self {
            inner.hide(masks);
        }
    }
}

impl Hide for GraphView {
    fn hide(&mut self, masks: &Masks) {
        if masks.is_empty() {
            return;
        }
        self.parameters.iter_mut().for_each(|parameter| parameter.default.hide(masks));
        self.components.values_mut().for_each(|component| component.hide(masks));
    }
}

impl Hide for ComponentView {
    fn hide(&mut self, masks: &Masks) {
        self.inputs.parameters.iter_mut().for_each(|parameter| parameter.default.hide(masks));
        if let Some(container) = &mut self.container {
            container.command.hide(masks);
            container.args.hide(masks);
            container.env.iter_mut().for_each(|variable| variable.value.hide(masks));
            container
                .labels
                .values_mut()
                .chain(container.annotations.values_mut())
                .for_each(|it| it.hide(masks));
        }
        if let Some(dag) = &mut self.dag {
            dag.tasks.hide(masks);
        }
        if let Some(importer) = &mut self.importer {
            importer.uri.hide(masks);
            importer.metadata.iter_mut().for_each(|entry| entry.value.hide(masks));
        }
        if let Some(resource) = &mut self.resource {
            resource.manifest.hide(masks);
        }
    }
}

impl Hide for TaskDefinition {
    fn hide(&mut self, masks: &Masks) {
        self.parameters.iter_mut().for_each(|binding| binding.value.hide(masks));
        self.condition.hide(masks);
        self.ready.hide(masks);
    }
}

impl Hide for ValuesView {
    fn hide(&mut self, masks: &Masks) {
        self.parameters.iter_mut().for_each(|parameter| parameter.value.hide(masks));
    }
}

impl Hide for CacheExplanation {
    fn hide(&mut self, masks: &Masks) {
        for difference in &mut self.differences {
            difference.now.hide(masks);
            difference.before.hide(masks);
        }
    }
}
