-- Objects as Kubernetes knows them: claims, secrets, config maps and whatever else pipelines make.

-- `document` is text, or a sealed blob for a secret. `api_group` is empty for the core kinds.
CREATE TABLE objects (
  namespace TEXT NOT NULL,
  kind TEXT NOT NULL,
  api_group TEXT NOT NULL,
  name TEXT NOT NULL,
  uid TEXT NOT NULL,
  owner_run TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  document BLOB NOT NULL,
  PRIMARY KEY (namespace, kind, api_group, name)
);
CREATE INDEX objects_kind ON objects (kind, namespace, name);
CREATE INDEX objects_owner ON objects (owner_run) WHERE owner_run IS NOT NULL;

-- What attempts have done to objects, so that none does it twice.
CREATE TABLE object_calls (
  attempt TEXT NOT NULL PRIMARY KEY,
  run TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX object_calls_run ON object_calls (run);

-- Values that secrets had before: old logs may show them.
CREATE TABLE former_secrets (
  number INTEGER PRIMARY KEY,
  body BLOB NOT NULL
);
