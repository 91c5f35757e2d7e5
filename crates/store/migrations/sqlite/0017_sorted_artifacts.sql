-- Artifacts sorted by name, and tasks by their path. The name is read out of the document, so nothing is kept twice.
ALTER TABLE artifacts ADD COLUMN name TEXT GENERATED ALWAYS AS (json_extract(body, '$.name')) VIRTUAL;
CREATE INDEX artifacts_by_name ON artifacts (name, number);
CREATE INDEX tasks_by_path ON tasks (task, number);
CREATE INDEX artifacts_of_namespace_by_name ON artifacts (namespace, name, number) WHERE namespace <> 'default';
