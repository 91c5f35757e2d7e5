//! Kubernetes' notation of amounts.

/// Returns the number that a quantity such as `500m`, `1.5`, `2Gi` or `1e3` stands for.
pub fn quantity(text: &str) -> Option<f64> {
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
