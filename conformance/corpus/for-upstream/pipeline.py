"""A loop over a list that a task has made, with an order between the tasks of one iteration."""

from typing import List

from kfp import dsl


@dsl.container_component
def words(text: str, out: dsl.OutputPath(List[str])):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'set -- "$1" $0; out=$1; shift; list=; for w; do list="$list,\\"$w\\""; done; printf "[%s]" "${list#,}" > "$out"'],
        args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='for-upstream')
def pipeline():
    with dsl.ParallelFor(words(text='p q').output) as word:
        first = grow(text=word)
        grow(text=first.output)
