"""Two components with different requirements, and one with none."""

from typing import NamedTuple

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=['toolz==0.12.1'])
def older() -> str:
    import toolz
    return toolz.__version__


@dsl.component(base_image='python:3.11', packages_to_install=['toolz==1.0.0'])
def newer() -> str:
    import toolz
    return toolz.__version__


@dsl.component(base_image='python:3.11', packages_to_install=[])
def without() -> str:
    try:
        import toolz
        return toolz.__version__
    except ImportError:
        return 'none'


@dsl.pipeline(name='py-packages')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str), ('c', str)]):
    O = NamedTuple('O', [('a', str), ('b', str), ('c', str)])
    return O(older().output, newer().output, without().output)
