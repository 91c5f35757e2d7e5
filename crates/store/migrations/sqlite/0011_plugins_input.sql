-- What was given for plugins, as JSON; empty for nothing.
ALTER TABLE runs ADD COLUMN plugins_input TEXT NOT NULL DEFAULT '';
ALTER TABLE recurring_runs ADD COLUMN plugins_input TEXT NOT NULL DEFAULT '';
