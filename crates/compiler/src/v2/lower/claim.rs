//! Tasks that create or delete a volume claim: containers by their looks, orders by their image.
//!
//! Source: v2 semantics 1.9.

use pipewright_plan::Resource;

use crate::decode::Context;
use crate::v2::spec::{ComponentSpec, ContainerSpec};

/// The images that stand for an order.
const CREATE: &str = "argostub/createpvc";
const DELETE: &str = "argostub/deletepvc";

/// Returns what a container orders, when its image is no image.
pub(super) fn order(container: &ContainerSpec) -> Option<Resource> {
    match container.image.as_ref()?.value.as_str() {
        CREATE => Some(Resource::CreateClaim),
        DELETE => Some(Resource::DeleteClaim),
        _ => None,
    }
}

/// Checks that the component has the inputs and outputs of its order.
pub(super) fn lower(
    resource: Resource,
    spec: &ComponentSpec,
    container: &ContainerSpec,
    cx: &mut Context,
) -> Resource {
    let (needed, makes_name): (&[&str], bool) = match resource {
        Resource::CreateClaim => (&["access_modes", "size"], true),
        Resource::DeleteClaim | Resource::Manifest(_) => (&["pvc_name"], false),
    };
    let missing: Vec<String> = needed
        .iter()
        .filter(|input| !spec.declares_parameter(input))
        .map(|input| format!("input parameter `{input}`"))
        .chain(
            (makes_name && !spec.output_parameters().any(|output| output == "name"))
                .then(|| "output parameter `name`".to_owned()),
        )
        .collect();
    if !missing.is_empty() {
        let image = container.image.as_ref();
        let message = format!(
            "the image `{}` is an order for a volume claim, but the component lacks its {}",
            image.map(|image| image.value.as_str()).unwrap_or_default(),
            missing.join(" and ")
        );
        let span = image.map_or(container.span, |image| image.span);
        cx.within("container", |cx| {
            cx.within("image", |cx| {
                cx.error("wrong-interface", span, message).hint(
                    "use `kubernetes.CreatePVC` and `kubernetes.DeletePVC` of the `kfp-kubernetes` SDK",
                );
            });
        });
    }
    resource
}
