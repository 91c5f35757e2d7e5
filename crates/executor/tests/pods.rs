//! Volumes and variables from objects: in processes, unpacked images and containers of engines alike.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use pipewright_engine::{AttemptEnd, Launch, Observed, RunId};
use pipewright_executor::process::{self, Isolation, Options, ProcessExecutor};
use pipewright_executor::{Executor, HostFolder, ObjectKind, Objects, Observations, Registry, contract};
use pipewright_plan::{
    ArtifactList, EnvFrom, ExecutorArtifact, FieldFile, KeyFile, PodFact, PodSettings, Projection, Value,
    VolumeMount, VolumeSource, Word,
};
use serde_json::json;

use support::kinds::{Kind, World, launcher};

struct Fixed {
    home: PathBuf,
    objects: BTreeMap<(ObjectKind, &'static str), Value>,
}

impl Objects for Fixed {
    fn find(
        &self,
        namespace: &str,
        kind: ObjectKind,
        name: &str,
    ) -> BoxFuture<'_, Result<Option<Value>, String>> {
        assert_eq!(namespace, "default");
        let found = self.objects.iter().find(|((of, known), _)| *of == kind && *known == name);
        let found = found.map(|(_, object)| object.clone());
        Box::pin(async move { Ok(found) })
    }

    fn claim_folder(&self, namespace: &str, name: &str) -> Result<PathBuf, String> {
        Ok(self.home.join("volumes").join(namespace).join(name))
    }

    fn workspace_folder(&self, run: &RunId) -> PathBuf {
        self.home.join("workspaces").join(&run.0)
    }
}

fn objects(home: &Path) -> Fixed {
    let claim = |mode: &str| json!({"spec": {"accessModes": [mode]}});
    let objects = BTreeMap::from([
        ((ObjectKind::Claim, "data"), claim("ReadWriteOnce")),
        ((ObjectKind::Claim, "rox"), claim("ReadOnlyMany")),
        // `s3cret` and `line 1\nline 2`, and bytes that are no text
        (
            (ObjectKind::Secret, "token"),
            json!({"data": {"key": "czNjcmV0", "two.lines": "bGluZSAxCmxpbmUgMg==", "1st": "eA=="}}),
        ),
        ((ObjectKind::Secret, "bytes"), json!({"data": {"key": "//79"}})),
        ((ObjectKind::ConfigMap, "config"), json!({"data": {"mode": "fast"}, "binaryData": {"b": "Yg=="}})),
    ]);
    Fixed { home: home.to_owned(), objects }
}

/// Runs a script; returns what it wrote, or why it failed.
async fn run(world: &mut World, script: &str, pod: PodSettings<String>) -> Result<String, String> {
    let mut launch = world.launch(&["sh", "-ec", script]);
    launch.pod = pod;
    let end = world.run(launch).await;
    end.outcome().map(str::to_owned)
}

fn registry(home: &Path) -> Registry {
    Registry::new(Arc::new(objects(home)))
}

/// A world of processes, isolated or not.
struct Processes {
    home: tempfile::TempDir,
    executor: ProcessExecutor,
    observations: Observations,
    count: u32,
}

impl Processes {
    fn new(isolation: Isolation) -> Self {
        let home = tempfile::tempdir().unwrap();
        let defaults = "[[pod_default]]\nlabels = { wants = 'token' }\nsecret = 'token'\npath = '/run/token'\n\
            [[pod_default]]\nlabels = { wants = 'token' }\nsecret = 'lost'\npath = '/run/lost'\noptional = true\n";
        fs::write(home.path().join("images.toml"), defaults).unwrap();
        let options =
            Options { isolation, objects: registry(home.path()), ..Options::new(home.path(), launcher()) };
        let (executor, observations) = ProcessExecutor::start(options).unwrap();
        Self { home, executor, observations, count: 0 }
    }

    /// Runs a script; returns what it wrote, or why it failed.
    async fn run(&mut self, script: &str, pod: PodSettings<String>) -> Result<String, String> {
        self.count += 1;
        let mut launch: Launch = contract::launch_of(&format!("task-{}", self.count), &["sh", "-ec", script]);
        launch.pod = pod;
        let log = process::log_path(self.home.path(), &launch.attempt);
        self.executor.launch(launch).await;
        let end = loop {
            if let Observed::Ended { end } = self.observations.recv().await.unwrap().observed {
                break *end;
            }
        };
        let written = fs::read_to_string(log).unwrap_or_default();
        let written: Vec<&str> = written.lines().filter(|line| !line.starts_with("pipewright: ")).collect();
        let written = written.join("\n");
        match end {
            AttemptEnd::Succeeded { .. } => Ok(written.trim().to_owned()),
            AttemptEnd::Failed { failure, .. } => {
                Err(format!("{} ({}) {written}", failure.message, failure.hint.unwrap_or_default()))
            }
        }
    }
}

