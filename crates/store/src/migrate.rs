//! Brings a database to this program's schema: numbered files, forward only, each applied once.

use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// Number, name and text.
type Migration = (i64, &'static str, &'static str);

/// In order. Never changed once released.
const MIGRATIONS: &[Migration] = &[
    (1, "first", include_str!("../migrations/sqlite/0001_first.sql")),
    (2, "fewer_trees", include_str!("../migrations/sqlite/0002_fewer_trees.sql")),
    (3, "objects", include_str!("../migrations/sqlite/0003_objects.sql")),
    (4, "recurring_runs", include_str!("../migrations/sqlite/0004_recurring_runs.sql")),
    (5, "metrics", include_str!("../migrations/sqlite/0005_metrics.sql")),
    (6, "access", include_str!("../migrations/sqlite/0006_access.sql")),
    (7, "artifact_uses", include_str!("../migrations/sqlite/0007_artifact_uses.sql")),
    (8, "run_lists", include_str!("../migrations/sqlite/0008_run_lists.sql")),
    (9, "run_history", include_str!("../migrations/sqlite/0009_run_history.sql")),
    (10, "rare_tasks", include_str!("../migrations/sqlite/0010_rare_tasks.sql")),
    (11, "plugins_input", include_str!("../migrations/sqlite/0011_plugins_input.sql")),
    (12, "sorted_metrics", include_str!("../migrations/sqlite/0012_sorted_metrics.sql")),
    (13, "namespaces", include_str!("../migrations/sqlite/0013_namespaces.sql")),
    (14, "audit_of_namespace", include_str!("../migrations/sqlite/0014_audit_of_namespace.sql")),
    (15, "retention", include_str!("../migrations/sqlite/0015_retention.sql")),
    (16, "lists_of_namespace", include_str!("../migrations/sqlite/0016_lists_of_namespace.sql")),
    (17, "sorted_artifacts", include_str!("../migrations/sqlite/0017_sorted_artifacts.sql")),
];

/// Applies what is missing, in one transaction.
///
/// Errors: `Unavailable` when a newer program wrote the database; `Internal` when a file that was applied is
/// not the one that this program knows.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Error> {
    apply(connection, MIGRATIONS)
}

fn apply(connection: &mut Connection, migrations: &[Migration]) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, \
         sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL)",
    )?;
    let newest: i64 =
        transaction.query_row("SELECT coalesce(max(number), 0) FROM migrations", [], |row| row.get(0))?;
    let known = migrations.last().map_or(0, |(number, ..)| *number);
    if newest > known {
        return Err(Error::unavailable(format!(
            "the database has schema {newest}, written by a newer pipewright; this one knows up to {known}"
        )));
    }
    for (number, name, text) in migrations {
        let hash = hex::encode(Sha256::digest(text));
        if *number > newest {
            transaction.execute_batch(text)?;
            transaction.execute(
                "INSERT INTO migrations (number, name, sha256, applied_at) VALUES (?1, ?2, ?3, ?4)",
                params![number, name, hash, crate::store::now().0],
            )?;
            continue;
        }
        let applied: String =
            transaction
                .query_row("SELECT sha256 FROM migrations WHERE number = ?1", [number], |row| row.get(0))?;
        if applied != hash {
            return Err(Error::internal(format!(
                "migration {number} ({name}) was applied in another version than this program has"
            )));
        }
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_it_does_not_know() {
        for (change, expected) in [
            ("", None),
            ("INSERT INTO migrations VALUES (99, 'later', '', 0)", Some("newer pipewright")),
            ("UPDATE migrations SET sha256 = 'other'", Some("another version")),
        ] {
            let mut connection = Connection::open_in_memory().unwrap();
            migrate(&mut connection).unwrap();
            connection.execute_batch(change).unwrap();
            let message = migrate(&mut connection).err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(message, None),
                Some(part) => assert!(message.as_deref().unwrap_or("").contains(part), "{message:?}"),
            }
        }
    }

    #[test]
    fn rows_survive_migrations() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &MIGRATIONS[..1]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO journal (run, seq, events, body) VALUES (3, 0, 2, 'a'), (3, 2, 1, 'b'), \
                 (4, 0, 1, 'c'); INSERT INTO cache_entries (pipeline_name, fingerprint, task_name, run, task) \
                 VALUES ('p', 'old', 't', 3, 7), ('p', 'key', 't', 3, 8)",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let rows = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([3], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(rows(crate::journal::SELECT), ["a", "b"]);
        let keys = "SELECT fingerprint FROM cache_entries WHERE task > ?1 ORDER BY task";
        assert_eq!(rows(keys), ["old", "key"]);
    }

    #[test]
    fn what_was_there_before_namespaces_is_in_the_default_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &MIGRATIONS[..12]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO experiments VALUES ('e', '', 'Default', '', 1, 0, 'available'); \
                 INSERT INTO pipelines VALUES ('p', '', 'p', 'p', '', 1); \
                 INSERT INTO artifacts (id, pipeline_name, type_title, uri, run_id, task, created_at, body) \
                 VALUES ('a', 'p', 't', '/a', 'r', 'root/x', 1, '{}')",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let of = |table: &str| -> String {
            connection.query_row(&format!("SELECT namespace FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!([of("experiments"), of("pipelines"), of("artifacts")], ["default", "", "default"]);
    }

    #[test]
    fn tasks_learn_the_namespace_of_their_run() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &MIGRATIONS[..15]).unwrap();
        let row = |number: i64, namespace: &str| {
            format!(
                "INSERT INTO runs (number, id, display_name, description, namespace, experiment_id, pipeline_name, \
                 service_account, recurring_run_id, storage_state, phase, created_at, scheduled_at, finished_at, \
                 plan_hash, spec_hash, parameters, progress) VALUES ({number}, 'r{number}', '', '', '{namespace}', \
                 'e', 'p', '', '', 'available', 'running', 1, 1, 0, '', '', '{{}}', '{{}}'); \
                 INSERT INTO tasks (run, task, phase, created_at, started_at, ended_at, body) \
                 VALUES ({number}, 't', 'running', 1, 1, 0, '{{}}');"
            )
        };
        connection.execute_batch(&(row(3, "default") + &row(4, "team-a"))).unwrap();
        migrate(&mut connection).unwrap();
        let of = |run: i64| -> String {
            connection
                .query_row("SELECT namespace FROM tasks WHERE run = ?1", [run], |row| row.get(0))
                .unwrap()
        };
        assert_eq!([of(3), of(4)], ["default", "team-a"]);
    }

    #[test]
    fn numbers_are_consecutive() {
        assert!(MIGRATIONS.iter().zip(1..).all(|((number, ..), expected)| *number == expected));
    }
}
