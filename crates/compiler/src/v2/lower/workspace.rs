//! The folder that all tasks of a run share. Source: v2 semantics 1.9.

use pipewright_plan::{Text, Value, Workspace};

use super::pod;
use crate::decode::Context;
use crate::v2::spec::WorkspaceConfig;

/// What a volume claim may ask for.
const ACCESS_MODES: &[&str] = &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];
/// What the claim of a workspace asks for when the pipeline says nothing.
const DEFAULT_ACCESS_MODE: &str = "ReadWriteOnce";

/// Lowers the workspace of a pipeline.
pub(super) fn lower(spec: &WorkspaceConfig, cx: &mut Context) -> Workspace {
    cx.within("workspace", |cx| {
        let mut lowered = Workspace {
            size: pod::size("size", spec.size.as_ref(), cx).map(Text::literal),
            ..Workspace::default()
        };
        let patch = spec.kubernetes.as_ref().and_then(|kubernetes| kubernetes.pvc_spec_patch.as_ref());
        if let Some(patch) = patch {
            cx.within("kubernetes", |cx| {
                cx.within("pvcSpecPatch", |cx| {
                    for (field, value) in &patch.value {
                        if let Err(problem) = set(&mut lowered, field, value) {
                            cx.error("wrong-value", patch.span, problem);
                        }
                    }
                });
            });
        }
        if lowered.access_modes.is_empty() {
            lowered.access_modes.push(DEFAULT_ACCESS_MODE.to_owned());
        }
        lowered
    })
}

fn set(workspace: &mut Workspace, field: &str, value: &Value) -> Result<(), String> {
    match (field, value) {
        ("accessModes", Value::Array(modes)) => {
            for mode in modes {
                match mode.as_str().filter(|mode| ACCESS_MODES.contains(mode)) {
                    Some(mode) => workspace.access_modes.push(mode.to_owned()),
                    None => {
                        let known = ACCESS_MODES.join(", ");
                        return Err(format!("{mode} is no access mode; there are {known}"));
                    }
                }
            }
            Ok(())
        }
        ("accessModes", _) => Err("`accessModes` must be a list".to_owned()),
        ("storageClassName", Value::String(class)) => {
            workspace.storage_class = Some(class.clone()).filter(|class| !class.is_empty());
            Ok(())
        }
        ("storageClassName", _) => Err("`storageClassName` must be a text".to_owned()),
        _ => {
            let name = crate::yaml::shorten(field);
            Err(format!("`{name}` cannot be set; only `accessModes` and `storageClassName` may be"))
        }
    }
}
