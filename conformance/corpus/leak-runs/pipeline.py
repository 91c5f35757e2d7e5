"""Files that a run leaves are not seen by the next run of the same pipeline."""

from kfp import dsl


@dsl.container_component
def leave(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '''
set -e
for folder in . "$HOME" /tmp "${TMPDIR:-/tmp}"; do
    for file in report.html notebook.ipynb .hidden left-by-leak-runs/folder; do
        if [ -e "$folder/$file" ]; then echo "$folder/$file was there" >&2; exit 1; fi
    done
done
for folder in . "$HOME" /tmp "${TMPDIR:-/tmp}"; do
    mkdir -p "$folder/left-by-leak-runs/folder"
    for file in report.html notebook.ipynb .hidden; do echo x > "$folder/$file"; done
done
echo done > "$0"
''', out])


@dsl.pipeline(name='leak-runs')
def pipeline():
    with dsl.ParallelFor(['a', 'b']) as item:
        leave().set_caching_options(False)
