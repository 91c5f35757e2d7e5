-- Administrators of a namespace read what was done there.
CREATE INDEX audit_of_namespace ON audit (namespace, number);
