//! What a task asks of the machine, as numbers.

use pipewright_plan::{Filling, Resources, Text, quantity};

use crate::desired::ResolvedResources;

/// Reads a container's resources. Errors: a sentence that names the field and the text.
pub(crate) fn resources(resources: &Resources, filling: &Filling<'_>) -> Result<ResolvedResources, String> {
    let text = |field: &Option<Text>| {
        field.as_ref().map(|text| filling.text(text).trim().to_owned()).filter(|text| !text.is_empty())
    };
    let read = |name: &str, field: &Option<Text>, scale: f64| match text(field) {
        None => Ok(None),
        Some(text) => match quantity(&text) {
            Some(value) => Ok(Some((value * scale - 1e-6).ceil() as u64)),
            None => Err(format!("{name} `{text}` is no quantity such as 500m, 2 or 4Gi")),
        },
    };
    let accelerator = match (text(&resources.accelerator_type), text(&resources.accelerator_count)) {
        (None, None) => None,
        (kind, count) => {
            let count = count.unwrap_or_else(|| "1".to_owned());
            let number =
                count.parse::<u32>().map_err(|_| format!("accelerator count `{count}` is no number"))?;
            (number > 0).then(|| (kind.unwrap_or_else(|| "nvidia.com/gpu".to_owned()), number))
        }
    };
    let cpu_limit_millis = read("CPU limit", &resources.cpu_limit, 1000.0)?;
    let memory_limit_bytes = read("memory limit", &resources.memory_limit, 1.0)?;
    Ok(ResolvedResources {
        // As in Kubernetes, a limit without a request is the request too.
        cpu_request_millis: read("CPU request", &resources.cpu_request, 1000.0)?.or(cpu_limit_millis),
        cpu_limit_millis,
        memory_request_bytes: read("memory request", &resources.memory_request, 1.0)?.or(memory_limit_bytes),
        memory_limit_bytes,
        accelerator,
    })
}
