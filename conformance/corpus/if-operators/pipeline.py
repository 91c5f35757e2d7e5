"""Comparisons of each kind: numbers, texts, booleans; the wrong ones are skipped."""

from kfp import dsl


@dsl.container_component
def noop():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.pipeline(name='if-operators')
def pipeline(i: int = 3, d: float = 2.5, s: str = 'm', b: bool = True):
    for yes, no in [(i == 3, i != 3), (i >= 3, i > 3), (i <= 3, i < 3), (d > 2.0, d < 2.0),
                    (d >= 2, d == 2), (s == 'm', s == 'n'), (s > 'a', s > 'z'), (b == True, b == False)]:
        with dsl.If(yes):
            noop()
        with dsl.If(no):
            noop()
