"""Two components with different requirements, and one with none."""

from typing import NamedTuple

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=['six==1.16.0'])
def older() -> str:
    import six
    return six.__version__


@dsl.component(base_image='python:3.11', packages_to_install=['six==1.17.0'])
def newer() -> str:
    import six
    return six.__version__


@dsl.component(base_image='python:3.11', packages_to_install=[])
def without() -> str:
    try:
        import six
        return six.__version__
    except ImportError:
        return 'none'


@dsl.pipeline(name='py-packages')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str), ('c', str)]):
    O = NamedTuple('O', [('a', str), ('b', str), ('c', str)])
    return O(older().output, newer().output, without().output)
