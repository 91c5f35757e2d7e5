"""Python functions: values by type, files, folders and constants as files."""

from kfp import components, dsl
from kfp.components import InputPath, OutputPath


def add(a: float, b: float = 0.5) -> float:
    return a + b


def write(count: int, lines: OutputPath(), folder: OutputPath()):
    import os
    os.makedirs(folder)
    with open(lines, 'w') as out:
        for index in range(count):
            out.write('line %d\n' % index)
            with open(os.path.join(folder, str(index)), 'w') as part:
                part.write(str(index * index))


def read(lines: InputPath(), folder: InputPath(), constant: InputPath(), given: InputPath()) -> str:
    import os
    parts = [open(os.path.join(folder, name)).read() for name in sorted(os.listdir(folder))]
    return '|'.join([str(len(open(lines).readlines())), '+'.join(parts), open(constant).read(), open(given).read()])


add_op = components.create_component_from_func(add)
write_op = components.create_component_from_func(write)
read_op = components.create_component_from_func(read)


@dsl.pipeline(name='functions')
def pipeline(count: int = 3, text: str = 'given text'):
    total = add_op(1.25)
    add_op(total.output, 3)
    written = write_op(count)
    read_op(written.outputs['lines'], written.outputs['folder'], 'a {"constant"}', text)
