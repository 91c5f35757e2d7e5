-- Lists of runs are filtered while an index is walked in the order of the sort: what is filtered by most stands in
-- the index, so that rows are read for a page only. Without that, a state that most runs have meant reading and
-- sorting all of them.
DROP INDEX runs_by_created;
CREATE INDEX runs_by_created ON runs (created_at, id, phase, storage_state, experiment_id, display_name);
DROP INDEX runs_by_finished;
CREATE INDEX runs_by_finished ON runs (finished_at, id, phase, storage_state, experiment_id, display_name);
DROP INDEX runs_by_name;
CREATE INDEX runs_by_name ON runs (display_name, id, phase, storage_state, experiment_id);
DROP INDEX runs_of_experiment;
CREATE INDEX runs_of_experiment ON runs (experiment_id, created_at, id, phase, storage_state, display_name);
DROP INDEX runs_of_experiment_by_name;
CREATE INDEX runs_of_experiment_by_name ON runs (experiment_id, display_name, id, phase, storage_state);
DROP INDEX runs_by_phase;
CREATE INDEX runs_by_phase ON runs (phase, id, storage_state, experiment_id, display_name);
DROP INDEX runs_by_storage;
CREATE INDEX runs_by_storage ON runs (storage_state, id, phase, experiment_id, display_name);
