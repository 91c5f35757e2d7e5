//! What runs are filtered, sorted and counted by, in memory: a filter that few of 100 000 runs pass, and the size
//! of any list, cost a walk over some megabytes instead of one over the table.
//!
//! The writer notes which rows each transaction changed; whoever asks next reads those again first. So an answer
//! holds every write that was answered before the question. Nothing is kept until [`Catalog::load`] was called:
//! commands that look at a home once do without.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError, RwLock, RwLockWriteGuard};

use rusqlite::{Connection, OptionalExtension, Row};

use crate::comparison::Comparison;
use crate::error::Error;
use crate::metrics;
use crate::page::{Position, Sort, Sought, number_of};

/// Reads everything, so it walks the table.
const SELECT_ALL: &str = "SELECT number, created_at, finished_at, scheduled_at, id, display_name, description, \
     phase, storage_state, experiment_id, recurring_run_id, namespace FROM runs ORDER BY number";
pub(crate) const SELECT_ONE: &str = "SELECT number, created_at, finished_at, scheduled_at, id, display_name, \
     description, phase, storage_state, experiment_id, recurring_run_id, namespace FROM runs WHERE number = ?1";

/// Names of metrics whose numbers are kept at once.
const METRICS: usize = 16;
/// Columns whose values many runs share.
const SHARED: usize = 5;

/// The runs of a database.
#[derive(Default)]
pub(crate) struct Catalog {
    /// Changes are to be noted from now on.
    is_kept: AtomicBool,
    /// Rows that are to be read again.
    changed: Mutex<BTreeSet<i64>>,
    rows: RwLock<Option<Rows>>,
}

/// The rows of a list that a catalog found.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    /// Numbers of the page's rows, in its order.
    pub(crate) numbers: Vec<i64>,
    /// The last of them, when more follow.
    pub(crate) next: Option<(Position, String)>,
    pub(crate) total: u64,
}

#[derive(Default)]
struct Rows {
    /// By number.
    entries: Vec<Entry>,
    words: Words,
    /// Numbers that lists were sorted by, by name; of each run in the form of [`number_of`].
    metrics: HashMap<String, HashMap<i64, i64>>,
}

struct Entry {
    number: i64,
    times: [i64; 3],
    id: Box<str>,
    name: Box<str>,
    description: Box<str>,
    shared: [u32; SHARED],
}

/// Texts by the number that stands for them.
#[derive(Default)]
struct Words {
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

/// Where an entry's value for a sort is found.
enum Sorted<'r> {
    Column(Column),
    Metric(&'r HashMap<i64, i64>),
}

/// Where an entry keeps a column.
#[derive(Clone, Copy)]
enum Column {
    Time(usize),
    Id,
    Name,
    Description,
    Shared(usize),
}

/// A condition, made ready for many entries.
enum Check<'q> {
    Time(usize, &'q Comparison),
    Text(Column, &'q Comparison),
    /// Whether it holds, by the word's number.
    Shared(usize, Vec<bool>),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value<'r> {
    Number(i64),
    Text(&'r str),
}

impl Catalog {
    /// Notes what a transaction changed; called after its commit and before anybody is answered.
    pub(crate) fn note(&self, numbers: &mut Vec<i64>) {
        if numbers.is_empty() {
            return;
        }
        let changed = numbers.drain(..);
        if self.is_kept.load(SeqCst) {
            self.changed.lock().unwrap_or_else(PoisonError::into_inner).extend(changed);
        }
    }

    /// Reads all runs, once.
    pub(crate) fn load(&self, connection: &Connection) -> Result<(), Error> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        if rows.is_some() {
            return Ok(());
        }
        // First, so that no commit falls between the snapshot and what is noted.
        self.is_kept.store(true, SeqCst);
        let mut read = Rows::default();
        let mut statement = connection.prepare(SELECT_ALL)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let entry = read.words.entry(row)?;
            read.entries.push(entry);
        }
        read.entries.shrink_to_fit();
        *rows = Some(read);
        Ok(())
    }

    /// Finds the rows of a page and counts the list; `None` when it is not loaded or cannot tell.
    pub(crate) fn find(&self, connection: &Connection, sought: &Sought<'_>) -> Result<Option<Found>, Error> {
        let metric = match sought.sort {
            Sort::Column(_) => None,
            Sort::Metric(name) => Some(name),
        };
        self.with(connection, metric, |rows| rows.find(sought))
    }

    /// Counts the list; `None` when it is not loaded or cannot tell.
    pub(crate) fn count(&self, connection: &Connection, sought: &Sought<'_>) -> Result<Option<u64>, Error> {
        self.with(connection, None, |rows| {
            let checks = rows.checks(sought)?;
            if checks.is_empty() {
                return Some(rows.entries.len() as u64);
            }
            Some(rows.entries.iter().filter(|entry| checks.iter().all(|it| it.holds(entry))).count() as u64)
        })
    }

    /// Answers from the rows as they are now, with the numbers of this metric among them.
    fn with<T>(
        &self,
        connection: &Connection,
        metric: Option<&str>,
        ask: impl FnOnce(&Rows) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        if !self.is_kept.load(SeqCst) {
            return Ok(None);
        }
        let is_current = || self.changed.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        let current = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let rows = if is_current() && current.as_ref().is_none_or(|rows| rows.has(metric)) {
            current
        } else {
            drop(current);
            let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(rows) = rows.as_mut() {
                // Taken before the first read of this snapshot, so it holds at least what was noted.
                let changed =
                    std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
                let read =
                    rows.refresh(connection, &changed).and_then(|()| rows.load_metric(connection, metric));
                if let Err(error) = read {
                    self.note(&mut changed.into_iter().collect());
                    return Err(error);
                }
            }
            RwLockWriteGuard::downgrade(rows)
        };
        Ok(rows.as_ref().and_then(ask))
    }
}

impl Rows {
    fn has(&self, metric: Option<&str>) -> bool {
        metric.is_none_or(|name| self.metrics.contains_key(name))
    }

