use super::{LONGEST, parse};

const ENVIRONMENT: &[&str] = &["inputs", "outputs"];

/// Shows a tree as a compact term.
fn show(expr: &pipewright_plan::Expr) -> String {
    use pipewright_plan::Expr;
    let join = |items: &[Expr]| items.iter().map(show).collect::<Vec<_>>().join(" ");
    match expr {
        Expr::Literal { value } => value.to_string(),
        Expr::Variable { name } => name.clone(),
        Expr::Select { operand, field } => format!("{}.{field}", show(operand)),
        Expr::Index { operand, index } => format!("{}[{}]", show(operand), show(index)),
        Expr::Has { operand, field } => format!("(has {}.{field})", show(operand)),
        Expr::Call { function, arguments } => format!("({function:?} {})", join(arguments)),
        Expr::Named { name, arguments } => format!("{name}({})", join(arguments)),
        Expr::List { items } => format!("[{}]", join(items)),
        Expr::Map { entries } => {
            let entries: Vec<_> = entries.iter().map(|(k, v)| format!("{}:{}", show(k), show(v))).collect();
            format!("{{{}}}", entries.join(" "))
        }
        Expr::Fold { fold, range, variable, body, transform } => {
            let transform = transform.as_deref().map(show).unwrap_or_default();
            format!("({fold:?} {} {variable} {} {transform})", show(range), show(body))
        }
    }
}

#[test]
fn expressions_have_the_tree_that_cel_gives_them() {
    for (text, expected) in [
        ("inputs.parameter_values['n'] == 'a'", r#"(Equal inputs.parameter_values["n"] "a")"#),
        (
            "int(inputs.parameter_values['n']) >= 3",
            r#"(GreaterOrEqual (Int inputs.parameter_values["n"]) 3)"#,
        ),
        ("1 + 2 * 3 - -4", "(Subtract (Add 1 (Multiply 2 3)) -4)"),
        ("!(true && false) || null == 1.5", "(Or (Not (And true false)) (Equal null 1.5))"),
        ("true && true && true && true", "(And (And true true) (And true true))"),
        ("true ? 1 : false ? 2 : 3", "(Conditional true 1 (Conditional false 2 3))"),
        ("'a' in ['a', \"b\",]", r#"(In "a" ["a" "b"])"#),
        ("{'k': 1u, 2: 0x1F}", r#"{"k":1 2:31}"#),
        ("[1, 2].exists(x, x > 1)", "(Exists [1 2] x (Greater x 1) )"),
        ("[1].map(x, x > 0, x * 2)", "(Map [1] x (Greater x 0) (Multiply x 2))"),
        ("has(inputs.a.b)", "(has inputs.a.b)"),
        ("inputs.size() + size('a')", r#"(Add (Size inputs) (Size "a"))"#),
        ("'abc'.matches('b+')", r#"(Matches "abc" "b+")"#),
        (r#"'\x41\u00e9\n\101' + r'\n' + """a"b""""#, r#"(Add (Add "Aé\nA" "\\n") "a\"b")"#),
        ("-9223372036854775808 < .5e-1", "(Less -9223372036854775808 0.05)"),
        ("parseJson('{}')['a'] // why\n == 1", r#"(Equal (ParseJson "{}")["a"] 1)"#),
        ("- - 1", "(Negate -1)"),
        ("-1.0", "-1.0"),
        ("inputs.x == 'it's'", r#"(Equal inputs.x "it's")"#),
        ("dyn(1) != dyn(2.0)", "(NotEqual 1 2.0)"),
    ] {
        let expr = parse(text, ENVIRONMENT).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(show(&expr), expected, "{text}");
    }
}

#[test]
fn mistakes_name_their_character() {
    let deep = format!("{}1{}", "(".repeat(40), ")".repeat(40));
    let long = "1".repeat(LONGEST + 1);
    let chain = format!("1{}", "+1".repeat(60));
    for (text, at, words) in [
        ("", 1, "empty"),
        ("1 +", 4, "expected a value, found the end"),
        ("a == 1", 1, "nothing is called `a`"),
        ("inputs.x = 1", 10, "`=` is not expected"),
        ("'it' s'", 7, "not closed"),
        ("'a' 'b'", 5, "expected the end of the expression, found a text"),
        ("'abc", 1, "not closed"),
        ("b'abc'", 1, "bytes"),
        ("sise('a')", 1, "`sise` is not supported"),
        ("'a'.startsWith()", 5, "takes 1 argument(s), found 0"),
        ("timestamp('2020')", 1, "`timestamp` is not supported"),
        ("99999999999999999999", 1, "64 bits"),
        ("has(inputs)", 5, "`has` asks for a field"),
        ("(1", 3, "expected `)`"),
        ("inputs.", 8, "expected a name"),
        ("for", 1, "reserved"),
        ("'\\q'", 2, "escape"),
        (deep.as_str(), 33, "nested"),
        (long.as_str(), 1, "longer"),
        (chain.as_str(), 1, "too many"),
        ("[1].map(1, 2)", 9, "variable of `map`"),
    ] {
        let error = parse(text, ENVIRONMENT).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error:?}");
        assert!(error.message.contains(words), "{text}: {error:?}");
    }
}

#[test]
fn long_chains_of_branches_stay_shallow() {
    let text = vec!["!(int(inputs.parameter_values['pipelinechannel--flip-Output']) == 3)"; 200].join(" && ");
    assert!(parse(&text, ENVIRONMENT).is_ok());
}
