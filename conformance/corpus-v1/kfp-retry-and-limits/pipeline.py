"""Retries with back-off, a time limit, resources by parameter, labels and annotations."""

from kfp import dsl


@dsl.pipeline(name='kfp-retry-and-limits')
def pipeline(memory: str = '32Mi'):
    flaky = dsl.ContainerOp(name='flaky', image='busybox', command=['sh', '-c', 'exit 1'])
    flaky.set_retry(2, backoff_duration='0', backoff_factor=2.0)
    slow = dsl.ContainerOp(name='slow', image='busybox', command=['sleep', '60']).set_timeout(1)
    sized = dsl.ContainerOp(name='sized', image='busybox', command=['echo', 'sized'])
    sized.container.set_memory_limit(memory)
    sized.container.set_cpu_request('100m')
    sized.add_pod_annotation('note', 'kept').set_display_name('A sized step')
    sized.add_node_selector_constraint('kind', 'large')
