"""Variables of the workflow in commands, in the environment and as values that are read again."""

from kfp import dsl
from kubernetes.client import V1EnvVar


@dsl.pipeline(name='variables')
def pipeline(text: str = 'in {{workflow.namespace}}'):
    words = ['{{workflow.name}}', '{{workflow.uid}}', '{{workflow.parameters.text}}', '{{pod.name}}',
             '{{ user.name }}', '{{workflow.creationTimestamp.Y}}', text, dsl.RUN_ID_PLACEHOLDER]
    check = dsl.ContainerOp(name='check', image='busybox', command=['sh', '-ec', '''
case "$0" in variables-?*) ;; *) echo "name $0"; exit 1;; esac
case "$1" in ????????-????-????-????-????????????) ;; *) echo "uid $1"; exit 1;; esac
test "$1" = "$7" && test "$1" = "$RUN"
case "$2" in "in {{"*) exit 1;; "in "?*) ;; *) echo "parameter $2"; exit 1;; esac
case "$3" in "$0"-[0-9]*) ;; *) echo "pod $3"; exit 1;; esac
test "$4" = "{{ user.name }}"
case "$5" in 2???) ;; *) exit 1;; esac
test "$2" = "$6"
'''], arguments=words)
    check.container.add_env_variable(V1EnvVar(name='RUN', value='{{workflow.uid}}'))
