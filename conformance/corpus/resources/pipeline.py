"""Requests and limits, constant and from a parameter, do not keep a task from running."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='resources')
def pipeline(cpu: str = '500m', memory: str = '64Mi'):
    say(text='a').set_cpu_request('100m').set_cpu_limit('1').set_memory_request('16Mi').set_memory_limit('256M')
    say(text='b').set_cpu_limit(cpu).set_memory_limit(memory)
