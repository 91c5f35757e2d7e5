"""Files that a task leaves in its working folder, in /tmp and in its home are not seen by the next."""

from kfp import dsl


@dsl.container_component
def leave(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '''
set -e
for folder in . "$HOME" /tmp "${TMPDIR:-/tmp}"; do
    for file in report.html notebook.ipynb .hidden left-by-leak-tasks/folder; do
        if [ -e "$folder/$file" ]; then echo "$folder/$file was there" >&2; exit 1; fi
    done
done
for folder in . "$HOME" /tmp "${TMPDIR:-/tmp}"; do
    mkdir -p "$folder/left-by-leak-tasks/folder"
    for file in report.html notebook.ipynb .hidden; do echo x > "$folder/$file"; done
done
echo done > "$0"
''', out])


@dsl.pipeline(name='leak-tasks')
def pipeline():
    first = leave()
    second = leave().after(first)
    leave().after(second)