    /// Reads the numbers of a name unless they are here. What changes later is read with the run.
    fn load_metric(&mut self, connection: &Connection, metric: Option<&str>) -> Result<(), Error> {
        let Some(name) = metric.filter(|_| !self.has(metric)) else { return Ok(()) };
        let mut values = HashMap::new();
        let mut statement = connection.prepare_cached(metrics::SELECT_SORTED)?;
        let mut found = statement.query([name])?;
        while let Some(row) = found.next()? {
            values.insert(row.get(0)?, number_of(row.get(1)?));
        }
        if self.metrics.len() == METRICS {
            self.metrics.clear();
        }
        self.metrics.insert(name.to_owned(), values);
        Ok(())
    }

    fn refresh(&mut self, connection: &Connection, changed: &BTreeSet<i64>) -> Result<(), Error> {
        let mut fresh = BTreeMap::new();
        let mut statement = connection.prepare_cached(SELECT_ONE)?;
        for number in changed {
            let mut found = statement.query([number])?;
            if let Some(row) = found.next()? {
                fresh.insert(*number, self.words.entry(row)?);
            }
        }
        for (name, values) in &mut self.metrics {
            let mut statement = connection.prepare_cached(metrics::SELECT_SORTED_ONE)?;
            for number in changed {
                let value = statement.query_row((name, number), |row| row.get(0)).optional()?;
                match value {
                    Some(value) => values.insert(*number, number_of(value)),
                    None => values.remove(number),
                };
            }
        }
        let is_gone = |number: &i64| !fresh.contains_key(number);
        if changed.iter().any(is_gone) {
            self.entries
                .retain(|entry| !changed.contains(&entry.number) || fresh.contains_key(&entry.number));
        }
        for (number, entry) in fresh {
            match self.entries.binary_search_by_key(&number, |entry| entry.number) {
                Ok(at) => self.entries[at] = entry,
                // New runs have the highest numbers, so this is the end.
                Err(at) => self.entries.insert(at, entry),
            }
        }
        Ok(())
    }

