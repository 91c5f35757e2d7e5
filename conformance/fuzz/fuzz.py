"""Sends a server requests of every kind, right and wrong, and watches it.

Fails when the server answers with a mistake of its own, does not answer, or keeps memory.

Usage: fuzz.py URL PID REQUESTS DOCUMENT…
"""

import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).parent
# A page of answers and their making; what is kept for each request would be far more after thousands.
MEMORY_LIMIT = 200 << 20
# Examples of each operation in a round: a few when few requests are wanted, without what takes thousands.
FEW = ('examples,fuzzing', 5)
MANY = ('examples,coverage,fuzzing,stateful', 25)


def memory(pid):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) * 1024
    raise SystemExit(f'no memory figure of process {pid}')


def round_of(url, document, seed, counts_file, size):
    """Runs schemathesis once; returns whether it found nothing."""
    phases, examples = size
    command = [
        pathlib.Path(sys.executable).parent / 'st', 'run', document, '--url', url, '--seed', str(seed),
        '--checks', 'no_mistake_of_the_server', '--phases', phases,
        '--max-examples', str(examples), '--mode', 'all', '--request-timeout', '30', '--workers', '1',
        '--suppress-health-check', 'all', '--continue-on-failure', '--warnings', 'off', '--no-color',
    ]
    hooks = {'SCHEMATHESIS_HOOKS': 'hooks', 'FUZZ_COUNTS': str(counts_file), 'PYTHONPATH': str(HERE)}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, env={**os.environ, **hooks}, cwd=folder, text=True, capture_output=True)
    if done.returncode != 0:
        print(done.stdout[-20000:], done.stderr[-4000:], sep='\n')
    return done.returncode == 0


def main(url, pid, requests, *documents):
    wanted = int(requests)
    size = FEW if wanted <= 1000 else MANY
    before = memory(pid)
    counts = collections.Counter()
    is_fine = True
    seed = 0
    with tempfile.TemporaryDirectory() as folder:
        counts_file = pathlib.Path(folder) / 'counts'
        while sum(counts.values()) < wanted and is_fine:
            seed += 1
            sent = sum(counts.values())
            for document in documents:
                is_fine = round_of(url, document, seed, counts_file, size) and is_fine
            counts.clear()
            for line in counts_file.read_text().splitlines():
                status, count = line.split()
                counts[status] += int(count)
            if sum(counts.values()) == sent:
                raise SystemExit('schemathesis sends nothing')
            print(f'{sum(counts.values())} of {wanted} requests sent', file=sys.stderr)
    with urllib.request.urlopen(f'{url}/apis/v2beta1/healthz', timeout=30) as answer:
        assert answer.status == 200
    after = memory(pid)
    answers = ', '.join(f'{count} x {status}' for status, count in sorted(counts.items()))
    print(f'{sum(counts.values())} requests: {answers}')
    print(f'memory of the server: {before >> 20} MiB before, {after >> 20} MiB after')
    if after > before + MEMORY_LIMIT:
        raise SystemExit('the server keeps memory')
    if not is_fine:
        raise SystemExit('the server made mistakes')


if __name__ == '__main__':
    if len(sys.argv) < 5:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
