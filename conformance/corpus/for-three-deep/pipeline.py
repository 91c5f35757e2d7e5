"""Three loops in each other and one list of lists of lists."""

from kfp import dsl


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.container_component
def join3(a: str, b: str, c: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s-%s-%s "$0" "$1" "$2" > "$3"'], args=[a, b, c, out])


@dsl.pipeline(name='for-three-deep')
def pipeline() -> str:
    with dsl.ParallelFor(['a', 'b']) as x:
        with dsl.ParallelFor(['1', '2']) as y:
            with dsl.ParallelFor(['p']) as z:
                s = join3(a=x, b=y, c=z)
    return show_list(items=dsl.Collected(s.output)).output
