"""Fills the database of a home folder with runs that never ran: for measuring how the server answers then.

The rows are made by SQL alone, in one transaction, and look like those that the server writes.

Run one pipeline on the home first: its plan and its task stand for all others.

Usage: fill.py DATABASE RUNS PIPELINES TASKS
"""

import sqlite3
import sys
import time

WORDS = """
INSERT INTO temp.words (number, word) VALUES (0, 'forecast'), (1, 'train'), (2, 'evaluate'), (3, 'ingest'), (4, 'clean'),
  (5, 'report'), (6, 'tune'), (7, 'deploy')
"""

NUMBERS = 'WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1) '

# Instants of 2025, a few minutes apart; times in microseconds.
BEGIN = 1_735_689_600_000_000

EXPERIMENTS = NUMBERS + f"""
INSERT INTO experiments (id, namespace, display_name, description, created_at, last_run_created_at, storage_state)
SELECT printf('00000000-0000-7000-8000-%012x', n), '', 'experiment ' || n, 'made for load', {BEGIN} + n * 1000000,
  {BEGIN} + n * 2000000, iif(n % 10 = 0, 'archived', 'available') FROM numbers
"""

PIPELINES = NUMBERS + f"""
INSERT INTO pipelines (id, namespace, name, display_name, description, created_at)
SELECT printf('00000000-0000-7000-8001-%012x', numbers.n), '', word || '-' || numbers.n, word || ' ' || numbers.n,
  'made for load', {BEGIN} + numbers.n * 1000000
FROM numbers JOIN temp.words ON words.number = numbers.n % 8
"""

VERSIONS = NUMBERS + f"""
INSERT INTO pipeline_versions (id, pipeline_id, name, display_name, description, created_at, spec_hash)
SELECT printf('00000000-0000-7000-8002-%012x', n), printf('00000000-0000-7000-8001-%012x', n / 5),
  'v' || (n % 5), 'v' || (n % 5), '', {BEGIN} + n * 200000, ?2 FROM numbers
"""

RUNS = NUMBERS + f"""
INSERT INTO runs (number, id, display_name, description, namespace, experiment_id, pipeline_id, pipeline_version_id,
  pipeline_name, pipeline_root, service_account, recurring_run_id, storage_state, phase, created_at, scheduled_at,
  finished_at, plan_hash, spec_hash, parameters, progress)
SELECT 1000000 + numbers.n, printf('00000000-0000-7000-8003-%012x', numbers.n), word || ' ' || numbers.n,
  iif(numbers.n % 3 = 0, 'nightly', ''), '', printf('00000000-0000-7000-8000-%012x', numbers.n % 100),
  printf('00000000-0000-7000-8001-%012x', numbers.n % 1000),
  printf('00000000-0000-7000-8002-%012x', numbers.n % 1000 * 5),
  word, NULL, '', '', iif(numbers.n % 20 = 0, 'archived', 'available'),
  iif(numbers.n % 7 = 0, 'failed', iif(numbers.n % 11 = 0, 'cancelled', 'succeeded')),
  {BEGIN} + numbers.n * 300000000, {BEGIN} + numbers.n * 300000000, {BEGIN} + numbers.n * 300000000 + 90000000,
  ?3, ?4, '{{"epochs": 3, "rate": 0.01, "layers": [64, 32]}}', ?2
FROM numbers JOIN temp.words ON words.number = numbers.n % 8
"""

TASKS = NUMBERS + f"""
INSERT INTO tasks (run, task, phase, created_at, started_at, ended_at, body)
SELECT 1000000 + n / ?2, 'root/' || (SELECT word FROM temp.words WHERE words.number = numbers.n % 8) || '-' || (n % ?2),
  'succeeded', {BEGIN} + n / ?2 * 300000000, {BEGIN} + n / ?2 * 300000000 + 1000000,
  {BEGIN} + n / ?2 * 300000000 + 2000000, ?3 FROM numbers
"""

METRICS = NUMBERS + """
INSERT INTO sorted_metrics (name, run, value)
SELECT 'accuracy', 1000000 + n, (n * 7919 % 100003) / 100003.0 FROM numbers WHERE n % 2 = 0
"""


def column(connection, sql, default):
    row = connection.execute(sql).fetchone()
    return row[0] if row else default


def main(path, runs, pipelines, tasks):
    runs, pipelines, tasks = int(runs), int(pipelines), int(tasks)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute('PRAGMA synchronous = OFF')
    connection.execute('PRAGMA cache_size = -400000')
    connection.execute('CREATE TEMP TABLE words (number INTEGER PRIMARY KEY, word TEXT)')
    connection.execute(WORDS)
    # What a real run and its task left, when there is one: then all can be read as such.
    progress = column(connection, "SELECT progress FROM runs WHERE phase = 'succeeded' LIMIT 1", '{}')
    body = column(connection, "SELECT body FROM tasks WHERE phase = 'succeeded' AND task <> 'root' LIMIT 1", '{}')
    plan = column(connection, "SELECT plan_hash FROM runs WHERE phase = 'succeeded' LIMIT 1", 'load')
    spec = column(connection, "SELECT spec_hash FROM runs WHERE phase = 'succeeded' LIMIT 1", 'load')
    began = time.monotonic()
    connection.execute('BEGIN')
    connection.execute(EXPERIMENTS, (100,))
    connection.execute(PIPELINES, (pipelines,))
    connection.execute(VERSIONS, (pipelines * 5, spec))
    connection.execute(RUNS, (runs, progress, plan, spec))
    connection.execute(METRICS, (runs,))
    connection.execute(TASKS, (tasks, max(1, tasks // runs), body))
    connection.execute('COMMIT')
    connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    print(f'{runs} runs, {pipelines} pipelines, {tasks} tasks in {time.monotonic() - began:.0f} s')


if __name__ == '__main__':
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
