"""Conditions on outputs and parameters, compared as texts and as numbers."""

from kfp import components, dsl


def count() -> int:
    return 3


count_op = components.create_component_from_func(count)


def say(name, text='said'):
    return dsl.ContainerOp(name=name, image='busybox', command=['echo', text])


@dsl.pipeline(name='kfp-conditions')
def pipeline(flag: bool = True):
    number = count_op().output
    with dsl.Condition(number > 2, 'many'):
        first = say('first')
        with dsl.Condition(number == 3):
            say('three', number)
    with dsl.Condition(number != '3', 'other'):
        say('never')
    with dsl.Condition(flag == True, 'flag'):
        say('flagged')
    with dsl.Condition(flag == 'true', 'lower'):
        say('lower')
