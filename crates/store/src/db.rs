//! Opens a database file and passes work to the threads that own its connections.
//!
//! One connection writes (`writer`), [`READERS`] read-only connections read, each in its own thread. A read
//! sees every write that was answered before it began. Dropping the future of a write does not undo it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::hooks::Action;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::catalog::Catalog;
use crate::error::Error;
use crate::feed::Change;
use crate::flusher::Flusher;
use crate::migrate::migrate;
use crate::writer::{Flush, Guard, Order, QUEUE, Terms, Write, Writer, Writing};

const READERS: usize = 2;

/// Older SQLite can lose a write when a checkpoint meets a restart of the write-ahead log.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Prepared statements kept per connection.
const STATEMENTS: usize = 128;

type Reading = Box<dyn FnOnce(&Connection) + Send>;

/// Hands work to the threads. Dropping it lets them finish what is queued.
pub(crate) struct Db {
    writes: mpsc::Sender<Order>,
    reads: Mutex<Option<mpsc::Sender<Reading>>>,
    readers: Mutex<Vec<JoinHandle<()>>>,
}

impl Db {
    /// Opens the file, creating and migrating as needed.
    ///
    /// `prepare` runs once on the migrated database, before any other write.
    pub(crate) fn open<T>(
        path: &Path,
        feed: broadcast::Sender<Change>,
        catalog: Arc<Catalog>,
        prepare: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<(Self, T), Error> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(Error::internal(format!(
                "SQLite {} can corrupt this database; 3.51.3 or newer is needed",
                rusqlite::version()
            )));
        }
        let mut connection = writing_connection(path)?;
        migrate(&mut connection)?;
        let prepared = prepare(&connection)?;
        let flusher = Flusher::start(open_log(path, &connection)?)?;
        let (writes, queue) = mpsc::channel(QUEUE);
        let touched = note_runs(&connection)?;
        let writer = Writer { connection, queue, feed, flusher, catalog, touched };
        spawn("store-writer", move || writer.work())?;

        let (reads, waiting) = mpsc::channel::<Reading>(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let connection = reading_connection(path)?;
            let waiting = waiting.clone();
            readers.push(spawn("store-reader", move || read(&connection, &waiting))?);
        }
        let db = Self { writes, reads: Mutex::new(Some(reads)), readers: Mutex::new(readers) };
        Ok((db, prepared))
    }

    /// Runs a write in a transaction; an error of it leaves nothing behind.
    pub(crate) async fn write<T, F>(&self, flush: Flush, work: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Writing<'_>) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.queue(Terms { flush, guard: Guard::Savepoint }, work).await
    }

    /// Runs a write that changes nothing before it has checked everything; cheaper than [`Self::write`].
    pub(crate) async fn write_checked<T, F>(&self, flush: Flush, work: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Writing<'_>) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.queue(Terms { flush, guard: Guard::Checked }, work).await
    }

    async fn queue<T, F>(&self, terms: Terms, work: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Writing<'_>) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        let (job, answer) = Write::new(terms, work);
        self.writes.send(Order::Write(Box::new(job))).await.map_err(|_| Error::closed())?;
        answer.await.map_err(|_| Error::closed())?
    }

    /// Runs a read on one snapshot of the database.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        let reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let reads = reads.ok_or_else(Error::closed)?;
        let (reply, answer) = oneshot::channel();
        let reading: Reading = Box::new(move |connection| {
            let result = connection.unchecked_transaction().map_err(Error::from).and_then(|snapshot| {
                let result = work(connection);
                snapshot.finish()?;
                result
            });
            // Whoever stopped waiting does not need the answer.
            drop(reply.send(result));
        });
        reads.send(reading).await.map_err(|_| Error::closed())?;
        answer.await.map_err(|_| Error::closed())?
    }

    /// Finishes what is queued, brings it to disk and closes the file.
    pub(crate) async fn close(&self) {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let readers = std::mem::take(&mut *self.readers.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || readers.into_iter().all(|it| it.join().is_ok()));
        if !matches!(joined.await, Ok(true)) {
            tracing::error!("a reading thread ended abnormally");
        }
        let (done, closed) = oneshot::channel();
        if self.writes.send(Order::Close(done)).await.is_ok() && closed.await.is_err() {
            tracing::error!("the writing thread ended abnormally");
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| Error::io("cannot start a thread", error))
}

fn read(connection: &Connection, waiting: &Mutex<mpsc::Receiver<Reading>>) {
    loop {
        // Held while waiting: the other readers wait for the lock instead of the queue.
        let reading = waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(reading) = reading else { return };
        reading(connection);
    }
}

/// `synchronous=NORMAL`: commits reach the page cache; `flusher` brings them to disk.
fn writing_connection(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::unavailable(format!(
            "`{}` cannot use a write-ahead log (its file system may lack shared memory)",
            path.display()
        )));
    }
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8000; \
         PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF",
    )?;
    Ok(connection)
}

/// Collects the numbers of the runs whose rows change.
fn note_runs(connection: &Connection) -> Result<Arc<Mutex<Vec<i64>>>, Error> {
    let touched = Arc::new(Mutex::new(Vec::new()));
    let noted = touched.clone();
    connection.update_hook(Some(move |_: Action, _: &str, table: &str, number: i64| {
        if table == "runs" {
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            if noted.last() != Some(&number) {
                noted.push(number);
            }
        }
    }))?;
    Ok(touched)
}

fn reading_connection(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch("PRAGMA cache_size = -4000; PRAGMA temp_store = MEMORY")?;
    Ok(connection)
}

/// Opens the write-ahead log for flushing. It stays the same file while a connection is open; SQLite's locks
/// are on other files, so closing this handle releases none of them.
fn open_log(path: &Path, connection: &Connection) -> Result<File, Error> {
    let _: i64 = connection.query_row("SELECT count(*) FROM migrations", [], |row| row.get(0))?;
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    let log = PathBuf::from(name);
    let cannot = |error| Error::io(format!("cannot open `{}`", log.display()), error);
    let file = File::open(&log).map_err(cannot)?;
    // The names of new files are to survive a power loss as well.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        file.sync_all().and_then(|()| File::open(folder)?.sync_all()).map_err(cannot)?;
    }
    Ok(file)
}
