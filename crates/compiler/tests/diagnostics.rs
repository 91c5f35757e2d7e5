//! One case per mistake: a good document with one thing changed, where the complaint stands and what it says.

use pipewright_compiler::{Library, Severity, compile, compile_json};

const BASE: &str = include_str!("data/base.yaml");

/// One change of the good document.
struct Case {
    from: &'static str,
    to: &'static str,
    /// The text that the complaint points at, in the changed document
    at: &'static str,
    code: &'static str,
    words: &'static [&'static str],
}

const fn case(
    from: &'static str,
    to: &'static str,
    at: &'static str,
    code: &'static str,
    words: &'static [&'static str],
) -> Case {
    Case { from, to, at, code, words }
}

#[rustfmt::skip]
const ERRORS: &[Case] = &[
    case("schemaVersion: 2.1.0", "schemaVersion: 2.0.0", "2.0.0", "schema-version", &["2.0.0", "2.1.0"]),
    case("schemaVersion: 2.1.0", "schemaVersion: 2.1", "2.1\n", "wrong-type", &["expected a text", "quotes"]),
    case("  name: base", "  name: ''", "name: ''", "missing-field", &["pipelineInfo.name"]),
    case("  name: base", "  name: BASE", "BASE", "wrong-name", &["lower-case"]),
    case("  name: base", "  nmae: base", "nmae", "unknown-field", &["`nmae`", "did you mean `name`"]),
    case("componentRef:\n          name: comp-use", "componentRef:\n          name: comp-uze", "comp-uze", "unknown-component", &["comp-uze", "did you mean `comp-use`"]),
    case("executorLabel: exec-use", "executorLabel: exec-user", "exec-user", "unknown-executor", &["exec-user", "exec-use"]),
    case("executorLabel: exec-use", "dependentTasks: []", "dependentTasks: []", "unknown-field", &["dependentTasks"]),
    case("dependentTasks: [make]", "dependentTasks: [mike]", "mike", "unknown-task", &["mike", "did you mean `make`"]),
    case("dependentTasks: [make]", "dependentTasks: [use]", "use:\n        componentRef", "cycle", &["use -> use"]),
    case("cachingOptions:\n", "dependentTasks: [use]\n        cachingOptions:\n", "make:\n        taskInfo", "cycle", &["make", "use"]),
    case("cachingOptions:\n", "cachingOptoins:\n", "cachingOptoins", "unknown-field", &["cachingOptions"]),
    case("enableCache: true", "enableCache: 'true'", "'true'", "wrong-type", &["true", "false"]),
    case("producerTask: make", "producerTask: maker", "maker", "unknown-task", &["maker", "did you mean `make`"]),
    case("outputArtifactKey: data", "outputArtifactKey: date", "date\n", "unknown-output", &["date", "did you mean `data`"]),
    case("producerTask: make\n", "", "outputArtifactKey: data", "missing-field", &["task"]),
    case("outputParameterKey: size", "outputParameterKey: sise", "sise", "unknown-output", &["sise", "did you mean `size`"]),
    case("producerSubtask: make", "producerSubtask: mako", "mako", "unknown-task", &["mako"]),
    case("      parameters:\n        result:\n          valueFromParameter", "      parameters:\n        resolt:\n          valueFromParameter", "resolt", "unknown-output", &["resolt", "outputDefinitions", "result"]),
    case("componentInputParameter: start", "componentInputParameter: strat", "strat", "unknown-input", &["strat", "did you mean `start`"]),
    case("componentInputParameter: start", "runtimeValue: {runtimeParameter: start}", "start}", "unsupported", &["runtimeParameter"]),
    case("componentInputParameter: start", "{}", "{}", "missing-field", &["text", "comes from"]),
    case("componentInputParameter: start", "componentInputParameter: start\n              taskFinalStatus: {producerTask: use}", "taskFinalStatus", "exclusive-fields", &["exclude"]),
    case("            text:\n              componentInputParameter: start", "            count:\n              runtimeValue: {constant: three}", "make:\n        taskInfo", "missing-input", &["text", "required"]),
    case("componentInputParameter: start", "runtimeValue: {constant: x}\n            count:\n              runtimeValue: {constant: three}", "runtimeValue: {constant: three}", "wrong-value", &["string", "NUMBER_INTEGER"]),
    case("componentInputParameter: start", "componentInputParameter: start\n            tekst:\n              runtimeValue: {constant: x}", "tekst", "unknown-input", &["tekst", "did you mean `text`"]),
    case("          artifacts:\n            data:\n", "          artifacts:\n            dota:\n", "dota", "unknown-input", &["dota", "did you mean `data`"]),
    case("maxRetryCount: 2", "maxRetryCount: -2", "-2\n", "wrong-value", &["negative"]),
    case("maxRetryCount: 2", "maxRetryCount: two", "two", "wrong-type", &["an integer", "two"]),
    case("backoffDuration: 1.5s", "backoffDuration: 5m", "5m", "wrong-type", &["duration", "`30s`"]),
    case("condition: inputs.parameter_values['flag'] == true", "condition: inputs.parameter_values['flag' == true", "inputs.parameter_values['flag' ==", "wrong-expression", &["character", "expected `]`"]),
    case("['flag'] == true", "['flog'] == true", "inputs.parameter_values['flog']", "unknown-input", &["flog", "did you mean `flag`"]),
    case("['flag'] == true", "['flag'] == True", "inputs.parameter_values['flag'] == True", "wrong-expression", &["True", "write `true`"]),
    case("triggerPolicy:\n", "triggerPolicy:\n          strategy: ALL_DONE\n", "ALL_DONE", "wrong-type", &["ALL_UPSTREAM_TASKS_COMPLETED"]),
    case("itemInput: item\n", "itemInput: itme\n", "itme", "unknown-input", &["itme", "did you mean `item`"]),
    case(r#"raw: '["a", "b"]'"#, "raw: '[\"a\", '", "'[\"a\", '", "wrong-value", &["JSON"]),
    case(r#"raw: '["a", "b"]'"#, "raw: '3'", "'3'", "wrong-value", &["list", "number"]),
    case(r#"raw: '["a", "b"]'"#, "inputParameter: items", "items\n        iteratorPolicy", "unknown-input", &["items", "not given"]),
    case(r#"raw: '["a", "b"]'"#, "inputParameter: itams", "itams", "unknown-input", &["itams", "not given"]),
    case("parallelismLimit: 2", "parallelismLimit: -1", "-1", "wrong-value", &["negative", "no limit"]),
    case("parameterIterator:\n", "artifactIterator: {}\n        parameterIterator:\n", "parameterIterator", "exclusive-fields", &["exclude"]),
    case("image: alpine\n        command: [cat]", "image: alpine", "image: alpine\n    exec-import", "missing-field", &["command"]),
    case("image: alpine\n        command: [cat]", "command: [cat]", "command: [cat]", "missing-field", &["image"]),
    case("command: [cat]", "command: [cat, 5]", "5]", "wrong-type", &["expected a text", "quotes"]),
    case("['text']}}\"", "['toxt']}}\"", "\"{{$.inputs.parameters['toxt']}}\"", "unknown-placeholder", &["toxt", "did you mean `text`"]),
    case("runtimeParameter: uri", "runtimeParameter: url", "url", "unknown-placeholder", &["url", "did you mean `uri`"]),
    case("artifactUri:\n          runtimeParameter: uri", "artifactUri:\n          constant: 5", "constant: 5", "wrong-value", &["URI"]),
    case("importer:\n        artifactUri:", "resolver:\n        artifactUri:", "resolver", "unsupported", &["resolver"]),
    case("- name: MODE", "- name: MO=DE", "name: MO=DE", "wrong-value", &["environment variable"]),
    case("parameterType: LIST", "parameterType: LOST", "LOST", "wrong-type", &["did you mean `LIST`"]),
    case("defaultValue: 3.0", "defaultValue: three", "three", "wrong-value", &["default", "NUMBER_INTEGER"]),
    case("        inner:\n          componentRef:\n            name: comp-make", "        inner:\n          componentRef:\n            name: comp-loop", "comp-loop:\n    dag", "recursion", &["contains itself", "comp-loop"]),
    case("nodeSelector:\n", "nodeSelectors:\n", "nodeSelectors", "unknown-field", &["did you mean `nodeSelector`"]),
    case("          activeDeadlineSeconds: 60", "          secretAsEnv:\n          - secretName: s\n            keyToEnv: [{secretKey: a}]", "{secretKey: a}", "wrong-value", &["environment variable"]),
    case("          activeDeadlineSeconds: 60", "          secretAsEnv:\n          - {secretName: s, keyToEnv: [{envVar: A}]}", "{envVar: A}", "missing-field", &["no key"]),
    case("          activeDeadlineSeconds: 60", "          secretAsEnv:\n          - {keyToEnv: []}", "{keyToEnv: []}", "missing-field", &["secretNameParameter"]),
    case("          activeDeadlineSeconds: 60", "          secretAsVolume:\n          - {secretName: s}", "{secretName: s}", "missing-field", &["mountPath"]),
    case("          activeDeadlineSeconds: 60", "          secretAsVolume:\n          - {secretName: s, mountPath: etc/s}", "etc/s", "wrong-value", &["etc/s", "absolute"]),
    case("          activeDeadlineSeconds: 60", "          secretAsVolume:\n          - {secretName: s, mountPath: /}", "/}", "wrong-value", &["root of the file system"]),
    case("          activeDeadlineSeconds: 60", "          secretAsVolume:\n          - {mountPath: /s, secretNameParameter: {componentInputParameter: nmae}}", "nmae", "unknown-input", &["nmae", "no input parameter"]),
    case("          activeDeadlineSeconds: 60", "          secretAsVolume:\n          - {mountPath: /s, secretNameParameter: {taskOutputParameter: {producerTask: mako, outputParameterKey: x}}}", "mako", "unknown-task", &["mako"]),
    case("          activeDeadlineSeconds: 60", "          secretAsVolume:\n          - {mountPath: /s, secretNameParameter: {runtimeValue: {constant: 5}}}", "5}}}", "wrong-value", &["name is a text"]),
    case("          activeDeadlineSeconds: 60", "          secretAsVolume:\n          - {mountPath: /s, secretNameParameter: {}}", "{}}", "missing-field", &["name comes from"]),
    case("          activeDeadlineSeconds: 60", "          secretAsVolume:\n          - {mountPath: /s, secretNameParameter: {taskFinalStatus: {producerTask: make}}}", "{producerTask: make}}}", "unsupported", &["final status"]),
    case("          activeDeadlineSeconds: 60", "          configMapAsVolume:\n          - {configMapName: c, mountPath: /a/../b}", "/a/../b", "wrong-value", &["/a/../b"]),
    case("          activeDeadlineSeconds: 60", "          configMapAsEnv:\n          - {keyToEnv: [{configMapKey: a, envVar: A}]}", "{keyToEnv: [{configMapKey", "missing-field", &["configMapNameParameter"]),
    case("          activeDeadlineSeconds: 60", "          pvcMount:\n          - {mountPath: /d}", "{mountPath: /d}", "missing-field", &["pvcNameParameter"]),
    case("          activeDeadlineSeconds: 60", "          pvcMount:\n          - {constant: c, mountPath: /d, subPath: ../x}", "../x", "wrong-value", &["sub-path", "../x"]),
    case("          activeDeadlineSeconds: 60", "          pvcMount:\n          - {constant: c, componentInputParameter: x, mountPath: /d}", "componentInputParameter: x, mountPath", "exclusive-fields", &["exclude"]),
    case("          activeDeadlineSeconds: 60", "          pvcMount:\n          - {componentInputParameter: nothing, mountPath: /d}", "nothing, mountPath", "unknown-input", &["nothing"]),
    case("          activeDeadlineSeconds: 60", "          emptyDirMounts:\n          - {mountPath: /d}", "{mountPath: /d}", "missing-field", &["volumeName"]),
    case("          activeDeadlineSeconds: 60", "          emptyDirMounts:\n          - {volumeName: v, mountPath: /d, medium: HugePages}", "HugePages", "wrong-value", &["HugePages", "Memory"]),
    case("          activeDeadlineSeconds: 60", "          emptyDirMounts:\n          - {volumeName: v, mountPath: /d, sizeLimit: lots}", "lots", "wrong-value", &["lots", "quantity"]),
    case("          activeDeadlineSeconds: 60", "          genericEphemeralVolume:\n          - {volumeName: v, mountPath: /d, size: big}", "big", "wrong-value", &["big", "quantity"]),
    case("          activeDeadlineSeconds: 60", "          fieldPathAsEnv:\n          - {name: A}", "{name: A}", "missing-field", &["fieldPath"]),
    case("          activeDeadlineSeconds: 60", "          fieldPathAsEnv:\n          - {name: A, fieldPath: metadata.nmae}", "metadata.nmae", "wrong-value", &["metadata.nmae", "did you mean `metadata.name`"]),
    case("          activeDeadlineSeconds: 60", "          initContainers:\n          - {name: a, image: b}", "initContainers", "unsupported", &["initContainers", "task of its own"]),
    case("resourceTtlOnCompletion: 30", "workspace: {size: big}", "big", "wrong-value", &["big", "quantity"]),
    case("resourceTtlOnCompletion: 30", "workspace: {size: 1Gi, kubernetes: {pvcSpecPatch: {accessModes: [Write]}}}", "{accessModes", "wrong-value", &["Write", "ReadWriteOnce"]),
    case("resourceTtlOnCompletion: 30", "workspace: {size: 1Gi, kubernetes: {pvcSpecPatch: {volumeName: x}}}", "{volumeName", "wrong-value", &["volumeName", "accessModes"]),
    case("resourceTtlOnCompletion: 30", "resourceTtlOnCompletion: -30", "-30", "wrong-value", &["negative"]),
    case("image: alpine\n        command: [cat]", "image: argostub/createpvc", "argostub", "wrong-interface", &["access_modes", "size"]),
    case("image: alpine\n        command: [cat]", "image: argostub/deletepvc", "argostub", "wrong-interface", &["pvc_name"]),
    case("componentInputParameter: start", "runtimeValue: {constant: '{{$.workspace_path}}/x'}", "'{{$.workspace_path", "missing-workspace", &["workspace", "WorkspaceConfig"]),
    case("          activeDeadlineSeconds: 60", "          imagePullPolicy: always", "always", "wrong-value", &["always", "did you mean `Always`"]),
    case("resourceTtlOnCompletion: 30", "activeDeadlineSeconds: -1", "-1", "wrong-value", &["negative"]),
    case("pipelineInfo:\n", "root: {}\npipelineInfo:\n", "root:\n  inputDefinitions", "duplicate-key", &["root", "line 1, column 1"]),
    case("sdkVersion: kfp-2.17.0", "sdkVersion: !python kfp", "kfp", "yaml-tag", &["!python"]),
    case("sdkVersion: kfp-2.17.0", "sdkVersion: .inf", ".inf", "not-finite", &[".inf"]),
    case("sdkVersion: kfp-2.17.0", "? [a]\n: b", "[a]", "yaml-key", &["single value"]),
    case("sdkVersion: kfp-2.17.0", "<<: 5", "5\n", "yaml-merge", &["merges mappings"]),
];

#[rustfmt::skip]
const WARNINGS: &[Case] = &[
    case("image: alpine\n        command: [cat]", "image: alpine\n        imagine: x\n        command: [cat]", "imagine", "unknown-field", &["did you mean `image`"]),
    case("value: fast", "value: \"{{$.pipeline_google_cloud_location}}\"", "\"{{$.pipeline_google", "unknown-placeholder", &["stays as it is"]),
    case("        exec-make:\n          nodeSelector", "        exec-mole:\n          nodeSelector", "exec-mole", "unknown-executor", &["did you mean `exec-make`"]),
    case("platforms:\n", "platforms:\n  vertex: {}\n", "vertex", "ignored-platform", &["vertex"]),
    case("---\n", "---\nhello: world\n---\n", "hello", "ignored-document", &["ignored"]),
];

/// Returns line and column of a needle, both from 1.
fn place(text: &str, needle: &str) -> (u32, u32) {
    let at = text.find(needle).unwrap_or_else(|| panic!("`{needle}` is not in the document"));
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line as u32, column as u32)
}

fn check(case: &Case, severity: Severity) -> Result<(), String> {
    assert!(BASE.contains(case.from), "`{}` is not in the good document", case.from);
    let text = BASE.replacen(case.from, case.to, 1);
    let found = match compile(text.as_bytes()) {
        Ok(compiled) => compiled.warnings,
        Err(diagnostics) => diagnostics,
    };
    let (line, column) = place(&text, case.at);
    let hit = found.iter().any(|diagnostic| {
        let text = format!("{} {}", diagnostic.message, diagnostic.hint.as_deref().unwrap_or_default());
        diagnostic.severity == severity
            && diagnostic.code == case.code
            && (diagnostic.line, diagnostic.column) == (line, column)
            && case.words.iter().all(|word| text.contains(word))
    });
    if hit {
        Ok(())
    } else {
        Err(format!("expected {line}:{column} {} {:?}, found:\n{found}", case.code, case.words))
    }
}

fn check_all(cases: &[Case], severity: Severity) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            check(case, severity).err().map(|problem| format!("{:?} -> {:?}: {problem}", case.from, case.to))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

#[test]
fn the_good_document_is_good() {
    let compiled = compile(BASE.as_bytes()).unwrap_or_else(|found| panic!("{found}"));
    assert!(compiled.warnings.is_empty(), "{}", compiled.warnings);
    insta::assert_json_snapshot!(compiled.plan);
}

#[test]
fn mistakes_are_told_at_their_place() {
    check_all(ERRORS, Severity::Error);
}

#[test]
fn oddities_are_told_at_their_place() {
    check_all(WARNINGS, Severity::Warning);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = BASE
        .replace("dependentTasks: [make]", "dependentTasks: [mike]")
        .replace("itemInput: item\n", "itemInput: itme\n")
        .replace("sdkVersion", "sdkVersoin")
        .replace("runtimeParameter: uri", "runtimeParameter: url");
    let found = compile(text.as_bytes()).expect_err("four mistakes");
    let codes: Vec<&str> = found.iter().map(|diagnostic| &*diagnostic.code).collect();
    assert_eq!(codes, ["unknown-field", "unknown-placeholder", "unknown-task", "unknown-input"], "{found}");
    let lines: Vec<u32> = found.iter().map(|diagnostic| diagnostic.line).collect();
    assert!(lines.is_sorted(), "{lines:?}");
}

/// Documents that are no pipeline at all, with the code and words of the complaint.
#[test]
fn other_documents_are_named() {
    let bomb = (1..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        format!("{text}a{level}: &a{level} [{items}]\n")
    });
    let long_text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 16), "*a, ".repeat(2_000));
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (source, code, words) in [
        ("", "no-pipeline", "empty"),
        ("---\n---\n", "no-pipeline", "empty"),
        ("hello", "no-pipeline", "mapping"),
        ("[1, 2]", "no-pipeline", "mapping"),
        ("a: 1", "no-pipeline", "no pipeline specification"),
        ("platforms: {kubernetes: {}}", "no-pipeline", "platform settings"),
        ("name: x\nimplementation: {container: {image: a}}", "no-pipeline", "component definition"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {}", "missing-field", "entrypoint"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow", "unsupported", "CronWorkflow"),
        ("a: b: c", "yaml-syntax", "not YAML"),
        ("a: [1, 2", "yaml-syntax", "not YAML"),
        ("a: *b", "yaml-syntax", "no anchor"),
        ("a: &a [*a]", "yaml-syntax", "inside the value"),
        ("{\"a\": 1,", "yaml-syntax", "not YAML"),
        (bomb.as_str(), "too-large", "aliases"),
        (long_text.as_str(), "too-large", "bytes of text"),
        (deep.as_str(), "too-deep", "nested"),
    ] {
        let found = compile(source.as_bytes()).expect_err(source);
        let hit =
            found.iter().any(|diagnostic| diagnostic.code == code && diagnostic.message.contains(words));
        assert!(hit, "{source:.60}: {found}");
    }
    let found = compile(b"a: \xff\xfe").expect_err("no UTF-8");
    assert_eq!(
        (&*found.iter().next().expect("one").code, found.iter().next().expect("one").column),
        ("not-utf8", 4)
    );
    let huge = vec![b' '; (32 << 20) + 1];
    assert_eq!(compile(&huge).expect_err("too large").iter().next().expect("one").code, "too-large");
}

