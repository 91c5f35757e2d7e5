"""A requirement that does not exist fails its task and no other."""

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=['six==0.0.0.1'])
def broken():
    print('never')


@dsl.component(base_image='python:3.11', packages_to_install=[])
def fine():
    print('fine')


@dsl.pipeline(name='py-package-missing')
def pipeline():
    broken()
    fine()
