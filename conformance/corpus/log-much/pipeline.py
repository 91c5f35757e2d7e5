"""A task that says a lot on both streams."""

from kfp import dsl


@dsl.container_component
def chatter():
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'i=0; while [ $i -lt 3000 ]; do echo "line $i of many"; echo "and $i" >&2; i=$((i+1)); done; printf "no newline at the end"'])


@dsl.pipeline(name='log-much')
def pipeline():
    chatter()
