-- Tasks and artifacts of one namespace are listed, in each order, without a walk over those of the others. The default
-- one is left out: it has all rows of a server without users, whose lists the plain indexes give.
ALTER TABLE tasks ADD COLUMN namespace TEXT NOT NULL DEFAULT 'default';
UPDATE tasks SET namespace = (SELECT runs.namespace FROM runs WHERE runs.number = tasks.run)
  WHERE run IN (SELECT number FROM runs WHERE namespace <> 'default');
CREATE INDEX tasks_of_namespace ON tasks (namespace, number) WHERE namespace <> 'default';
CREATE INDEX tasks_of_namespace_by_path ON tasks (namespace, task, number) WHERE namespace <> 'default';
CREATE INDEX tasks_rare_of_namespace ON tasks (namespace, phase, number)
  WHERE namespace <> 'default' AND phase <> 'succeeded';
CREATE INDEX artifacts_of_namespace_by_type ON artifacts (namespace, type_title, number) WHERE namespace <> 'default';
CREATE INDEX artifacts_of_namespace_by_uri ON artifacts (namespace, uri, number) WHERE namespace <> 'default';
