"""Tasks of a run share a folder; the next run has one of its own."""

from typing import NamedTuple

from kfp import dsl

O = NamedTuple('O', [('before', str), ('note', str)])


@dsl.container_component
def put(folder: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'ls "$1" | wc -l | tr -d " \\n" > "$0"; mkdir "$1/shared"; echo passed on > "$1/shared/note"', out, folder])


@dsl.container_component
def get(folder: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'cat "$1/note" > "$0"', out, folder])


@dsl.pipeline(name='workspace',
              pipeline_config=dsl.PipelineConfig(
                  workspace=dsl.WorkspaceConfig(size='100Mi', kubernetes=dsl.KubernetesWorkspaceConfig(
                      pvcSpecPatch={'accessModes': ['ReadWriteOnce']}))))
def pipeline() -> O:
    first = put(folder=dsl.WORKSPACE_PATH_PLACEHOLDER)
    second = get(folder=f'{dsl.WORKSPACE_PATH_PLACEHOLDER}/shared').after(first)
    return O(first.output, second.output)
