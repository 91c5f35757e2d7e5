-- Times are UTC microseconds; 0 stands for "not yet". JSON columns hold opaque documents; whatever is
-- filtered or sorted by has a column and an index.

CREATE TABLE experiments (
  id TEXT NOT NULL PRIMARY KEY,
  namespace TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_run_created_at INTEGER NOT NULL,
  storage_state TEXT NOT NULL
);
CREATE UNIQUE INDEX experiments_name ON experiments (namespace, display_name);
CREATE INDEX experiments_by_created ON experiments (created_at, id);
CREATE INDEX experiments_by_name ON experiments (display_name, id);
CREATE INDEX experiments_by_last_run ON experiments (last_run_created_at, id);
CREATE INDEX experiments_by_storage ON experiments (storage_state, id);
CREATE INDEX experiments_by_description ON experiments (description, id);
CREATE INDEX experiments_by_namespace ON experiments (namespace, id);

-- Plans and pipeline specs, each once, by the SHA-256 of their text.
CREATE TABLE documents (
  hash TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
);

CREATE TABLE pipelines (
  id TEXT NOT NULL PRIMARY KEY,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX pipelines_name ON pipelines (namespace, name);
CREATE INDEX pipelines_by_created ON pipelines (created_at, id);
CREATE INDEX pipelines_by_name ON pipelines (name, id);
CREATE INDEX pipelines_by_display_name ON pipelines (display_name, id);
CREATE INDEX pipelines_by_description ON pipelines (description, id);
CREATE INDEX pipelines_by_namespace ON pipelines (namespace, id);

CREATE TABLE pipeline_versions (
  id TEXT NOT NULL PRIMARY KEY,
  pipeline_id TEXT NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  package_url TEXT,
  code_source_url TEXT,
  spec_hash TEXT NOT NULL
);
CREATE UNIQUE INDEX pipeline_versions_name ON pipeline_versions (pipeline_id, name);
CREATE INDEX pipeline_versions_by_created ON pipeline_versions (pipeline_id, created_at, id);
CREATE INDEX pipeline_versions_by_display_name ON pipeline_versions (pipeline_id, display_name, id);
CREATE INDEX pipeline_versions_spec ON pipeline_versions (spec_hash);

-- Tags of pipelines and of pipeline versions, whose ids differ.
CREATE TABLE tags (
  owner TEXT NOT NULL,
  tag TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (owner, tag)
);

CREATE TABLE runs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  namespace TEXT NOT NULL,
  experiment_id TEXT NOT NULL,
  pipeline_id TEXT,
  pipeline_version_id TEXT,
  pipeline_name TEXT NOT NULL,
  pipeline_root TEXT,
  service_account TEXT NOT NULL,
  recurring_run_id TEXT NOT NULL,
  storage_state TEXT NOT NULL,
  phase TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  scheduled_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  plan_hash TEXT NOT NULL,
  spec_hash TEXT NOT NULL,
  parameters TEXT NOT NULL,
  progress TEXT NOT NULL
);
CREATE UNIQUE INDEX runs_id ON runs (id);
CREATE INDEX runs_by_created ON runs (created_at, id);
CREATE INDEX runs_by_finished ON runs (finished_at, id);
CREATE INDEX runs_by_scheduled ON runs (scheduled_at, id);
CREATE INDEX runs_by_name ON runs (display_name, id);
CREATE INDEX runs_by_phase ON runs (phase, id);
CREATE INDEX runs_by_storage ON runs (storage_state, id);
CREATE INDEX runs_by_description ON runs (description, id);
CREATE INDEX runs_by_namespace ON runs (namespace, id);
CREATE INDEX runs_by_recurring_run ON runs (recurring_run_id, id);
CREATE INDEX runs_by_experiment ON runs (experiment_id, id);
CREATE INDEX runs_of_experiment ON runs (experiment_id, created_at, id);
CREATE INDEX runs_of_experiment_by_name ON runs (experiment_id, display_name, id);
CREATE INDEX runs_live ON runs (number) WHERE phase IN ('pending', 'running', 'cancelling');
CREATE INDEX runs_plan ON runs (plan_hash);
CREATE INDEX runs_spec ON runs (spec_hash);

-- Requests to a run, in order; a number is never given twice.
CREATE TABLE inbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX inbox_run ON inbox (run, number);

-- One row per append: `events` facts, the first of which is number `seq` of its run (from 0).
CREATE TABLE journal (
  number INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  events INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX journal_run ON journal (run, seq);

-- Numbers grow: they are the order in which a run's tasks came to be.
CREATE TABLE tasks (
  number INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  task TEXT NOT NULL,
  phase TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX tasks_run ON tasks (run, task);

-- What a task knows once and keeps; apart from its row so that progress does not rewrite it.
CREATE TABLE task_inputs (
  task INTEGER PRIMARY KEY,
  inputs TEXT NOT NULL,
  fingerprint TEXT NOT NULL
);

-- Which tasks a later run may take results from.
CREATE TABLE cache_entries (
  number INTEGER PRIMARY KEY,
  pipeline_name TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  task_name TEXT NOT NULL,
  run INTEGER NOT NULL,
  task INTEGER NOT NULL
);
CREATE INDEX cache_entries_key ON cache_entries (pipeline_name, fingerprint, number);
CREATE INDEX cache_entries_name ON cache_entries (pipeline_name, task_name, number);
CREATE INDEX cache_entries_run ON cache_entries (run);

-- Artifacts outlive the run that made them, as their bytes do.
CREATE TABLE artifacts (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  pipeline_name TEXT NOT NULL,
  type_title TEXT NOT NULL,
  uri TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX artifacts_id ON artifacts (id);
CREATE INDEX artifacts_uri ON artifacts (uri, number);
