-- Metrics of runs in the v1 format: what clients reported, and which tasks left a file of them.

CREATE TABLE run_metrics (
  run INTEGER NOT NULL,
  node TEXT NOT NULL,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  format TEXT NOT NULL,
  PRIMARY KEY (run, node, name)
) WITHOUT ROWID;

CREATE TABLE metric_files (
  run INTEGER NOT NULL,
  task TEXT NOT NULL,
  uri TEXT NOT NULL,
  PRIMARY KEY (run, task)
) WITHOUT ROWID;
