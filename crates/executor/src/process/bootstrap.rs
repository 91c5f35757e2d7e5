//! Recognises the shell lines that the kfp SDK puts before a Python function.
//!
//! What is recognised runs without a shell and without `pip`; every other text runs as written. Recognition is
//! by the whole text, so a line that someone changed is never misread.

use pipewright_plan::Word;
use serde::Serialize;

/// One `pip install` line.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Install {
    /// `--index-url`, `--extra-index-url`, `--trusted-host` with their values, in order.
    pub(super) options: Vec<(String, String)>,
    pub(super) requirements: Vec<String>,
    pub(super) without_dependencies: bool,
}

/// What the shell lines of a component do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bootstrap {
    pub(super) installs: Vec<Install>,
    pub(super) program: Program,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Program {
    /// Python source, run by a module of kfp with further words.
    Function { module: String, source: String, rest: Vec<Word> },
    /// A whole Python program with its arguments, as kfp 1 writes it.
    Script { source: String, rest: Vec<Word> },
    /// Any other command.
    Command { words: Vec<Word> },
}

/// Reads a whole command line; `None` when it is no bootstrap.
pub(super) fn recognise(words: &[Word]) -> Option<Bootstrap> {
    let literal = |at: usize| words.get(at).and_then(Word::as_literal);
    if literal(0) == Some("sh")
        && literal(1) == Some("-c")
        && let Some(installs) = literal(2).and_then(installs_of)
    {
        let rest = &words[3..];
        let program = function_of(rest).unwrap_or_else(|| Program::Command { words: rest.to_vec() });
        return Some(Bootstrap { installs, program });
    }
    let program = function_of(words)?;
    Some(Bootstrap { installs: Vec::new(), program })
}

/// Tells whether a command may call `pip` by itself.
pub(super) fn mentions_pip(words: &[Word]) -> bool {
    let mentions = |text: &str| {
        let mut rest = text;
        while let Some(at) = rest.find("pip") {
            rest = &rest[at + "pip".len()..];
            if !rest.starts_with("eline") && !rest.starts_with('e') {
                return true;
            }
        }
        false
    };
    words.iter().any(|word| word.as_literal().is_some_and(mentions))
}

/// Tells whether a command calls kfp's executor without any shell.
pub(super) fn calls_executor(words: &[Word]) -> bool {
    let literal = |at: usize| words.get(at).and_then(Word::as_literal);
    matches!(literal(0), Some("python" | "python3"))
        && literal(1) == Some("-m")
        && literal(2).is_some_and(is_executor)
}

fn is_executor(module: &str) -> bool {
    matches!(module, "kfp.dsl.executor_main" | "kfp.components.executor_main")
}

fn function_of(words: &[Word]) -> Option<Program> {
    let literal = |at: usize| words.get(at).and_then(Word::as_literal);
    if literal(0) != Some("sh") || literal(1) != Some("-ec") {
        return None;
    }
    let text = literal(2)?.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    if text == r#"program_path=$(mktemp) printf "%s" "$0" > "$program_path" python3 -u "$program_path" "$@""# {
        return Some(Program::Script {
            source: literal(3)?.to_owned(),
            rest: words.get(4..).unwrap_or_default().to_vec(),
        });
    }
    let text = text.strip_prefix(
        r#"program_path=$(mktemp -d) printf "%s" "$0" > "$program_path/ephemeral_component.py" "#,
    )?;
    let text = text.strip_prefix("_KFP_RUNTIME=true ").unwrap_or(text);
    let text = text.strip_prefix("python3 -m ")?;
    let module =
        text.strip_suffix(r#" --component_module_path "$program_path/ephemeral_component.py" "$@""#)?;
    is_executor(module).then_some(())?;
    Some(Program::Function {
        module: module.to_owned(),
        source: literal(3)?.to_owned(),
        rest: words.get(4..).unwrap_or_default().to_vec(),
    })
}

/// Lines around the installs that change nothing here: the environment has pip, and it is a venv.
const HARMLESS: [&str; 8] = [
    r#"if ! [ -x "$(command -v pip)" ]; then"#,
    "python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip",
    "fi",
    "export PIP_DISABLE_PIP_VERSION_CHECK=1",
    "tmp=$(mktemp -d)",
    r#"python3 -m venv "$tmp/venv" --system-site-packages"#,
    r#". "$tmp/venv/bin/activate""#,
    "",
];

