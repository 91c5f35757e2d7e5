"""What a Python function finds around it: variables, a private /tmp, a writable home."""

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=[])
def look() -> str:
    import os, tempfile
    with tempfile.NamedTemporaryFile('w') as f:
        f.write('x')
    return os.environ['GREETING'] + ' ' + os.environ.get('_KFP_RUNTIME', '')


@dsl.pipeline(name='py-environment')
def pipeline() -> str:
    return look().set_env_variable('GREETING', 'hi there').output