fn mount(
    path: &str,
    sub_path: Option<&str>,
    read_only: bool,
    source: VolumeSource<String>,
) -> VolumeMount<String> {
    VolumeMount { path: path.to_owned(), sub_path: sub_path.map(str::to_owned), read_only, source }
}

fn claim(path: &str) -> VolumeMount<String> {
    mount(path, None, false, VolumeSource::Claim { name: "data".to_owned() })
}

fn secret(items: &[(&str, &str)]) -> VolumeSource<String> {
    let items = items.iter().map(|(key, path)| KeyFile {
        key: (*key).to_owned(),
        path: (*path).to_owned(),
        mode: None,
    });
    VolumeSource::Secret { name: "token".to_owned(), items: items.collect(), mode: None, optional: false }
}

fn empty(memory: bool, size: Option<&str>) -> VolumeSource<String> {
    VolumeSource::EmptyDir { volume: "scratch".to_owned(), memory, size_limit: size.map(str::to_owned) }
}

fn volumes(volumes: Vec<VolumeMount<String>>) -> PodSettings<String> {
    PodSettings { volumes, ..PodSettings::default() }
}

fn projected() -> VolumeSource<String> {
    let field = |path: &str, field: &str| FieldFile {
        path: path.to_owned(),
        mode: None,
        fact: PodFact::Field { path: field.to_owned() },
    };
    let item = KeyFile { key: "key".to_owned(), path: "secret".to_owned(), mode: None };
    let parts = vec![
        Projection::Secret { name: "token".to_owned(), items: vec![item], optional: false },
        Projection::ConfigMap { name: "config".to_owned(), items: Vec::new(), optional: false },
        Projection::ConfigMap { name: "none".to_owned(), items: Vec::new(), optional: true },
        Projection::Fields {
            files: vec![field("labels", "metadata.labels"), field("name", "metadata.name")],
        },
    ];
    VolumeSource::Projected { parts, mode: Some(0o440) }
}

