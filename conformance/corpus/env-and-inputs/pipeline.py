"""Environment, inputs and a working shell in one command; standard input is empty."""

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='debian',
        command=['sh', '-ec', 'cat; cd "$HOME" 2> /dev/null || cd /tmp; printf "%s %s" "$GREETING" "$1" > "$2"', 'show'],
        args=[text, out])


@dsl.pipeline(name='env-and-inputs')
def pipeline(text: str = 'there') -> str:
    return show(text=text).set_env_variable('GREETING', 'hello').output
