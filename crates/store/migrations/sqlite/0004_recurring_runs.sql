-- `last_slot` is when it last fired by its schedule, 0 for never; `fired` how often, and so the number of the
-- newest of its runs.
CREATE TABLE recurring_runs (
  id TEXT NOT NULL PRIMARY KEY,
  run_prefix TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  namespace TEXT NOT NULL,
  experiment_id TEXT NOT NULL,
  pipeline_id TEXT,
  pipeline_version_id TEXT,
  spec_hash TEXT,
  parameters TEXT NOT NULL,
  pipeline_root TEXT,
  service_account TEXT NOT NULL,
  max_concurrency INTEGER NOT NULL,
  trigger_body TEXT NOT NULL,
  no_catchup INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_slot INTEGER NOT NULL,
  fired INTEGER NOT NULL,
  error TEXT NOT NULL
);
CREATE INDEX recurring_runs_by_created ON recurring_runs (created_at, id);
CREATE INDEX recurring_runs_by_updated ON recurring_runs (updated_at, id);
CREATE INDEX recurring_runs_by_name ON recurring_runs (display_name, id);
CREATE INDEX recurring_runs_by_description ON recurring_runs (description, id);
CREATE INDEX recurring_runs_of_experiment ON recurring_runs (experiment_id, created_at, id);
CREATE INDEX recurring_runs_enabled ON recurring_runs (id) WHERE enabled = 1;
CREATE INDEX recurring_runs_spec ON recurring_runs (spec_hash);

CREATE INDEX runs_live_of_recurring_run ON runs (recurring_run_id)
  WHERE recurring_run_id <> '' AND phase IN ('pending', 'running', 'cancelling');
