-- Which tasks took which artifacts: the way down from an artifact. The way up is in `artifacts`.
CREATE TABLE artifact_uses (
  artifact TEXT NOT NULL,
  task INTEGER NOT NULL,
  input TEXT NOT NULL,
  PRIMARY KEY (artifact, task, input)
) WITHOUT ROWID;
CREATE INDEX artifact_uses_task ON artifact_uses (task);
INSERT OR IGNORE INTO artifact_uses (artifact, task, input)
  SELECT json_extract(artifact.value, '$.id'), tasks.number, input.key
  FROM tasks JOIN task_inputs ON task_inputs.task = tasks.number,
    json_each(task_inputs.inputs, '$.artifacts') AS input, json_each(input.value) AS artifact
  WHERE json_extract(tasks.body, '$.kind') IN ('container', 'resource')
    OR (json_extract(tasks.body, '$.kind') = 'iteration' AND json_array_length(tasks.body, '$.attempts') > 0);

CREATE INDEX artifacts_by_run ON artifacts (run_id, number);
CREATE INDEX artifacts_by_type ON artifacts (type_title, number);
CREATE INDEX runs_of_pipeline ON runs (pipeline_id, created_at) WHERE pipeline_id IS NOT NULL;
