use super::*;

/// Writes an expression shortly.
fn show(expr: &Expr) -> String {
    let all = |items: &[Expr]| items.iter().map(show).collect::<Vec<_>>().join(", ");
    match expr {
        Expr::Literal { value } => value.to_string(),
        Expr::Variable { name } => name.clone(),
        Expr::List { items } => format!("[{}]", all(items)),
        Expr::Map { entries } => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", show(key), show(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Expr::Call { function, arguments } => format!("{function:?}({})", all(arguments)),
        Expr::Named { name, arguments } => format!("{name}({})", all(arguments)),
        Expr::Fold { fold, range, body, .. } => format!("{fold:?}({}, {})", show(range), show(body)),
        other => format!("{other:?}"),
    }
}

fn check(text: &str, expected: Result<&str, &str>) {
    let mut variables = |tag: &Tag| match tag {
        Tag::InputParameter(name) if name == "missing" => Err(Wrong::new("there is no `missing`")),
        tag => Ok(Expr::Variable { name: tag.name() }),
    };
    let found = parse(text, &mut variables);
    match (&found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(show(found), expected, "{text}"),
        (Err(found), Err(words)) => assert!(found.message.contains(words), "{text}: {}", found.message),
        _ => panic!("{text}: {found:?}"),
    }
}

#[test]
fn expressions_are_read() {
    check("asInt(inputs.parameters.x) + 1", Ok("Add(asInt(inputs.parameters.x), 1)"));
    check("1 + 2 * 3 ** 2 ** 1", Ok("Add(1, Multiply(2, Power(3, Power(2, 1))))"));
    check("-2 ** 2", Ok("Negate(Power(2, 2))"));
    check("not true == false", Ok("Equal(Not(true), false)"));
    check("1 - 2 - 3", Ok("Subtract(Subtract(1, 2), 3)"));
    check("a ? 1 : 2", Err("no variable `a`"));
    check("true ? 1 : false ? 2 : 3", Ok("Conditional(true, 1, Conditional(false, 2, 3))"));
    check("'a' in ['a', \"b\"]", Ok("In(\"a\", [\"a\", \"b\"])"));
    check("'a' not in ['b']", Ok("Not(In(\"a\", [\"b\"]))"));
    check(
        "true and false or true",
        Ok(
            "Conditional(Conditional(true, Conditional(false, true, false), false), true, Conditional(true, true, false))",
        ),
    );
    check("tasks['my-task'].outputs.parameters['a b']", Ok("tasks.my-task.outputs.parameters.a b"));
    check("steps.x.outputs.result", Ok("tasks.x.outputs.result"));
    check("fromJSON(item).a[0].b", Ok("field(field(field(fromJSON(item), \"a\"), 0), \"b\")"));
    check("item.key", Ok("item.key"));
    check("inputs.parameters['a'][1:3]", Ok("part(inputs.parameters.a, 1, 3)"));
    check("filter([1, 2], {# > 1})", Ok("Filter([1, 2], Greater(#, 1))"));
    check("map(fromJSON(item), .name)", Ok("Map(fromJSON(item), field(#, \"name\"))"));
    check("none([1], # == 2)", Ok("Not(Exists([1], Equal(#, 2)))"));
    check("[3, 1] | sort() | join(',')", Ok("join(sort([3, 1]), \",\")"));
    check("sprig.trim(inputs.parameters.x)", Ok("sprig.trim(inputs.parameters.x)"));
    check("{a: 1, 'b': [2]}", Ok("{\"a\": 1, \"b\": [2]}"));
    check("1..3", Ok("range(1, 3)"));
    check("inputs.parameters.x ?? 'none'", Ok("coalesce(inputs.parameters.x, \"none\")"));
    check("7 / 2 % 2", Ok("Modulo(quotient(7, 2), 2)"));
    check(
        "lastRetry.exitCode != '2' && asInt(lastRetry.duration) < 1.5e2",
        Ok(
            "Conditional(NotEqual(lastRetry.exitCode, \"2\"), Conditional(Less(asInt(lastRetry.duration), 150.0), true, false), false)",
        ),
    );
    check("`raw \\n`", Ok("\"raw \\\\n\""));
    check("'it\\'s\\u0041'", Ok("\"it'sA\""));
    check("0x1F", Ok("31"));
}

#[test]
fn mistakes_are_told() {
    check("", Err("ends too early"));
    check("1 +", Err("ends too early"));
    check("(1", Err("`)` is missing"));
    check("'open", Err("not closed"));
    check("1 2", Err("`2` (the 3. character"));
    check("a @ b", Err("`@` (the 3. of"));
    check("nothing(1)", Err("`nothing` is not supported"));
    check("sprig.uuidv4()", Err("`sprig.uuidv4` is not supported"));
    check("now()", Err("`now` is not supported"));
    check("asInt()", Err("wants 1 arguments"));
    check("inputs.parameters.missing", Err("no `missing`"));
    check("# > 1", Err("`#`"));
    check("let x", Err("`let` is not supported"));
    check(&"(".repeat(100), Err("nested too deeply"));
}

#[test]
fn items_are_seen() {
    for (text, expected) in [
        ("item", true),
        ("item.a + 1", true),
        ("'item'", false),
        ("inputs.parameters.item", false),
        ("f(item)", true),
    ] {
        assert_eq!(mentions_item(text), expected, "{text}");
    }
}
