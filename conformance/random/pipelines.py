"""Random pipelines of the SDK, run and compared with what they must compute.

Usage: PIPEWRIGHT=path/to/pipewright python pipelines.py [--count N] [--seed S] [--keep DIR]

Loops over constants, arguments, outputs and fields of items, conditions, OneOf,
Collected, exit handlers and nested pipelines are put into one another at random, with
texts around everything in scope. Beside each pipeline stands a small program of its
meaning, which says what every step must print. The SDK compiles some of these shapes
carelessly; they must come out right all the same.
"""

import argparse
import collections
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from kfp import compiler, dsl

FLAT = ['s', 't']
DEEP = [{'a': 'p', 'b': [{'a': 'u', 'b': []}, {'a': 'v', 'b': []}]}, {'a': 'q', 'b': []}]
CONSTANT = [{'a': '1', 'b': [{'a': 'z', 'b': []}]}, {'a': '2', 'b': []}]
ARGUMENT = [{'a': 'd1', 'b': [{'a': 'n', 'b': []}]}]


def printer(name, of):
    """Makes a component that prints its input to its output."""
    def body(x: of, out: dsl.OutputPath(str)):
        return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf "%s" "$0" > "$1"', x, out])
    body.__name__ = name
    return dsl.container_component(body)


show, total = printer('show', str), printer('total', list)


@dsl.container_component
def make(items: list, out: dsl.OutputPath(list)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf "%s" "$0" > "$1"', items, out])


@dsl.container_component
def noop():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.pipeline
def inner(x: str, l: list = ['m']) -> str:
    with dsl.ParallelFor(l) as i:
        show(x=f'{x}/{i}')
    return show(x=f'inner({x})').output


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(',', ':'))


# What is in scope: a channel of the SDK, and what it stands for in an environment of the meaning.
Value = collections.namedtuple('Value', 'channel read')
# A list in scope: whether its items have fields, and a name that says which list it is.
Items = collections.namedtuple('Items', 'channel read has_fields name')


