"""Files that a failed attempt leaves are not seen by the next attempt."""

from kfp import dsl


@dsl.container_component
def leave(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '''
set -e
for folder in . "$HOME" /tmp "${TMPDIR:-/tmp}"; do
    for file in report.html notebook.ipynb .hidden left-by-leak-attempts/folder; do
        if [ -e "$folder/$file" ]; then echo "$folder/$file was there" >&2; exit 1; fi
    done
done
for folder in . "$HOME" /tmp "${TMPDIR:-/tmp}"; do
    mkdir -p "$folder/left-by-leak-attempts/folder"
    for file in report.html notebook.ipynb .hidden; do echo x > "$folder/$file"; done
done
[ "$KFP_RETRY_INDEX" -ge 2 ] && echo done > "$0"
''', out])


@dsl.pipeline(name='leak-attempts')
def pipeline():
    leave().set_retry(num_retries=2, backoff_duration='0s')