#[test]
fn every_notation_of_a_pipeline_gives_the_same_plan() {
    let yaml = compile(BASE.as_bytes()).unwrap_or_else(|found| panic!("{found}"));
    let platform = yaml.platform_spec.clone().expect("the document has platform settings");
    let wrapped = serde_json::json!({"pipeline_spec": yaml.pipeline_spec, "platform_spec": platform});
    let snake = BASE
        .replace("pipelineInfo", "pipeline_info")
        .replace("deploymentSpec", "deployment_spec")
        .replace("componentInputParameter", "component_input_parameter")
        .replace("nodeSelector", "node_selector");
    let text = serde_json::to_string_pretty(&wrapped).expect("JSON");
    let tabs = text.replace("  ", "\t");
    for other in [
        compile_json(&wrapped, &Library::default()),
        compile(text.as_bytes()),
        compile(tabs.as_bytes()),
        compile(snake.as_bytes()),
        compile(BASE.replace('\n', "\r\n").as_bytes()),
        compile(format!("\u{feff}{BASE}").as_bytes()),
    ] {
        let other = other.unwrap_or_else(|found| panic!("{found}"));
        assert_eq!(other.plan, yaml.plan);
        assert_eq!(other.pipeline_spec, yaml.pipeline_spec);
        assert_eq!(other.platform_spec, yaml.platform_spec);
    }
    let bare =
        compile_json(&yaml.pipeline_spec, &Library::default()).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(bare.platform_spec, None);
}

#[test]
fn inline_mistakes_have_a_path_and_no_line() {
    let mut spec = compile(BASE.as_bytes()).unwrap_or_else(|found| panic!("{found}")).pipeline_spec;
    spec["root"]["dag"]["tasks"]["use"]["dependentTasks"][0] = "nobody".into();
    let found = compile_json(&spec, &Library::default()).expect_err("an unknown task");
    let first = found.iter().next().expect("one mistake");
    assert_eq!((first.line, first.path.as_str()), (0, "root.dag.tasks.use.dependentTasks"));
}
