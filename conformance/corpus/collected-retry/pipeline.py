"""Iterations that need several attempts give their values in the order of the items all the same."""

from kfp import dsl


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.container_component
def retried(text: str, least: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$1" ] && printf "%s after %s" "$0" "$KFP_RETRY_INDEX" > "$2"'],
        args=[text, least, out])

@dsl.pipeline(name='collected-retry')
def pipeline() -> str:
    with dsl.ParallelFor([2, 0, 1]) as n:
        r = retried(text='n', least=n).set_retry(num_retries=2, backoff_duration='0s')
    return show_list(items=dsl.Collected(r.output)).output