    fn find(&self, sought: &Sought<'_>) -> Option<Found> {
        let sort = &match sought.sort {
            Sort::Column(name) => Sorted::Column(Column::of(name)?),
            Sort::Metric(name) => Sorted::Metric(self.metrics.get(name)?),
        };
        let checks = self.checks(sought)?;
        let after = sought.after.map(|(position, id)| {
            let value = match position {
                Position::Number(number) => Value::Number(*number),
                Position::Text(text) => Value::Text(text),
            };
            (value, id)
        });
        let ordered = |ordering: Ordering| if sought.descending { ordering.reverse() } else { ordering };
        let order = |one: &&Entry, other: &&Entry| {
            let by_value = self.value(one, sort).cmp(&self.value(other, sort));
            ordered(by_value.then_with(|| one.id.cmp(&other.id)))
        };
        let is_after = |entry: &&Entry| {
            after.as_ref().is_none_or(|(value, id)| {
                let by_value = self.value(entry, sort).cmp(value);
                ordered(by_value.then_with(|| (*entry.id).cmp(id))) == Ordering::Greater
            })
        };

        let wanted = sought.size + 1;
        let (mut best, mut bound, mut total): (Vec<&Entry>, Option<&Entry>, u64) = (Vec::new(), None, 0);
        let mut look_at = |entry| {
            if !checks.iter().all(|check: &Check<'_>| check.holds(entry)) {
                return;
            }
            total += 1;
            if bound.is_some_and(|bound| order(&entry, &bound) == Ordering::Greater) || !is_after(&entry) {
                return;
            }
            best.push(entry);
            if best.len() == wanted * 4 {
                best.select_nth_unstable_by(wanted - 1, order);
                best.truncate(wanted);
                bound = best.last().copied();
            }
        };
        // Later runs have higher numbers: the page's rows come early and keep the others out.
        if sought.descending {
            self.entries.iter().rev().for_each(&mut look_at);
        } else {
            self.entries.iter().for_each(&mut look_at);
        }
        best.sort_unstable_by(order);
        let has_more = best.len() > sought.size;
        best.truncate(sought.size);
        let next = best.last().filter(|_| has_more).map(|entry| {
            let position = match self.value(entry, sort) {
                Value::Number(number) => Position::Number(number),
                Value::Text(text) => Position::Text(text.to_owned()),
            };
            (position, entry.id.to_string())
        });
        Some(Found { numbers: best.iter().map(|entry| entry.number).collect(), next, total })
    }

    fn checks<'q>(&self, sought: &'q Sought<'_>) -> Option<Vec<Check<'q>>> {
        let check = |(column, comparison): &'q (&str, Comparison)| {
            Some(match Column::of(column)? {
                Column::Time(at) => Check::Time(at, comparison),
                Column::Shared(at) => {
                    Check::Shared(at, self.words.texts.iter().map(|it| comparison.holds_text(it)).collect())
                }
                column => Check::Text(column, comparison),
            })
        };
        sought.conditions.iter().map(check).collect()
    }

    fn value<'r>(&'r self, entry: &'r Entry, sort: &Sorted<'_>) -> Value<'r> {
        match *sort {
            Sorted::Metric(values) => {
                let none = || number_of(f64::NEG_INFINITY);
                Value::Number(values.get(&entry.number).copied().unwrap_or_else(none))
            }
            Sorted::Column(Column::Time(at)) => Value::Number(entry.times[at]),
            Sorted::Column(Column::Shared(at)) => Value::Text(&self.words.texts[entry.shared[at] as usize]),
            Sorted::Column(column @ (Column::Id | Column::Name | Column::Description)) => {
                Value::Text(entry.text(column))
            }
        }
    }
}

impl Words {
    fn entry(&mut self, row: &Row<'_>) -> Result<Entry, Error> {
        let mut shared = [0; SHARED];
        for (at, number) in shared.iter_mut().enumerate() {
            *number = self.number(row.get_ref(7 + at)?.as_str().map_err(rusqlite::Error::from)?);
        }
        Ok(Entry {
            number: row.get(0)?,
            times: [row.get(1)?, row.get(2)?, row.get(3)?],
            id: row.get(4)?,
            name: row.get(5)?,
            description: row.get(6)?,
            shared,
        })
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }
}

impl Entry {
    fn text(&self, column: Column) -> &str {
        match column {
            Column::Name => &self.name,
            Column::Description => &self.description,
            Column::Id | Column::Time(_) | Column::Shared(_) => &self.id,
        }
    }
}

