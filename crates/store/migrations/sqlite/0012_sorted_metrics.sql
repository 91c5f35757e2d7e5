-- Numbers that runs are sorted by: those that clients reported of them and those that their tasks left, of each name
-- the latest.

CREATE TABLE sorted_metrics (
  name TEXT NOT NULL COLLATE NOCASE,
  run INTEGER NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (name, run)
) WITHOUT ROWID;

CREATE INDEX sorted_metrics_by_run ON sorted_metrics (run);

INSERT OR REPLACE INTO sorted_metrics (name, run, value)
  SELECT entry.key, runs.number, entry.value
  FROM artifacts JOIN runs ON runs.id = artifacts.run_id, json_each(artifacts.body, '$.metadata') AS entry
  WHERE artifacts.type_title = 'system.Metrics' AND entry.type IN ('integer', 'real')
  ORDER BY artifacts.number;

INSERT OR REPLACE INTO sorted_metrics (name, run, value) SELECT name, run, value FROM run_metrics;

-- Files of metrics are read when somebody first sorts by a metric.
ALTER TABLE metric_files ADD COLUMN is_read INTEGER NOT NULL DEFAULT 0;

CREATE INDEX metric_files_unread ON metric_files (run, task) WHERE is_read = 0;
