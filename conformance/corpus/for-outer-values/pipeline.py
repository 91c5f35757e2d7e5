"""A task deep inside loops uses a pipeline parameter, an output of a task outside and both items."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def join5(a: str, b: str, c: str, d: str, e: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='debian', command=['sh', '-c', 'printf "%s %s %s %s %s" "$0" "$1" "$2" "$3" "$4" > "$5"'], args=[a, b, c, d, e, out])


@dsl.pipeline(name='for-outer-values')
def pipeline(word: str = 'w'):
    outside = say(text='o')
    with dsl.ParallelFor(['a', 'b']) as x:
        middle = say(text=f'{word}{x}')
        with dsl.ParallelFor([1, 2]) as y:
            join5(a=word, b=outside.output, c=middle.output, d=x, e=y)
