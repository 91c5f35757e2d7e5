//! Kubernetes quantities as numbers.

use pipewright_plan::{Filling, Resources, Text};

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

/// Returns the number that a quantity such as `500m`, `1.5`, `2Gi` or `1e3` stands for.
fn quantity(text: &str) -> Option<f64> {
    const SUFFIXES: [(&str, f64); 16] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("K", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let (number, scale) = SUFFIXES
        .iter()
        .find_map(|(suffix, scale)| text.strip_suffix(suffix).map(|number| (number, *scale)))
        .unwrap_or((text, 1.0));
    let value = number.parse::<f64>().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value * scale)
}

#[cfg(test)]
mod tests {
    use super::quantity;

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        let check = |text: &str, expected: Option<f64>| assert_eq!(quantity(text), expected, "{text}");
        check("2", Some(2.0));
        check("500m", Some(0.5));
        check("1.5", Some(1.5));
        check("2Gi", Some(2_147_483_648.0));
        check("3G", Some(3e9));
        check("1e3", Some(1000.0));
        check("-1", None);
        check("lots", None);
        check("", None);
        check("inf", None);
    }
}
