"""Limits by value and by parameter (which the SDK writes as a patch of the pod), metrics, and an object that a
step makes."""

from typing import NamedTuple

from kfp import components, dsl


def measure() -> NamedTuple('Outputs', [('mlpipeline_metrics', 'Metrics'), ('answer', int)]):
    import json
    return json.dumps({'metrics': [{'name': 'accuracy', 'numberValue': 0.5, 'format': 'PERCENTAGE'}]}), 42


measure_op = components.create_component_from_func(measure)


@dsl.pipeline(name='resources')
def pipeline(memory: str = '200Mi'):
    limited = measure_op().set_cpu_request('100m').set_memory_request(memory).set_memory_limit('1Gi')
    made = dsl.ResourceOp(name='make', action='create', attribute_outputs={'answer': '{.data.answer}'},
                          k8s_resource={'apiVersion': 'v1', 'kind': 'ConfigMap',
                                        'metadata': {'name': '{{workflow.name}}-map'},
                                        'data': {'answer': '%s' % limited.outputs['answer']}})
    dsl.ContainerOp(name='show', image='busybox', command=['test', '42', '='], arguments=[made.outputs['answer']])
