//! The GPUs of this machine.

use std::path::Path;

/// Lists NVIDIA's by the numbers of their devices, lowest first.
pub(crate) fn found() -> Vec<String> {
    in_folder(Path::new("/dev"))
}

fn in_folder(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let number = |name: &str| name.strip_prefix("nvidia")?.parse::<u32>().ok();
    let mut numbers: Vec<u32> = entries.filter_map(|entry| number(entry.file_name().to_str()?)).collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| number.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["nvidia10", "nvidia0", "nvidia2", "nvidiactl", "nvidia-uvm", "null"] {
            std::fs::write(folder.path().join(name), b"").expect("a file");
        }
        assert_eq!(in_folder(folder.path()), ["0", "2", "10"]);
    }
}
