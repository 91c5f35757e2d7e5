"""References to a task's variables in its command, as a pod's command may have them."""

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='alpine',
        command=['sh', '-c', 'printf "%s|" "$@" > "$0"', out],
        args=['to $(NAME)', '$$(NAME)', '$(OTHER)', text, dsl.ConcatPlaceholder(['--name=$(NAME)/', text])])


@dsl.pipeline(name='env-references')
def pipeline(text: str = '$(NAME)') -> str:
    return show(text=text).set_env_variable('NAME', 'world').output
