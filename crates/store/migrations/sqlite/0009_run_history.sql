-- The states that a run went through, as text to filter and sort by.

ALTER TABLE runs ADD COLUMN history TEXT
  GENERATED ALWAYS AS (coalesce(json_extract(progress, '$.history'), '')) VIRTUAL;
CREATE INDEX runs_by_history ON runs (history, id);
