"""Which secret is used is part of the cache key."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf "%s" "${#PASS}" > "$0"', out])


@dsl.pipeline(name='secret-cache')
def pipeline():
    first = show()
    kubernetes.use_secret_as_env(first, secret_name='corpus-cache-a', secret_key_to_env={'password': 'PASS'})
    other = show().after(first)
    kubernetes.use_secret_as_env(other, secret_name='corpus-cache-b', secret_key_to_env={'password': 'PASS'})