/// Tells whether volumes can be tried here.
fn is_isolated() -> bool {
    let home = tempfile::tempdir().unwrap();
    match process::obstacle(&launcher(), home.path()).unwrap() {
        None => true,
        Some(why) => {
            eprintln!("skipped: {why}");
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_appear_where_they_are_asked_for() {
    let config =
        VolumeSource::ConfigMap { name: "config".to_owned(), items: Vec::new(), mode: None, optional: false };
    let rox = VolumeSource::Claim { name: "rox".to_owned() };
    let cases: Vec<(&str, PodSettings<String>, &str)> = vec![
        ("echo one > /data/file; ls /data", volumes(vec![claim("/data")]), "file"),
        ("cat /data/file; ls / | grep -c '^bin$'", volumes(vec![claim("/data")]), "one\n1"),
        ("cat /mnt/deep/er/file", volumes(vec![claim("/mnt/deep/er")]), "one"),
        ("cat /tmp/in/file; touch /tmp/x /tmp/in/y", volumes(vec![claim("/tmp/in")]), "one"),
        (
            "touch /data/x 2>/dev/null || echo refused; cat /data/file",
            volumes(vec![mount("/data", None, true, claim("/").source)]),
            "refused\none",
        ),
        (
            "touch /data/x 2>/dev/null || echo refused",
            volumes(vec![mount("/data", None, false, rox)]),
            "refused",
        ),
        (
            "echo two > /data/file; ls /data",
            volumes(vec![mount("/data", Some("sub/deeper"), false, claim("/").source)]),
            "file",
        ),
        ("cat /data/sub/deeper/file", volumes(vec![claim("/data")]), "two"),
        (
            "cat /etc/one-file",
            volumes(vec![mount("/etc/one-file", Some("file"), true, claim("/").source)]),
            "one",
        ),
        (
            "cat /secret/key; stat -c ' %a' /secret/key",
            volumes(vec![mount("/secret", None, false, secret(&[]))]),
            "s3cret 400",
        ),
        (
            "find /secret -type f; cat /etc/app.token",
            volumes(vec![
                mount("/secret", None, false, secret(&[("key", "in/side")])),
                mount("/etc/app.token", Some("key"), false, secret(&[])),
            ]),
            "/secret/in/side\ns3cret",
        ),
        (
            // Whatever a secret or a config map brings may be read and run, and nothing else.
            "for f in /secret/x /secret/key /map/x /map/mode; do { echo x > $f; } 2>/dev/null || echo refused; done; cat /secret/key",
            volumes(vec![
                mount("/secret", None, false, secret(&[])),
                mount("/map", None, false, config.clone()),
            ]),
            "refused\nrefused\nrefused\nrefused\ns3cret",
        ),
        (
            "ls /part; { echo x > /part/x; } 2>/dev/null || echo refused",
            volumes(vec![mount("/part", Some("in"), false, secret(&[("key", "in/side"), ("1st", "first")]))]),
            "side\nrefused",
        ),
        (
            "cat /secret/inner/mode; ls /secret",
            volumes(vec![
                mount("/secret", None, false, secret(&[("key", "key")])),
                mount("/secret/inner", None, false, config.clone()),
            ]),
            "fastinner\nkey",
        ),
        ("cat /config/mode /config/b", volumes(vec![mount("/config", None, false, config)]), "fastb"),
        (
            "echo a > /one/file; cat /two/file; stat -f -c %T /one",
            volumes(vec![
                mount("/one", None, false, empty(true, None)),
                mount("/two", None, false, empty(true, None)),
            ]),
            "a\ntmpfs",
        ),
        (
            "head -c 2000000 /dev/zero > /small/file 2>/dev/null || echo full",
            volumes(vec![mount("/small", None, false, empty(true, Some("1Mi")))]),
            "full",
        ),
        (
            "echo a > /one/file; cat /whole/part/file",
            volumes(vec![
                mount("/one", Some("part"), false, empty(true, None)),
                mount("/whole", None, false, empty(true, None)),
            ]),
            "a",
        ),
        (
            "ls /cache; echo a > /cache/file; cat /again/file",
            volumes(vec![
                mount("/cache", None, false, empty(false, None)),
                mount("/again", None, false, empty(false, None)),
            ]),
            "a",
        ),
        (
            "echo a > /data/inner/file; ls /data /data/inner",
            volumes(vec![mount("/data/inner", None, false, empty(false, None)), claim("/data")]),
            "/data:\nfile\ninner\nsub\ny\n\n/data/inner:\nfile",
        ),
        (
            "echo shared > /kfp-workspace/file",
            volumes(vec![mount("/kfp-workspace", None, false, VolumeSource::Workspace)]),
            "",
        ),
        (
            "cat /all/secret; cat /all/mode; cat /all/labels; echo; stat -c ' %a' /all/name; touch /all/x 2>/dev/null || echo refused",
            PodSettings {
                labels: BTreeMap::from([("app".to_owned(), "a".to_owned())]),
                ..volumes(vec![mount("/all", None, false, projected())])
            },
            "s3cretfastapp=\"a\"\n 440\nrefused",
        ),
        (
            "cat /kfp-workspace/file; touch /kfp-workspace/x 2>/dev/null || echo refused",
            volumes(vec![mount("/kfp-workspace", None, true, VolumeSource::Workspace)]),
            "shared\nrefused",
        ),
    ];
    for kind in Kind::all() {
        let mut world = World::new(&kind, registry).await;
        for (script, pod, expected) in cases.clone() {
            let found = run(&mut world, script, pod).await;
            assert_eq!(found.as_deref(), Ok(expected), "{kind:?} {script}");
        }
        world.assert_nothing_is_left().await;
    }
    let leaked = fs::read_dir("/").unwrap().flatten().any(|entry| entry.file_name() == "kfp-workspace");
    assert!(!leaked);
}

/// What else holds of processes, which see this machine's own system.
#[tokio::test]
async fn volumes_leave_the_machine_alone() {
    if !is_isolated() {
        return;
    }
    let mut world = Processes::new(Isolation::On);
    for (script, pod, expected) in [
        ("stat -c %a /secret", volumes(vec![mount("/secret", None, false, secret(&[]))]), "700"),
        (
            "head -c 2000000 /dev/zero > /dev/shm/file 2>/dev/null || echo full",
            volumes(vec![mount("/dev/shm", None, false, empty(true, Some("1Mi")))]),
            "full",
        ),
        (
            "touch /tmp/a /dev/shm/b; touch /usr/x 2>/dev/null || echo refused",
            volumes(vec![claim("/data")]),
            "refused",
        ),
    ] {
        assert_eq!(world.run(script, pod).await.as_deref(), Ok(expected), "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_are_not_left() {
    for kind in Kind::all() {
        let mut world = World::new(&kind, registry).await;
        let outside = tempfile::tempdir().unwrap();
        let script = format!(
            "ln -s {} /data/abs; ln -s ../.. /data/up; ln -s inner /data/in; mkdir /data/inner",
            outside.path().display()
        );
        run(&mut world, &script, volumes(vec![claim("/data")])).await.unwrap();
        let part = |sub_path: &str| volumes(vec![mount("/data", Some(sub_path), false, claim("/").source)]);
        for (pod, expected) in [
            (part("abs"), "leaves the volume"),
            (part("up"), "leaves the volume"),
            (part("up/x"), "leaves the volume"),
            (part("../other"), "leaves its volume"),
            (part("/etc"), "leaves its volume"),
            (volumes(vec![claim("data")]), "cannot be mounted at `data`"),
            (volumes(vec![claim("/")]), "cannot be mounted at `/`"),
            (volumes(vec![claim("/data/../etc")]), "cannot be mounted"),
            (volumes(vec![claim("/proc/x")]), "belongs to the kernel"),
            (volumes(vec![mount("/s", None, false, secret(&[("key", "../up")]))]), "leaves its volume"),
            (volumes(vec![mount("/s", None, false, secret(&[("none", "a")]))]), "has no key `none`"),
        ] {
            let failed = run(&mut world, "true", pod.clone()).await.unwrap_err();
            assert!(failed.contains(expected), "{kind:?} {pod:?}: {failed}");
        }
        run(&mut world, "echo x > /data/y", part("in")).await.unwrap();
        assert!(world.home.path().join("volumes/default/data/inner/y").exists());
        world.assert_nothing_is_left().await;
    }
}

fn variables(env: Vec<EnvFrom<String>>) -> PodSettings<String> {
    PodSettings { env, ..PodSettings::default() }
}

fn keyed(name: &str, key: &str, optional: bool) -> EnvFrom<String> {
    EnvFrom::Secret { name: name.to_owned(), key: key.to_owned(), variable: "TOKEN".to_owned(), optional }
}

#[tokio::test]
async fn variables_come_from_objects_and_fields() {
    let mut world = Processes::new(Isolation::Off);
    let field = |path: &str| EnvFrom::Field { variable: "FIELD".to_owned(), path: path.to_owned() };
    let mut labelled = variables(vec![field("metadata.labels['team']")]);
    labelled.labels.insert("team".to_owned(), "blue".to_owned());
    let all = EnvFrom::AllOfSecret { name: "token".to_owned(), prefix: String::new(), optional: false };
    let prefixed =
        EnvFrom::AllOfConfigMap { name: "config".to_owned(), prefix: "APP_".to_owned(), optional: false };
    for (script, pod, expected) in [
        ("echo $TOKEN", variables(vec![keyed("token", "key", false)]), "s3cret"),
        ("echo [$TOKEN]", variables(vec![keyed("none", "key", true)]), "[]"),
        ("echo [$TOKEN]", variables(vec![keyed("token", "none", true)]), "[]"),
        ("echo $key; env | grep -c ^1st= || true", variables(vec![all]), "s3cret\n0"),
        ("echo $APP_mode", variables(vec![prefixed]), "fast"),
        ("echo $FIELD", labelled, "blue"),
        ("echo $FIELD", variables(vec![field("metadata.namespace")]), "default"),
        ("echo $FIELD", variables(vec![field("status.podIP")]), "127.0.0.1"),
        ("test $FIELD = $KFP_POD_NAME && echo same", variables(vec![field("metadata.name")]), "same"),
    ] {
        assert_eq!(world.run(script, pod).await.as_deref(), Ok(expected), "{script}");
    }
    for (pod, expected) in [
        (variables(vec![keyed("none", "key", false)]), "pipewright secret create none"),
        (variables(vec![keyed("token", "none", false)]), "has no key `none`"),
        (variables(vec![keyed("bytes", "key", false)]), "is no text"),
        (variables(vec![field("spec.containers")]), "metadata.namespace"),
        (
            volumes(vec![mount("/x", None, false, VolumeSource::Claim { name: "none".to_owned() })]),
            "pipewright volume create none",
        ),
        (volumes(vec![claim("/data")]), "pipewright doctor"),
    ] {
        let failed = world.run("true", pod).await.unwrap_err();
        assert!(failed.contains(expected), "{failed}");
    }
}

#[tokio::test]
async fn labels_bring_secrets() {
    if !is_isolated() {
        return;
    }
    let mut world = Processes::new(Isolation::On);
    // What may be missing is there, and empty.
    for (label, expected) in [("token", "s3cret 0"), ("nothing", "none lost")] {
        let labels = BTreeMap::from([("wants".to_owned(), label.to_owned())]);
        let pod = PodSettings { labels, ..PodSettings::default() };
        let script = "echo $(cat /run/token/key 2>/dev/null || echo none) $(if [ -e /run/lost ]; then ls /run/lost | wc -l; else echo lost; fi)";
        assert_eq!(world.run(script, pod).await.as_deref(), Ok(expected), "{label}");
    }
}

/// What a task needs of the home folder stays in sight when a volume is mounted over a folder around it.
#[tokio::test]
async fn a_volume_may_lie_over_the_home_folder() {
    for kind in Kind::all() {
        for read_only in [false, true] {
            // No part of `/tmp`, of which tasks have one of their own.
            let around = tempfile::tempdir_in("/var/tmp").unwrap();
            let home = tempfile::tempdir_in(around.path()).unwrap();
            let mut world = World::in_home(&kind, home, registry).await;
            let kept = world.home.path().join("volumes/default/data/kept");
            fs::create_dir_all(kept.parent().unwrap()).unwrap();
            fs::write(&kept, "from the claim").unwrap();
            let mut launch = world.launch(&["sh", "-ec"]);
            let target = world.home.path().join(format!("artifacts/{}/model", launch.attempt.digest()));
            let uri = target.display().to_string();
            let artifact = ExecutorArtifact { name: "model".to_owned(), uri, ..Default::default() };
            let list = ArtifactList { artifacts: vec![artifact] };
            launch.executor_input.outputs.artifacts.insert("model".to_owned(), list);
            let place = around.path().display();
            launch.container.command.push(Word::literal(format!(
                "cat {place}/kept; echo done > {}; (echo more > {place}/more) 2>/dev/null || echo refused",
                target.display()
            )));
            let source = VolumeSource::Claim { name: "data".to_owned() };
            let mount = mount(&place.to_string(), None, read_only, source);
            launch.pod = PodSettings { volumes: vec![mount], ..PodSettings::default() };
            let end = world.run(launch).await;
            let expected = if read_only { "from the claimrefused" } else { "from the claim" };
            assert_eq!(end.outcome(), Ok(expected), "{kind:?}");
            assert_eq!(fs::read_to_string(&target).unwrap(), "done\n");
            assert_eq!(kept.with_file_name("more").exists(), !read_only);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_of_the_machine_are_mounted_when_they_are_listed() {
    for kind in Kind::all() {
        // No part of `/tmp`, of which tasks have one of their own.
        let home = tempfile::tempdir_in("/var/tmp").unwrap();
        let host = home.path().join("host");
        for folder in ["sets", "kept", "other"] {
            fs::create_dir_all(host.join(folder)).unwrap();
        }
        fs::write(host.join("sets/file"), "one").unwrap();
        let listed = [host.join("sets").display().to_string(), format!("{}:ro", host.join("kept").display())];
        let listed: Vec<HostFolder> = listed.iter().map(|text| HostFolder::read(text).unwrap()).collect();
        let with_folders = |home: &Path| registry(home).with_folders(listed.clone());
        let mut world = World::in_home(&kind, home, with_folders).await;
        let at = |folder: &str, create: bool| {
            let path = host.join(folder).display().to_string();
            volumes(vec![mount("/data", None, false, VolumeSource::Host { path, create })])
        };
        for (script, pod, expected) in [
            ("cat /data/file; echo two > /data/other", at("sets", false), "one"),
            ("echo new > /data/file", at("sets/made/here", true), ""),
            ("cat /data/other /data/made/here/file", at("sets", false), "two\nnew"),
            ("touch /data/x 2>/dev/null || echo refused", at("kept", false), "refused"),
        ] {
            let found = run(&mut world, script, pod).await;
            assert_eq!(found.as_deref(), Ok(expected), "{kind:?} {script}");
        }
        for (folder, expected) in [("other", "may not be mounted"), ("sets/lost", "there is no folder")] {
            let failed = run(&mut world, "true", at(folder, false)).await.unwrap_err();
            assert!(failed.contains(expected), "{kind:?} {folder}: {failed}");
        }
        world.assert_nothing_is_left().await;
    }
}
