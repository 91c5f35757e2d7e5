-- Experiments, runs and recurring runs are in a namespace; those from before namespaces are in `default`. Pipelines
-- without one are shared by all.
UPDATE experiments SET namespace = 'default' WHERE namespace = '';
UPDATE runs SET namespace = 'default' WHERE namespace = '';
UPDATE recurring_runs SET namespace = 'default' WHERE namespace = '';

-- Artifacts outlive their run, so they know their namespace themselves.
ALTER TABLE artifacts ADD COLUMN namespace TEXT NOT NULL DEFAULT 'default';
CREATE INDEX artifacts_of_namespace ON artifacts (namespace, number);
DROP INDEX artifacts_uri;
CREATE INDEX artifacts_uri ON artifacts (uri, namespace, number);

-- Lists of one namespace, as those of all.
CREATE INDEX experiments_of_namespace ON experiments (namespace, created_at, id);
CREATE INDEX experiments_of_namespace_by_last_run ON experiments (namespace, last_run_created_at, id);
CREATE INDEX pipelines_of_namespace ON pipelines (namespace, created_at, id);
CREATE INDEX pipelines_of_namespace_by_display_name ON pipelines (namespace, display_name, id);
CREATE INDEX runs_of_namespace ON runs (namespace, created_at, id, phase, storage_state, experiment_id, display_name);
CREATE INDEX runs_of_namespace_by_name ON runs (namespace, display_name, id, phase, storage_state, experiment_id);
CREATE INDEX recurring_runs_of_namespace ON recurring_runs (namespace, created_at, id);
CREATE INDEX recurring_runs_of_namespace_by_name ON recurring_runs (namespace, display_name, id);
