"""The older way: InputPath and OutputPath."""

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=[])
def make(text: str, data: dsl.OutputPath('Dataset'), size: dsl.OutputPath(int)):
    with open(data, 'w') as f:
        f.write(text)
    with open(size, 'w') as f:
        f.write(str(len(text)))


@dsl.component(base_image='python:3.11', packages_to_install=[])
def read(size: int, data: dsl.InputPath('Dataset')) -> str:
    return open(data).read() * size


@dsl.pipeline(name='py-paths')
def pipeline(text: str = 'ab') -> str:
    m = make(text=text)
    return read(size=m.outputs['size'], data=m.outputs['data']).output
