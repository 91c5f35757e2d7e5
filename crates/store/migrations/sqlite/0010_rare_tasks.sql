-- Nearly all tasks succeeded; the others are found without walking over those.
CREATE INDEX tasks_rare ON tasks (phase, number) WHERE phase <> 'succeeded';
