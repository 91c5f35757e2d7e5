-- Logins that go on, by the SHA-256 of their cookie.
CREATE TABLE sessions (
  hash TEXT NOT NULL PRIMARY KEY,
  user TEXT NOT NULL,
  stamp TEXT NOT NULL,
  user_groups TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Who asked for which change. Numbers are never given twice.
CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  user TEXT NOT NULL,
  method TEXT NOT NULL,
  verb TEXT NOT NULL,
  resource TEXT NOT NULL,
  namespace TEXT NOT NULL,
  path TEXT NOT NULL,
  status INTEGER NOT NULL
);
