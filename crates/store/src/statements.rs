//! Every statement against the real schema: it prepares, and it finds its rows by an index.

use rusqlite::{Connection, params_from_iter};

use crate::page::{ListQuery, Listing, ask};
use crate::{
    artifacts, audit, cache, catalog, documents, executions, experiments, inbox, journal, lineage, marks,
    metrics, migrate, namespaces, objects, pipelines, progress, projection, recurring_runs, removal,
    retention, runs, sessions, tags, versions,
};

const STATEMENTS: &[&str] = &[
    artifacts::INSERT,
    artifacts::SELECT,
    artifacts::SELECT_URI,
    artifacts::SELECT_BY_URI,
    audit::INSERT,
    audit::DELETE_OLD,
    audit::SELECT,
    audit::SELECT_OF_NAMESPACE,
    cache::INSERT,
    cache::SELECT_BY_KEY,
    cache::SELECT_BY_NAME,
    cache::SELECT_BEFORE,
    cache::SELECT_NUMBER,
    catalog::SELECT_ONE,
    documents::INSERT,
    documents::SELECT,
    documents::DELETE_UNREFERENCED,
    experiments::INSERT,
    experiments::SELECT,
    experiments::SELECT_ID_BY_NAME,
    experiments::SET_STORAGE,
    experiments::SET_LAST_RUN,
    experiments::ARCHIVE_RUNS,
    experiments::DELETE,
    executions::NUMBERS_OF_RUN,
    executions::ONE,
    executions::RUNS_OF_PIPELINE,
    executions::TASKS_OF_RUN,
    lineage::INSERT_USE,
    lineage::DELETE_USES,
    lineage::SELECT_USES,
    lineage::SELECT_RECORD,
    inbox::INSERT,
    inbox::SELECT,
    inbox::SELECT_TASK,
    inbox::DELETE,
    inbox::DELETE_ALL,
    journal::SELECT_END,
    journal::INSERT,
    journal::SELECT,
    marks::SELECT,
    marks::INSERT,
    metrics::INSERT,
    metrics::SELECT,
    metrics::INSERT_FILE,
    metrics::SELECT_FILES,
    metrics::DELETE_FILE,
    metrics::SELECT_UNREAD,
    metrics::SET_READ,
    metrics::UPSERT_SORTED,
    metrics::SELECT_SORTED,
    metrics::SELECT_SORTED_ONE,
    metrics::TOUCH,
    namespaces::OF_EXPERIMENT,
    namespaces::OF_PIPELINE,
    namespaces::OF_VERSION,
    namespaces::OF_RUN,
    namespaces::OF_RECURRING_RUN,
    namespaces::OF_ARTIFACT,
    namespaces::OF_URI,
    objects::SELECT,
    objects::SELECT_OWNED,
    objects::SELECT_SECRETS,
    objects::UPSERT,
    objects::DELETE,
    objects::DELETE_OWNED,
    objects::SELECT_CALL,
    objects::INSERT_CALL,
    objects::DELETE_CALLS,
    objects::INSERT_FORMER,
    pipelines::INSERT,
    pipelines::SELECT,
    pipelines::SELECT_BY_NAME,
    pipelines::RENAME,
    pipelines::DELETE,
    pipelines::SELECT_VERSIONS,
    pipelines::DELETE_VERSIONS,
    progress::SELECT_UNDER,
    progress::SELECT_BRIEF,
    progress::SELECT_INPUTS,
    progress::SELECT_PHASES,
    progress::SELECT_INSIDE,
    progress::SELECT_SINCE,
    projection::UPDATE_RUN,
    projection::UPDATE_PROGRESS,
    projection::UPSERT_TASK,
    projection::UPSERT_INPUTS,
    projection::SELECT_DROPPED,
    projection::SELECT_RUNNING,
    projection::SELECT_TASKS,
    projection::SELECT_LEADING,
    projection::SELECT_TASK,
    recurring_runs::INSERT,
    recurring_runs::SELECT,
    recurring_runs::SELECT_ENABLED,
    recurring_runs::SELECT_SPEC,
    recurring_runs::SET_ENABLED,
    recurring_runs::DISABLE_OF_EXPERIMENT,
    recurring_runs::SELECT_OF_EXPERIMENT,
    recurring_runs::ADVANCE,
    recurring_runs::COUNT_ACTIVE,
    recurring_runs::DELETE,
    removal::DELETE,
    retention::OLDEST_FINISHED,
    retention::FINISHED_BEFORE,
    retention::OLDEST_ARCHIVED,
    retention::ARCHIVED_BEFORE,
    retention::IS_ARCHIVED,
    runs::INSERT,
    runs::SELECT,
    runs::SELECT_NUMBERED,
    runs::SELECT_HEAD,
    runs::SELECT_PROGRESS,
    runs::SELECT_HASHES,
    runs::SELECT_LIVE,
    runs::SET_STORAGE,
    runs::SELECT_EXPERIMENT_STORAGE,
    sessions::INSERT,
    sessions::SELECT,
    sessions::DELETE,
    sessions::DELETE_EXPIRED,
    tags::SELECT,
    tags::INSERT,
    tags::DELETE,
    versions::INSERT,
    versions::SELECT,
    versions::SELECT_SPEC,
    versions::RENAME,
    versions::DELETE,
];

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate::migrate(&mut connection).unwrap();
    connection
}

