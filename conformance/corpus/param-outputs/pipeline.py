"""Output parameter files of each type and how they are parsed; a string is taken as it is."""

from typing import NamedTuple

from kfp import dsl


@dsl.container_component
def make(s: dsl.OutputPath(str), i: dsl.OutputPath(int), d: dsl.OutputPath(float),
         b: dsl.OutputPath(bool), l: dsl.OutputPath(list), m: dsl.OutputPath(dict)):
    return dsl.ContainerSpec(
        image='alpine',
        command=['sh', '-c', r'''printf ' two\nlines\n' > "$0"
printf ' 42\n' > "$1"
printf '1e3\n' > "$2"
printf True > "$3"
printf '[1, "two", [3]]' > "$4"
printf '{"a": {"b": null}}\n' > "$5"'''],
        args=[s, i, d, b, l, m])


@dsl.pipeline(name='param-outputs')
def pipeline() -> NamedTuple('Outputs', [('s', str), ('i', int), ('d', float), ('b', bool), ('l', list), ('m', dict)]):
    t = make()
    Outputs = NamedTuple('Outputs', [('s', str), ('i', int), ('d', float), ('b', bool), ('l', list), ('m', dict)])
    return Outputs(*[t.outputs[n] for n in ('s', 'i', 'd', 'b', 'l', 'm')])
