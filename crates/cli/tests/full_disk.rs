//! What a full disk does: a clear error, nothing lost, and runs that go on once there is room again.
//!
//! The home folder lies on a small tmpfs in a mount namespace; where the machine allows none, nothing is
//! tested.

use std::fmt::Write as _;
use std::process::{Command, Output};

/// `$1` binary, `$2` pipeline, `$3` mount point, `$4` folder with room for what is said.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=12m tmpfs "$3" || exit 77
cd "$3"
fill() { cat /dev/zero > junk 2> /dev/null; }

"$1" run "$2" --home old > "$4/first" 2>&1 || exit 1
fill
"$1" run "$2" --home new > "$4/new" 2>&1; echo "new home: $?"
"$1" run "$2" --home old > "$4/old" 2>&1; echo "old home: $?"
rm junk

"$1" run "$2" --home old > "$4/middle" 2>&1 &
run=$!
until grep -q succeeded "$4/middle"; do sleep 0.05; done
fill
until grep -q 'is full' "$4/middle"; do sleep 0.05; done
rm junk
wait $run; echo "filled in the middle: $?"

"$1" runs list --home old --output json > "$4/list" 2>&1; echo "list: $?"
"#;

/// Tasks that leave time to fill the disk in the middle, one after the other.
fn pipeline() -> String {
    let mut tasks = String::new();
    for number in 0..12 {
        let after = if number == 0 { String::new() } else { format!("dependentTasks: [t{}], ", number - 1) };
        let task = format!("{{{after}componentRef: {{name: comp}}, taskInfo: {{name: t{number}}}}}");
        writeln!(tasks, "      t{number}: {task}").expect("writing to a text cannot fail");
    }
    format!(
        "pipelineInfo: {{name: slow}}
schemaVersion: 2.1.0
components:
  comp: {{executorLabel: exec}}
deploymentSpec:
  executors:
    exec: {{container: {{image: busybox, command: [sleep, '0.2']}}}}
root:
  dag:
    tasks:
{tasks}"
    )
}

fn in_namespace(arguments: &[&str]) -> Output {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"]).args(arguments);
    command.output().expect("unshare starts")
}

#[test]
fn a_full_disk_stops_nothing_for_good() {
    let is_possible = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).status();
    if !is_possible.is_ok_and(|status| status.success()) {
        println!("skipped: no mount namespaces on this machine");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("slow.yaml"), pipeline()).expect("the file is written");
    std::fs::create_dir(path("mount")).expect("the folder is made");
    let arguments = [
        env!("CARGO_BIN_EXE_pipewright"),
        &path("slow.yaml"),
        &path("mount"),
        &folder.path().display().to_string(),
    ];
    let output = in_namespace(&arguments);
    let said = |name: &str| std::fs::read_to_string(path(name)).unwrap_or_default();
    if output.status.code() == Some(77) {
        println!("skipped: no tmpfs in a namespace of this machine");
        return;
    }
    let all = ["first", "new", "old", "middle", "list"].map(said).join("\n---\n");
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told, "new home: 1\nold home: 1\nfilled in the middle: 0\nlist: 0\n", "{all}");
    assert!(said("new").contains("No space left on device"), "{}", said("new"));
    assert!(said("old").contains("disk that holds the database is full"), "{}", said("old"));
    assert_eq!(said("list").matches("\"run_id\"").count(), 2, "{}", said("list"));
    assert!(!said("list").contains("FAILED"), "{}", said("list"));
}
