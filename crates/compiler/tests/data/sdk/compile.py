"""Pipelines for which the SDK writes references between groups wrongly.

python compile.py    (with kfp 2.17.0; writes one YAML file a pipeline beside this one)
"""

import pathlib

from kfp import compiler, dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", 'printf %s "$0" > "$1"'], args=[text, out])


def loop_item_in_condition():
    with dsl.ParallelFor([1, 2]) as item:
        task = say(text="a")
        with dsl.If(task.output == "a"):
            say(text=f"{task.output} {item}")


def outer_item_in_inner_loop():
    with dsl.ParallelFor([1, 2]) as outer:
        with dsl.ParallelFor([3, 4]) as inner:
            say(text=f"{outer} {inner}")


def field_below_exit_handler():
    with dsl.ExitHandler(say(text="end")):
        with dsl.ParallelFor([{"a": "x", "b": "y"}]) as item:
            say(text=item.b)
            with dsl.ParallelFor([1]) as inner:
                say(text=f"{item.b} {inner}")


def condition_on_inner_item():
    task = say(text="a")
    with dsl.ParallelFor([1]) as outer:
        with dsl.ParallelFor([1]) as inner:
            with dsl.If(outer == inner):
                with dsl.If(inner == 1):
                    say(text=f"{outer} {task.output} {inner}")


# Both items get one name, so that the SDK itself reads `outer.a` from the inner item.
def same_items_twice(items: list = [{"a": "b"}]):
    with dsl.ParallelFor(items) as outer:
        with dsl.ParallelFor(items) as inner:
            with dsl.If(outer.a == "x"):
                say(text=f"{inner} {outer.a}")


def quote_in_constant(text: str = "it's"):
    with dsl.If(text == "it's"):
        say(text=text)


if __name__ == "__main__":
    for pipeline in [
        loop_item_in_condition,
        outer_item_in_inner_loop,
        field_below_exit_handler,
        condition_on_inner_item,
        same_items_twice,
        quote_in_constant,
    ]:
        path = pathlib.Path(__file__).with_name(f"{pipeline.__name__}.yaml")
        compiler.Compiler().compile(dsl.pipeline(pipeline), str(path))
