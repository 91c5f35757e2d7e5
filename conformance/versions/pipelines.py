"""The same pipelines for every version of the SDK, with what must come of them.

Usage: python pipelines.py

Compiles with the kfp that is installed and writes `<its version>/<name>/pipeline.yaml`
and `expect.yaml` beside this file. A pipeline that needs what a version does not have
yet is left out there, or written with what it has (`dsl.Condition` for `dsl.If`).
"""

import os
import pathlib
import sys
from typing import List, NamedTuple, Optional

import kfp
from kfp import compiler, dsl
from kfp.dsl import Dataset, Input, Metrics, Model, Output, PipelineTaskFinalStatus

HERE = pathlib.Path(__file__).resolve().parent
BASE = 'python:3.11'
When = getattr(dsl, 'If', None) or dsl.Condition


@dsl.component(base_image=BASE)
def divide(a: int, b: int = 4) -> NamedTuple('Both', [('quotient', int), ('rest', int)]):
    from typing import NamedTuple
    both = NamedTuple('Both', [('quotient', int), ('rest', int)])
    return both(a // b, a % b)


@dsl.component(base_image=BASE)
def make(rows: int, words: List[str], data: Output[Dataset], metrics: Output[Metrics]):
    with open(data.path, 'w') as file:
        file.write('\n'.join(words * rows))
    data.metadata['rows'] = rows * len(words)
    metrics.log_metric('rows', rows * len(words))


@dsl.component(base_image=BASE)
def train(data: Input[Dataset], model: Output[Model], note: Optional[str] = None) -> str:
    with open(data.path) as file:
        text = file.read().replace('\n', ' ')
    with open(model.path, 'w') as file:
        file.write(text.upper())
    model.metadata['framework'] = 'none'
    return f"{data.metadata['rows']} rows, note {note}"


@dsl.component(base_image=BASE)
def square(n: int) -> int:
    return n * n


@dsl.component(base_image=BASE)
def total(numbers: List[int]) -> int:
    return sum(numbers)


@dsl.component(base_image=BASE)
def toss(side: str) -> str:
    return side


@dsl.component(base_image=BASE)
def fail():
    raise RuntimeError('on purpose')


@dsl.component(base_image=BASE)
def last(status: PipelineTaskFinalStatus, who: str) -> str:
    return f'{who} saw {status.pipeline_task_name} {status.state}'


@dsl.component(base_image=BASE)
def read(data: Input[Dataset]) -> str:
    with open(data.path) as file:
        return file.read()


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str), suffix: Optional[str] = None):
    return dsl.ContainerSpec(
        image='alpine',
        command=['sh', '-c', 'mkdir -p "$(dirname "$0")" && printf "%s" "$*" > "$0"'],
        args=[
            out,
            dsl.ConcatPlaceholder(['text=', text]),
            dsl.IfPresentPlaceholder(input_name='suffix', then=['--suffix', suffix], else_=['--plain']),
        ])


@dsl.pipeline(name='functions')
def functions(words: List[str] = ['a', 'b'], rows: int = 2):
    both = divide(a=11)
    made = make(rows=rows, words=words)
    train(data=made.outputs['data'], note='it\'s "quoted"')
    square(n=both.outputs['rest'])


FUNCTIONS = """\
tasks: {root/divide: SUCCEEDED, root/make: SUCCEEDED, root/train: SUCCEEDED, root/square: SUCCEEDED}
parameters:
  root/divide: {quotient: 2, rest: 3}
  root/square: {Output: 9}
  root/train: {Output: "4 rows, note it's \\"quoted\\""}
artifacts:
  root/make: {metrics: {type: system.Metrics, metadata: {rows: 4}}}
  root/train: {model: {type: system.Model, text: A B A B, metadata: {framework: none}}}
"""


@dsl.pipeline(name='loops')
def loops(numbers: List[int] = [1, 2, 3]):
    with dsl.ParallelFor(numbers, parallelism=2) as n:
        found = square(n=n)
    if hasattr(dsl, 'Collected'):
        total(numbers=dsl.Collected(found.output))
    with dsl.ParallelFor([{'a': 'x'}, {'a': 'y'}]) as item:
        toss(side=item.a)


LOOPS = """\
tasks:
  root/for-loop-1[0]/square: SUCCEEDED
  root/for-loop-1[1]/square: SUCCEEDED
  root/for-loop-1[2]/square: SUCCEEDED
  root/for-loop-3[0]/toss: SUCCEEDED
  root/for-loop-3[1]/toss: SUCCEEDED
  root/total: SUCCEEDED
parameters:
  root/for-loop-1[2]/square: {Output: 9}
  root/for-loop-3[1]/toss: {Output: y}
  root/total: {Output: 14}
"""