/// Asserts that no step reads a whole table; without `may_sort` none may sort either.
fn check(connection: &Connection, sql: &str, may_sort: bool) {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let nulls = vec![rusqlite::types::Value::Null; statement.parameter_count()];
    let steps = statement.query_map(params_from_iter(nulls), |row| row.get::<_, String>(3)).unwrap();
    for step in steps {
        let step = step.unwrap();
        let reads_all = step.starts_with("SCAN") && !step.contains("INDEX") && step != "SCAN CONSTANT ROW";
        assert!(!reads_all, "{step}: {sql}");
        assert!(may_sort || !step.contains("TEMP B-TREE"), "{step}: {sql}");
    }
}

#[test]
fn statements_use_indexes() {
    let connection = database();
    for sql in STATEMENTS.iter().chain(removal::DELETE_PARTS).chain(namespaces::NEXT) {
        check(&connection, sql, false);
    }
}

#[test]
fn sorted_lists_use_indexes() {
    let connection = database();
    for [found, sorting] in [lineage::statements(), executions::statements()] {
        found.iter().for_each(|sql| check(&connection, sql, false));
        sorting.iter().for_each(|sql| check(&connection, sql, true));
    }
}

#[test]
fn lists_use_indexes() {
    let connection = database();
    let check_list = |listing: &Listing, scope: &[(&str, &str)], sorts_by_index: &[&str]| {
        for key in listing.keys {
            for direction in ["asc", "desc"] {
                let may_sort = !sorts_by_index.is_empty() && !sorts_by_index.contains(&key.names[0]);
                let sort_by = Some(format!("{} {direction}", key.names[0]));
                let query = ListQuery { sort_by, ..ListQuery::default() };
                let first = ask(listing, &query, scope).unwrap();
                check(&connection, &first.page, may_sort);
                check(&connection, &first.count, false);
                let next = first.following();
                check(&connection, &ask(listing, &next, scope).unwrap().page, may_sort);
            }
        }
    };
    check_list(&experiments::LISTING, &[], &[]);
    check_list(&pipelines::LISTING, &[], &[]);
    check_list(&runs::LISTING, &[], &[]);
    // A page of one state sorts no more than one of all.
    for (key, word) in [("state", "SUCCEEDED"), ("storage_state", "AVAILABLE")] {
        for operation in ["EQUALS", "NOT_EQUALS"] {
            for sort in ["created_at desc", "finished_at desc", "name", "state"] {
                let filter = format!(
                    r#"{{"predicates": [{{"key": "{key}", "operation": "{operation}", "string_value": "{word}"}}]}}"#
                );
                let query = ListQuery {
                    sort_by: Some(sort.to_owned()),
                    filter: Some(filter),
                    ..ListQuery::default()
                };
                check(&connection, &ask(&runs::LISTING, &query, &[]).unwrap().page, false);
            }
        }
    }
    let namespace = [("namespace", "x")];
    check_list(&experiments::LISTING, &namespace, &["created_at", "name", "last_run_created_at"]);
    check_list(&pipelines::LISTING, &namespace, &["created_at", "name", "display_name"]);
    check_list(&runs::LISTING, &namespace, &["created_at", "display_name"]);
    check_list(&recurring_runs::LISTING, &namespace, &["created_at", "name"]);
    // Within an experiment or a pipeline rare sorts may order the rows of that one.
    check_list(&versions::LISTING, &[("pipeline_id", "x")], &["created_at", "display_name", "name"]);
    check_list(&runs::LISTING, &[("experiment_id", "x")], &["created_at", "display_name"]);
}
