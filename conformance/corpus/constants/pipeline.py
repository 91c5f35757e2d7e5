"""Constants of a task: quotes, newlines, back-slashes, dollar signs, other alphabets."""

from typing import NamedTuple

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='constants')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str), ('c', str)]):
    O = NamedTuple('O', [('a', str), ('b', str), ('c', str)])
    return O(
        say(text='it\'s "quoted"\nand\tlong\\n').output,
        say(text='$HOME $(id) `id` ${X} %s').output,
        say(text='żółw 漢字 🐢 {{ not one }} {{$').output)