@dsl.pipeline(name='conditions')
def conditions(limit: int = 5):
    side = toss(side='heads').set_caching_options(False)
    with When(side.output == 'heads'):
        then = square(n=limit)
        with When(then.output > 20):
            toss(side='large')
    with When(side.output != 'heads'):
        toss(side='never')


CONDITIONS = """\
tasks:
  root/toss: SUCCEEDED
  root/condition-1: SUCCEEDED
  root/condition-1/square: SUCCEEDED
  root/condition-1/condition-2: SUCCEEDED
  root/condition-1/condition-2/toss-2: SUCCEEDED
  root/condition-3: SKIPPED
"""


@dsl.pipeline(name='exits')
def exits(who: str = 'somebody'):
    with dsl.ExitHandler(last(who=who)):
        done = square(n=2)
        fail().after(done)


EXITS = """\
state: FAILED
tasks:
  root/exit-handler-1: FAILED
  root/exit-handler-1/square: SUCCEEDED
  root/exit-handler-1/fail: FAILED
  root/last: SUCCEEDED
parameters: {root/last: {Output: somebody saw exit-handler-1 FAILED}}
"""


@dsl.pipeline(name='inner')
def inner(n: int, text: str = 'default') -> int:
    toss(side=text)
    return square(n=n).output


@dsl.pipeline(name='nested')
def nested(n: int = 3) -> int:
    once = inner(n=n)
    return inner(n=once.output, text='given').output


NESTED = """\
tasks:
  root/inner/square: SUCCEEDED
  root/inner/toss: SUCCEEDED
  root/inner-2/square: SUCCEEDED
  root/inner-2/toss: SUCCEEDED
parameters:
  root/inner/toss: {Output: default}
  root/inner-2/toss: {Output: given}
outputs: {Output: 81}
"""


@dsl.pipeline(name='containers')
def containers(uri: str, text: str = 'a "b"'):
    plain = say(text=text)
    say(text=plain.output, suffix='end')
    kept = dsl.importer(artifact_uri=uri, artifact_class=Dataset, reimport=False, metadata={'kind': 'kept'})
    read(data=kept.output)


CONTAINERS = """\
arguments: {uri: "{here}/expect.yaml"}
partial: true
tasks: {root/importer: SUCCEEDED, root/read: SUCCEEDED, root/say: SUCCEEDED, root/say-2: SUCCEEDED}
parameters:
  root/say: {out: 'text=a "b" --plain'}
  root/say-2: {out: 'text=text=a "b" --plain --suffix end'}
artifacts: {root/importer: {artifact: {type: system.Dataset, metadata: {kind: kept}}}}
"""


def if_else():
    """Newer versions: branches, one of whose outputs goes on."""

    @dsl.pipeline(name='branches')
    def branches(limit: int = 3) -> int:
        with dsl.If(limit > 5):
            one = square(n=limit)
        with dsl.Elif(limit == 3):
            two = square(n=30)
        with dsl.Else():
            three = square(n=0)
        return dsl.OneOf(one.output, two.output, three.output)

    return branches


BRANCHES = """\
tasks:
  root/condition-branches-1/condition-2: SKIPPED
  root/condition-branches-1/condition-3: SUCCEEDED
  root/condition-branches-1/condition-3/square-2: SUCCEEDED
  root/condition-branches-1/condition-4: SKIPPED
outputs: {Output: 900}
"""


def write(name, pipeline, expected):
    """Compiles one pipeline and puts what must come of it beside."""
    folder = HERE / kfp.__version__ / name
    folder.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(pipeline, str(folder / 'pipeline.yaml'))
    (folder / 'expect.yaml').write_text('network: true\n' + expected)


def main():
    loops_expected = LOOPS
    if not hasattr(dsl, 'Collected'):
        loops_expected = ''.join(line for line in LOOPS.splitlines(True) if 'root/total' not in line)
    write('functions', functions, FUNCTIONS)
    write('loops', loops, loops_expected)
    write('conditions', conditions, CONDITIONS)
    write('exits', exits, EXITS)
    write('nested', nested, NESTED)
    write('containers', containers, CONTAINERS)
    if hasattr(dsl, 'OneOf'):
        write('branches', if_else(), BRANCHES)


if __name__ == '__main__':
    # The SDK walks sets: only with a fixed seed is its output always the same.
    if os.environ.get('PYTHONHASHSEED') != '0':
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, 'PYTHONHASHSEED': '0'})
    main()
