-- When a run was archived, or brought back; 0 for one that never was either. Runs that were archived before count
-- from their end, live ones from now.
ALTER TABLE runs ADD COLUMN storage_changed_at INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET storage_changed_at = CASE WHEN finished_at > 0 THEN finished_at
  ELSE CAST(strftime('%s', 'now') AS INTEGER) * 1000000 END WHERE storage_state = 'archived';

-- Which runs are over long enough to be archived, and archived long enough to be deleted, oldest first.
CREATE INDEX runs_to_archive ON runs (
  CASE WHEN storage_changed_at > finished_at THEN storage_changed_at ELSE finished_at END, number
) WHERE storage_state = 'available' AND finished_at > 0;
CREATE INDEX runs_to_delete ON runs (storage_changed_at, number) WHERE storage_state = 'archived' AND finished_at > 0;

-- What is done once in the life of a home folder, and when it was.
CREATE TABLE marks (
  name TEXT NOT NULL PRIMARY KEY,
  set_at INTEGER NOT NULL
);
