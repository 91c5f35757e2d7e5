"""Conditions on values: texts are compared as texts, numbers as numbers, and what follows a skip still runs."""

from kfp import dsl


def say(name, text):
    return dsl.ContainerOp(name=name, image='busybox', command=['echo'], arguments=[text])


@dsl.pipeline(name='conditions')
def pipeline(side: str = 'heads', count: int = 10):
    flip = dsl.ContainerOp(name='flip', image='busybox', command=['sh', '-c', 'echo "$0" > /tmp/side'],
                           arguments=[side], file_outputs={'side': '/tmp/side'})
    with dsl.Condition(flip.output == 'heads', 'heads'):
        say('is-heads', flip.output)
        with dsl.Condition(count > 9):
            say('is-many', count)
        with dsl.Condition(count < 9):
            say('is-few', count)
    with dsl.Condition(flip.output == 'tails', 'tails'):
        tails = say('is-tails', flip.output)
    with dsl.Condition(flip.output != 'tails'):
        say('is-not-tails', 'not').after(flip)
    say('afterwards', 'done').after(tails)
