"""A nested pipeline inside the group, and another one as the exit task, which gets the final status."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])

@dsl.container_component
def note(given: dict, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', 'import json, sys; s = json.loads(sys.argv[1]); open(sys.argv[2], "w").write(s["state"] + " " + s["pipelineTaskName"])'],
        args=[given, out])


@dsl.pipeline
def work():
    fail()
    say(text='beside')


@dsl.pipeline
def clean_up(text: str, given: dsl.PipelineTaskFinalStatus):
    say(text=text)
    note(given=given)


@dsl.pipeline(name='exit-dag')
def pipeline():
    with dsl.ExitHandler(clean_up(text='bye')):
        work()