fn installs_of(text: &str) -> Option<Vec<Install>> {
    if let Some(install) = install_of_v1(text) {
        return Some(vec![install]);
    }
    let mut installs = Vec::new();
    let mut has_end = false;
    for line in text.lines() {
        for command in split_and(line)? {
            let command = command.trim();
            let command = command.strip_prefix("PIP_DISABLE_PIP_VERSION_CHECK=1").unwrap_or(command).trim();
            if command == r#""$0" "$@""# {
                has_end = true;
            } else if !HARMLESS.contains(&command) {
                installs.push(install_of(command)?);
            }
        }
    }
    (has_end && !installs.is_empty()).then_some(installs)
}

/// Reads the line of kfp 1, which tries the same install once more for the user alone.
fn install_of_v1(text: &str) -> Option<Install> {
    let tries = text.trim().strip_prefix('(')?.strip_suffix(r#") && "$0" "$@""#)?;
    let between = tries.len().checked_sub(" --user".len())?;
    let (first, second) = tries.get(..between)?.split_at_checked(between.checked_sub(" || ".len())? / 2)?;
    (second.strip_prefix(" || ")? == first && tries.ends_with(" --user")).then_some(())?;
    install_of(first.strip_prefix("PIP_DISABLE_PIP_VERSION_CHECK=1 ").unwrap_or(first))
}

/// Splits at `&&` outside of quotes.
fn split_and(line: &str) -> Option<Vec<&str>> {
    let mut commands = Vec::new();
    let mut quote = None;
    let mut start = 0;
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (None, letter @ (b'\'' | b'"')) => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (None, b'&') if bytes.get(at + 1) == Some(&b'&') => {
                commands.push(&line[start..at]);
                at += 1;
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    commands.push(&line[start..]);
    quote.is_none().then_some(commands)
}

fn install_of(command: &str) -> Option<Install> {
    let words = shell_words(command)?;
    let mut words = words.iter().map(String::as_str);
    for expected in ["python3", "-m", "pip", "install"] {
        (words.next()? == expected).then_some(())?;
    }
    let mut install = Install::default();
    while let Some(word) = words.next() {
        match word {
            "--quiet" | "-q" | "--no-warn-script-location" | "--upgrade" => {}
            "--no-deps" => install.without_dependencies = true,
            "--index-url" | "--extra-index-url" | "--trusted-host" => {
                install.options.push((word.to_owned(), words.next()?.to_owned()));
            }
            option if option.starts_with('-') => return None,
            requirement => install.requirements.push(requirement.to_owned()),
        }
    }
    (!install.requirements.is_empty()).then_some(install)
}

/// Splits words as a shell does; `None` when the shell would do more than that.
fn shell_words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in command.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some('\''), letter) => word.get_or_insert_default().push(letter),
            (Some(_), '$' | '`' | '\\') => return None,
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (None, '$' | '`' | '\\' | ';' | '|' | '&' | '<' | '>' | '(' | ')' | '*' | '?' | '#') => {
                return None;
            }
            (None, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "program_path=$(mktemp -d)\n\nprintf \"%s\" \"$0\" > \"$program_path/ephemeral_component.py\"\n_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main                         --component_module_path                         \"$program_path/ephemeral_component.py\"                         \"$@\"\n";

    fn install_text(installs: &str) -> String {
        format!(
            "\nif ! [ -x \"$(command -v pip)\" ]; then\n    python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip\nfi\n\nPIP_DISABLE_PIP_VERSION_CHECK=1 {installs} && \"$0\" \"$@\"\n"
        )
    }

    fn words(texts: &[&str]) -> Vec<Word> {
        texts.iter().map(|text| Word::literal(*text)).collect()
    }

    /// Requirements of each install line, and whether a function follows.
    fn check(texts: &[&str], expected: Option<(&[&[&str]], bool)>) {
        let found = recognise(&words(texts));
        let found = found.as_ref().map(|bootstrap| {
            let requirements: Vec<Vec<&str>> = bootstrap
                .installs
                .iter()
                .map(|install| install.requirements.iter().map(String::as_str).collect())
                .collect();
            (requirements, matches!(bootstrap.program, Program::Function { .. }))
        });
        let expected =
            expected.map(|(lists, function)| (lists.iter().map(|list| list.to_vec()).collect(), function));
        assert_eq!(found, expected, "{texts:?}");
    }

    #[test]
    fn bootstraps_are_recognised() {
        let kfp = "python3 -m pip install --quiet --no-warn-script-location 'kfp==2.17.0' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<\"3.9\"'";
        let kfp_only: &[&str] = &["kfp==2.17.0", "typing-extensions>=3.7.4,<5; python_version<\"3.9\""];
        let tail = ["sh", "-ec", RUN, "def f(): pass", "--executor_input", "{}"];
        let with = |install: &str| {
            let mut all = vec!["sh".to_owned(), "-c".to_owned(), install.to_owned()];
            all.extend(tail.map(str::to_owned));
            all
        };
        let run = |install: &str, expected: Option<(&[&[&str]], bool)>| {
            let all = with(install);
            check(&all.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        };
        check(&tail, Some((&[], true)));
        run(&install_text(kfp), Some((&[kfp_only], true)));
        let user = "python3 -m pip install --quiet --no-warn-script-location --index-url https://example.com/simple --trusted-host https://example.com/simple 'pandas<3' \"it's\"";
        run(&install_text(&format!("{user}  &&  {kfp}")), Some((&[&["pandas<3", "it's"], kfp_only], true)));
        let venv = "\nexport PIP_DISABLE_PIP_VERSION_CHECK=1\ntmp=$(mktemp -d)\npython3 -m venv \"$tmp/venv\" --system-site-packages\n. \"$tmp/venv/bin/activate\"\n";
        run(
            &install_text(&format!("{user}  &&  {venv} {kfp}")),
            Some((&[&["pandas<3", "it's"], kfp_only], true)),
        );
        run(&install_text("python3 -m pip install $PACKAGES"), None);
        run(&install_text("rm -rf x"), None);
        run(&install_text("python3 -m pip install --pre a"), None);
        check(&["sh", "-c", &install_text(kfp), "python3", "-m", "x"], Some((&[kfp_only], false)));
        check(&["sh", "-c", "echo hello"], None);
        check(&["sh", "-ec", "echo hello", "x"], None);
        check(&["python3", "-m", "kfp.dsl.executor_main"], None);
        check(&[], None);
    }

    #[test]
    fn bootstraps_of_kfp_1_are_recognised() {
        const LOADER: &str = "program_path=$(mktemp)\nprintf \"%s\" \"$0\" > \"$program_path\"\npython3 -u \"$program_path\" \"$@\"\n";
        let install = "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location 'a==1' \"it's\"";
        let wrapped = format!("({install} || {install} --user) && \"$0\" \"$@\"");
        let changed = format!("({install} || {install} --user ) && \"$0\" \"$@\"");
        for (texts, expected) in [
            (vec!["sh", "-ec", LOADER, "SOURCE", "--a"], Some(0)),
            (vec!["sh", "-c", &wrapped, "sh", "-ec", LOADER, "SOURCE", "--a"], Some(2)),
            (vec!["sh", "-c", &changed, "sh", "-ec", LOADER, "SOURCE", "--a"], None),
            (vec!["sh", "-ec", "program_path=$(mktemp)\nrm x", "SOURCE"], None),
        ] {
            let found = recognise(&words(&texts));
            let count = found.as_ref().map(|found| {
                assert_eq!(
                    found.program,
                    Program::Script { source: "SOURCE".to_owned(), rest: words(&["--a"]) }
                );
                found.installs.iter().map(|install| install.requirements.len()).sum::<usize>()
            });
            assert_eq!(count, expected, "{texts:?}");
        }
        let unwrapped = recognise(&words(&["sh", "-c", &wrapped, "python3", "-u", "-c", "SOURCE"])).unwrap();
        assert_eq!(unwrapped.program, Program::Command { words: words(&["python3", "-u", "-c", "SOURCE"]) });
    }

    #[test]
    fn pip_is_found_in_programs() {
        for (text, expected) in [
            ("subprocess.run([sys.executable, '-m', 'pip', 'install', 'x'])", true),
            ("a pipeline of pipes", false),
            ("pip3 install x", true),
            ("pipeline; pip", true),
        ] {
            assert_eq!(mentions_pip(&words(&[text])), expected, "{text}");
        }
    }

    #[test]
    fn options_and_program_are_kept() {
        let text = install_text(
            "python3 -m pip install --index-url https://a/simple --extra-index-url https://b 'x' '--no-deps'",
        );
        let found = recognise(&words(&["sh", "-c", &text, "sh", "-ec", RUN, "SOURCE", "--a"])).unwrap();
        let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            found.installs[0],
            Install {
                options: vec![
                    option("--index-url", "https://a/simple"),
                    option("--extra-index-url", "https://b")
                ],
                requirements: vec!["x".to_owned()],
                without_dependencies: true,
            }
        );
        assert_eq!(
            found.program,
            Program::Function {
                module: "kfp.dsl.executor_main".to_owned(),
                source: "SOURCE".to_owned(),
                rest: words(&["--a"]),
            }
        );
        assert!(calls_executor(&words(&["python3", "-m", "kfp.dsl.executor_main", "--x"])));
        assert!(!calls_executor(&words(&["python3", "-m", "http.server"])));
    }
}