impl Column {
    /// Finds a column of the table by its full name.
    fn of(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("runs.")? {
            "created_at" => Self::Time(0),
            "finished_at" => Self::Time(1),
            "scheduled_at" => Self::Time(2),
            "id" => Self::Id,
            "display_name" => Self::Name,
            "description" => Self::Description,
            "phase" => Self::Shared(0),
            "storage_state" => Self::Shared(1),
            "experiment_id" => Self::Shared(2),
            "recurring_run_id" => Self::Shared(3),
            "namespace" => Self::Shared(4),
            _ => return None,
        })
    }
}

impl Check<'_> {
    fn holds(&self, entry: &Entry) -> bool {
        match self {
            Self::Time(at, comparison) => comparison.holds_number(entry.times[*at]),
            Self::Text(column, comparison) => comparison.holds_text(entry.text(*column)),
            Self::Shared(at, holds) => holds[entry.shared[*at] as usize],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pipewright_engine::{RunId, Submit, Timestamp};
    use pipewright_plan::{Dialect, Plan};
    use serde_json::json;

    use crate::page::{ListQuery, Page, ask, list};
    use crate::runs::{LISTING, NewRun, Run, run};
    use crate::store::{Options, Store};
    use crate::writer::Flush;

    const NAMES: &[&str] = &["train", "Train 2", "évaluer", "a_b%c", "", "train"];
    const PHASES: &[&str] = &["pending", "running", "succeeded", "failed", "cancelled"];

    fn new_run(number: usize) -> NewRun {
        let plan = Plan {
            name: "p".to_owned(),
            display_name: None,
            description: None,
            dialect: Dialect::V2,
            sdk_version: None,
            default_pipeline_root: None,
            platform: Default::default(),
            root: "root".to_owned(),
            components: Default::default(),
        };
        NewRun {
            id: RunId(format!("r{:03}", number * 7 % 100)),
            display_name: NAMES[number % NAMES.len()].to_owned(),
            description: if number.is_multiple_of(3) { "nightly".to_owned() } else { String::new() },
            experiment_id: String::new(),
            pipeline_id: None,
            pipeline_version_id: None,
            plan: Arc::new(plan),
            pipeline_spec: json!({}),
            parameters: json!({}),
            pipeline_root: None,
            service_account: String::new(),
            plugins_input: Default::default(),
            firing: None,
            submit: Submit { created_at: Timestamp(1 + number as i64 * 700_000), ..Submit::default() },
        }
    }

    /// Every key with every operation, in a few orders and pages.
    fn queries() -> Vec<ListQuery> {
        let mut values = vec![String::new()];
        for operation in
            ["EQUALS", "NOT_EQUALS", "GREATER_THAN", "GREATER_THAN_EQUALS", "LESS_THAN", "LESS_THAN_EQUALS"]
        {
            for (key, value) in [
                ("name", r#""string_value": "train""#),
                ("description", r#""string_value": "nightly""#),
                ("state", r#""string_value": "FAILED""#),
                ("storage_state", r#""string_value": "ARCHIVED""#),
                ("run_id", r#""string_value": "r042""#),
                ("experiment_id", r#""string_value": "x""#),
                ("namespace", r#""string_value": "default""#),
                ("recurring_run_id", r#""string_value": """#),
                ("created_at", r#""timestamp_value": "1970-01-01T00:00:09Z""#),
                ("finished_at", r#""long_value": "3""#),
                ("scheduled_at", r#""long_value": "9""#),
            ] {
                values.push(format!(r#"{{"key": "{key}", "operation": "{operation}", {value}}}"#));
            }
        }
        for value in [
            r#"{"key": "name", "operation": "IS_SUBSTRING", "string_value": "TRAIN"}"#,
            r#"{"key": "name", "operation": "IS_SUBSTRING", "string_value": "É"}"#,
            r#"{"key": "name", "operation": "IS_SUBSTRING", "string_value": "_b%"}"#,
            r#"{"key": "name", "operation": "IS_SUBSTRING", "string_value": ""}"#,
            r#"{"key": "name", "operation": "IN", "string_values": {"values": ["", "Train 2"]}}"#,
            r#"{"key": "name", "operation": "IN", "string_values": {}}"#,
            r#"{"key": "created_at", "operation": "IN", "long_values": {"values": [1, 7]}}"#,
            r#"{"key": "name", "operation": "IS_SUBSTRING", "string_value": "a"},
               {"key": "state", "operation": "NOT_EQUALS", "string_value": "SUCCEEDED"}"#,
        ] {
            values.push(value.to_owned());
        }
        let sorts = [
            (3, "created_at desc"),
            (1, "name"),
            (200, "state desc"),
            (4, "run_id"),
            (3, "metric:Accuracy"),
            (2, "metric:accuracy desc"),
            (5, "METRIC:val loss desc"),
            (4, "metric:unknown"),
        ];
        let mut queries = Vec::new();
        for (at, value) in values.iter().enumerate() {
            for (size, sort) in sorts {
                queries.push(ListQuery {
                    page_size: Some(size),
                    sort_by: Some(sort.to_owned()),
                    filter: Some(format!(r#"{{"predicates": [{value}]}}"#)),
                    experiment_id: (at % 5 == 4).then(|| "nowhere".to_owned()),
                    namespace: (at % 7 > 4)
                        .then(|| if at % 7 == 5 { "default" } else { "nowhere" }.to_owned()),
                    ..ListQuery::default()
                });
            }
        }
        queries
    }

    async fn by_sql(store: &Store, query: &ListQuery) -> Page<Run> {
        let scope = [("experiment_id", &query.experiment_id), ("namespace", &query.namespace)];
        let scope = scope.into_iter().filter_map(|(column, it)| Some((column, it.as_deref()?)));
        let scope = scope.collect::<Vec<_>>();
        let asked = ask(&LISTING, query, &scope).unwrap();
        store.db().read(move |connection| list(connection, &LISTING, asked, run)).await.unwrap()
    }

    /// Compares every page of every list.
    async fn compare(store: &Store) {
        for mut query in queries() {
            loop {
                let (page, expected) = (store.list_runs(&query).await.unwrap(), by_sql(store, &query).await);
                assert_eq!(page, expected, "{query:?}");
                let Some(token) = page.next_page_token else { break };
                query.page_token = Some(token);
            }
        }
    }

    #[tokio::test]
    async fn lists_are_those_that_sql_makes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("test.db"), Options::default()).unwrap();
        let set = async |sql: &'static str| {
            store
                .db()
                .write(Flush::Soon, |writing| Ok(writing.connection.execute_batch(sql)?))
                .await
                .unwrap();
        };
        for number in 0..20 {
            store.create_run(new_run(number)).await.unwrap();
            let phase = PHASES[number % PHASES.len()];
            let sql = "UPDATE runs SET phase = ?1, finished_at = ?2 WHERE number = ?3";
            let set = move |writing: &mut crate::writer::Writing<'_>| {
                let finished = number as i64 % 4 * 1_500_000;
                let row = rusqlite::params![phase, finished, number as i64 + 1];
                Ok(writing.connection.execute(sql, row)?)
            };
            store.db().write(Flush::Soon, set).await.unwrap();
        }
        let report = async |run: usize, name: &str, value: f64| {
            let metric = crate::metrics::Metric {
                node: "n".to_owned(),
                name: name.to_owned(),
                value,
                format: String::new(),
            };
            store.report_metrics(&new_run(run).id, vec![metric]).await.unwrap();
        };
        for (run, value) in [0.5, -0.0, 0.0, -3.25, 1e300, 0.5, 0.5].into_iter().enumerate() {
            report(run * 2, "accuracy", value).await;
            report(run * 2 + 1, "Val Loss", -value).await;
        }
        compare(&store).await;
        store.load_catalog().await.unwrap();
        compare(&store).await;
        report(15, "ACCURACY", 0.25).await;
        report(3, "accuracy", 7.0).await;
        compare(&store).await;

        store.archive_run(&RunId("r042".to_owned())).await.unwrap();
        store.delete_run(&RunId("r007".to_owned())).await.unwrap();
        store.create_run(new_run(50)).await.unwrap();
        compare(&store).await;
        set("UPDATE runs SET display_name = 'train all', phase = 'failed' WHERE number % 2 = 0").await;
        compare(&store).await;
        set("DELETE FROM runs WHERE number > 15").await;
        compare(&store).await;
    }
}