class Maker:
    """Makes one pipeline and the program of its meaning."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = itertools.count()
        self.program = []

    def pipeline(self, name):
        @dsl.pipeline(name=name)
        def pipeline(word: str = 'P', flat: list = ['l1', 'l2'], deep: list = ARGUMENT):
            lists = [
                Items(flat, lambda _: ['l1', 'l2'], False, 'flat'),
                Items(deep, lambda _: ARGUMENT, True, 'deep'),
            ]
            self.body([Value(word, lambda _: 'P')], lists, 0, self.program, frozenset())
        return pipeline

    def text(self, scope):
        values = [self.random.choice(scope) for _ in range(self.random.randint(1, 3))]
        compiled = 'T' + ''.join(f'[{value.channel}]' for value in values)
        return compiled, lambda env: 'T' + ''.join(f'[{text_of(value.read(env))}]' for value in values)

    def step(self, kind, task, read, program):
        number = next(self.numbers)
        program.append((kind, number, read))
        return Value(task.output, lambda env: env[number])

    def show(self, scope, program):
        compiled, read = self.text(scope)
        return self.step('show', show(x=compiled), read, program)

    def body(self, scope, lists, depth, program, looping):
        """Fills one group; returns what was made in it."""
        made = [self.show(scope, program)]
        for _ in range(self.random.randint(1, 3)):
            scope = scope + made[-1:]
            choice = self.random.random()
            if choice < .2:
                made.append(self.show(scope, program))
            elif choice < .35:
                compiled, read = self.text(scope)
                made.append(self.step('inner', inner(x=compiled), read, program))
            elif choice < .5:
                items = self.random.choice([FLAT, DEEP])
                value = self.step('items', make(items=items), lambda _, items=items: items, program)
                lists = lists + [Items(value.channel, value.read, items is DEEP, next(self.numbers))]
            elif choice < .75 and depth < 3:
                self.loop(scope, lists, depth, program, looping)
            elif choice < .92 and depth < 3:
                made.extend(self.branch(scope, lists, depth, program, looping))
            elif depth == 0:
                within = []
                with dsl.ExitHandler(noop()):
                    self.body(scope, lists, depth + 1, within, looping)
                program.append(('group', within))
        return made

    def loop(self, scope, lists, depth, program, looping):
        known = [items for items in lists if items.name not in looping]
        constants = [Items(value, lambda _, value=value: value, value is CONSTANT, next(self.numbers))
                     for value in (['k1', 'k2'], CONSTANT)]
        items = self.random.choice(known + constants)
        number, within = next(self.numbers), []
        with dsl.ParallelFor(items.channel, parallelism=self.random.choice([0, 2])) as item:
            if items.has_fields:
                field = Value(item.a, lambda env: env[number]['a'])
                deeper = Items(item.b, lambda env: env[number]['b'], True, (items.name, 'b'))
                made = self.body(scope + [field], lists + [deeper], depth + 1, within, looping | {items.name})
            else:
                whole = Value(item, lambda env: env[number])
                made = self.body(scope + [whole], lists, depth + 1, within, looping | {items.name})
        program.append(('loop', number, items.read, within))
        if self.random.random() < .6:
            picked = self.random.choice(made)
            total(x=dsl.Collected(picked.channel))
            program.append(('total', number, picked.read))

    def branch(self, scope, lists, depth, program, looping):
        tested, word = self.random.choice(scope), self.random.choice(['no', 'k1', 'p', 'u', 'P'])
        then, otherwise = [], []
        with dsl.If(tested.channel != word):
            self.body(scope, lists, depth + 1, then, looping)
            one = self.show(scope, then)
        if self.random.random() < .3:
            program.append(('if', tested.read, word, then, []))
            return []
        with dsl.Else():
            other = self.show(scope, otherwise)
        program.append(('if', tested.read, word, then, otherwise))

        def read(env):
            return (one if text_of(tested.read(env)) != word else other).read(env)
        return [self.step('show', show(x=dsl.OneOf(one.channel, other.channel)), read, program)]


def run(program, env, printed):
    """Computes what all steps print."""
    for kind, *rest in program:
        if kind in ('show', 'inner', 'items'):
            number, read = rest
            if kind == 'items':
                env[number] = read(env)
                continue
            text = text_of(read(env))
            if kind == 'inner':
                printed.append(f'{text}/m')
                text = f'inner({text})'
            env[number] = text
            printed.append(text)
        elif kind == 'group':
            run(rest[0], env, printed)
        elif kind == 'if':
            read, word, then, otherwise = rest
            run(then if text_of(read(env)) != word else otherwise, env, printed)
        elif kind == 'loop':
            number, read, within = rest
            env['loop', number] = [{**env, number: item} for item in read(env)]
            for inside in env['loop', number]:
                run(within, inside, printed)
        else:
            number, read = rest
            printed.append(text_of([read(inside) for inside in env['loop', number]]))


def differences(binary, path, home, expected):
    """Runs a pipeline and says what is wrong with it; nothing when all is well."""
    command = [binary, 'run', str(path), '--output', 'json', '--no-cache', '--home', str(home)]
    ended = subprocess.run(command, capture_output=True, text=True)
    try:
        document = json.loads(ended.stdout)
    except ValueError:
        return ended.stderr
    if document['state'] != 'SUCCEEDED':
        return str(document.get('error'))
    steps = [task for task in document['tasks'] if task['kind'] == 'container']
    steps = [task for task in steps if task['task_id'].split('/')[-1].split('-')[0] in ('show', 'total')]
    found = collections.Counter(task['outputs']['parameters']['out'] for task in steps)
    expected = collections.Counter(expected)
    if found == expected:
        return ''
    return f'too much: {list(found - expected)[:3]}, missing: {list(expected - found)[:3]}'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--count', type=int, default=100)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--keep', type=pathlib.Path, help='folder for the compiled pipelines')
    options = parser.parse_args()
    binary = os.environ.get('PIPEWRIGHT', 'pipewright')
    wrong = done = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(options.seed, options.seed + options.count):
            maker, path = Maker(seed), folder / f'{seed}.yaml'
            try:
                compiler.Compiler().compile(maker.pipeline(f'random-{seed}'), str(path))
            except (AssertionError, NotImplementedError, TypeError, ValueError):
                # What the SDK refuses is none of our business.
                continue
            printed = []
            run(maker.program, {}, printed)
            why = differences(binary, path, pathlib.Path(scratch) / 'home', printed)
            done += 1
            if why:
                wrong += 1
                print(f'seed {seed}: {why}', flush=True)
    print(f'{done - wrong} of {done} as expected, {options.count - done} refused by the SDK')
    return 1 if wrong or not done else 0


if __name__ == '__main__':
    # The SDK walks sets: only with a fixed seed is its output always the same.
    if os.environ.get('PYTHONHASHSEED') != '0':
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, 'PYTHONHASHSEED': '0'})
    sys.exit(main())
