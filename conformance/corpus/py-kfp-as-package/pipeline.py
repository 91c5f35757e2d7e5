"""The SDK comes as an ordinary requirement; the bootstrap does not install it."""

from kfp import dsl


@dsl.component(base_image='python:3.11', install_kfp_package=False, packages_to_install=['kfp==2.17.0'])
def version() -> str:
    import kfp
    return kfp.__version__


@dsl.pipeline(name='py-kfp-as-package')
def pipeline() -> str:
    return version().output
