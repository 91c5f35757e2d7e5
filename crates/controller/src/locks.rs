//! Locks across all runs: who holds them, who waits for them and whose turn is next.
//!
//! Holders are known from the journals of their runs: what is granted and not recorded is granted anew after a
//! restart, and nothing is granted before every live run has told what it holds and what it waits for. A task gets
//! all of its locks at once. Those of a higher priority come first, then older runs, then who asked first; nobody
//! overtakes who waits for the same lock, so that no order of asking can block for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pipewright_engine::{
    Input, LockAnswer, LockClaim, LockFound, LockRequest, LockSize, RunId, TaskKey, Timestamp,
};
use pipewright_store::{Error, ObjectKey, Store};
use tokio::sync::Notify;

use crate::run_actor::RunActor;

const CONFIG_MAP: &str = "ConfigMap";

/// Whose turn is when: less is earlier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    /// The higher priority is the lesser number.
    reversed_priority: i64,
    created_at: Timestamp,
    run: RunId,
    wanted_at: Timestamp,
    task: TaskKey,
}

type Holder = (RunId, TaskKey);

#[derive(Default)]
struct Lock {
    size: usize,
    holders: BTreeSet<Holder>,
    /// Who waits for it.
    queue: BTreeSet<Turn>,
}

impl Lock {
    fn has_room(&self) -> bool {
        self.holders.len() < self.size
    }
}

struct Waiter {
    turn: Turn,
    names: Vec<String>,
    wake: Arc<Notify>,
}

#[derive(Default)]
struct Book {
    locks: BTreeMap<String, Lock>,
    waiting: BTreeMap<Holder, Waiter>,
    /// What each holder has.
    held: BTreeMap<Holder, Vec<String>>,
    /// Tasks that were granted their locks, by run, until it asks.
    granted: BTreeMap<RunId, Vec<TaskKey>>,
    /// Live runs that have not told yet what they hold and what they wait for.
    expected: BTreeSet<RunId>,
}

/// All locks of a controller's runs.
#[derive(Default)]
pub(crate) struct LockBook(Mutex<Book>);

impl LockBook {
    /// Grants nothing before these runs have told what they hold and what they wait for.
    pub(crate) fn expect(&self, runs: &[RunId]) {
        self.book().expected.extend(runs.iter().cloned());
    }

    /// Takes what a run holds already, whatever others do.
    pub(crate) fn adopt<'a>(
        &self,
        run: &RunId,
        held: impl IntoIterator<Item = (&'a TaskKey, &'a [LockClaim])>,
    ) {
        let mut book = self.book();
        for (task, claims) in held {
            let names: Vec<String> = claims.iter().map(|claim| claim.name.clone()).collect();
            book.take((run.clone(), task.clone()), names);
        }
    }

    /// Takes note that a run has told what it holds and what it waits for.
    pub(crate) fn told(&self, run: &RunId) {
        let mut book = self.book();
        if book.expected.remove(run) && book.expected.is_empty() {
            let all = book.locks.keys().cloned().collect();
            book.grant(all);
        }
    }

    /// Asks for locks of these sizes; `wake` is notified when they are granted later.
    fn request(&self, turn: Turn, claims: &[LockClaim], sizes: &[usize], wake: &Arc<Notify>) -> LockFound {
        let mut book = self.book();
        let holder = (turn.run.clone(), turn.task.clone());
        for (claim, size) in claims.iter().zip(sizes) {
            book.locks.entry(claim.name.clone()).or_default().size = *size;
        }
        if !book.held.contains_key(&holder) {
            let names: Vec<String> = claims.iter().map(|claim| claim.name.clone()).collect();
            book.wait(holder.clone(), Waiter { turn, names: names.clone(), wake: wake.clone() });
            book.grant(names);
        }
        if book.held.contains_key(&holder) {
            return LockFound::Acquired;
        }
        let has_room = |claim: &&LockClaim| book.locks.get(&claim.name).is_some_and(Lock::has_room);
        let first = claims.iter().find(|claim| !has_room(claim)).or(claims.first());
        let Some(first) = first else { return LockFound::Acquired };
        let (size, held) = book.locks.get(&first.name).map_or((0, 0), |lock| (lock.size, lock.holders.len()));
        let free = size.saturating_sub(held);
        let message = format!("Waiting for {} lock. Lock status: {free}/{size}", first.name);
        LockFound::Waiting { lock: first.name.clone(), message }
    }

    /// Returns the tasks of a run that were granted their locks since it asked last.
    fn granted(&self, run: &RunId) -> Vec<TaskKey> {
        let mut book = self.book();
        let granted = book.granted.remove(run).unwrap_or_default();
        granted.into_iter().filter(|task| book.held.contains_key(&(run.clone(), task.clone()))).collect()
    }

    /// Takes back what these tasks of a run hold or wait for.
    fn release(&self, run: &RunId, tasks: impl Iterator<Item = TaskKey>) {
        let mut book = self.book();
        for task in tasks {
            book.release(&(run.clone(), task));
        }
    }

    /// Takes back what a run holds or waits for beside these tasks.
    fn keep(&self, run: &RunId, tasks: &BTreeSet<&TaskKey>) {
        let mut book = self.book();
        let all = book.held.keys().chain(book.waiting.keys());
        let gone: Vec<Holder> =
            all.filter(|(of, task)| of == run && !tasks.contains(task)).cloned().collect();
        for holder in gone {
            book.release(&holder);
        }
    }

    /// Takes back everything of a run that nobody drives any more.
    pub(crate) fn release_run(&self, run: &RunId) {
        self.told(run);
        self.keep(run, &BTreeSet::new());
        self.book().granted.remove(run);
    }

    /// Lets a lock have another size.
    fn resize(&self, name: &str, size: usize) {
        let mut book = self.book();
        if let Some(lock) = book.locks.get_mut(name) {
            lock.size = size;
            book.grant(vec![name.to_owned()]);
        }
    }

    /// Lists the locks whose size a config map says, with the key.
    fn sized_by(&self, namespace: &str, config_map: &str) -> Vec<LockSize> {
        let prefix = format!("{namespace}/{CONFIG_MAP}/{config_map}/");
        let book = self.book();
        let keys = book.locks.keys().filter_map(|name| name.strip_prefix(&prefix));
        keys.map(|key| LockSize {
            namespace: namespace.to_owned(),
            config_map: config_map.to_owned(),
            key: key.to_owned(),
        })
        .collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn wait(&mut self, holder: Holder, waiter: Waiter) {
        for name in &waiter.names {
            self.locks.entry(name.clone()).or_default().queue.insert(waiter.turn.clone());
        }
        self.waiting.insert(holder, waiter);
    }

    fn take(&mut self, holder: Holder, names: Vec<String>) {
        for name in &names {
            let lock = self.locks.entry(name.clone()).or_default();
            lock.size = lock.size.max(1);
            lock.holders.insert(holder.clone());
        }
        self.held.insert(holder, names);
    }

    /// Takes back what a task holds or waits for, and grants what is free then.
    fn release(&mut self, holder: &Holder) {
        let mut names = self.held.remove(holder).unwrap_or_default();
        for name in &names {
            if let Some(lock) = self.locks.get_mut(name) {
                lock.holders.remove(holder);
            }
        }
        if let Some(waiter) = self.waiting.remove(holder) {
            for name in &waiter.names {
                if let Some(lock) = self.locks.get_mut(name) {
                    lock.queue.remove(&waiter.turn);
                }
            }
            names.extend(waiter.names);
        }
        self.grant(names.clone());
        for name in names {
            if self.locks.get(&name).is_some_and(|lock| lock.holders.is_empty() && lock.queue.is_empty()) {
                self.locks.remove(&name);
            }
        }
    }

    /// Grants, in turn, what is free of these locks: to whoever is first in the queue of each lock that it needs.
    fn grant(&mut self, mut names: Vec<String>) {
        if !self.expected.is_empty() {
            return;
        }
        while let Some(name) = names.pop() {
            let first =
                self.locks.get(&name).filter(|lock| lock.has_room()).and_then(|lock| lock.queue.first());
            let Some(turn) = first.cloned() else { continue };
            let holder = (turn.run.clone(), turn.task.clone());
            let is_next = |name: &String| {
                self.locks.get(name).is_some_and(|lock| lock.has_room() && lock.queue.first() == Some(&turn))
            };
            if !self.waiting.get(&holder).is_some_and(|waiter| waiter.names.iter().all(is_next)) {
                continue;
            }
            let Some(waiter) = self.waiting.remove(&holder) else { continue };
            for name in &waiter.names {
                if let Some(lock) = self.locks.get_mut(name) {
                    lock.queue.remove(&turn);
                }
            }
            // There may be room for the next ones as well.
            names.extend(waiter.names.iter().cloned());
            self.granted.entry(turn.run).or_default().push(turn.task);
            self.take(holder, waiter.names);
            waiter.wake.notify_one();
        }
    }
}

impl RunActor {
    /// Asks for the locks of a task.
    pub(crate) async fn request_locks(&mut self, wish: LockRequest) {
        let mut sizes = Vec::with_capacity(wish.claims.len());
        let mut found = None;
        for claim in &wish.claims {
            let size = match self.may_lock(claim) {
                Ok(()) => size_of(&self.shared.store, claim).await,
                Err(refusal) => Err(refusal),
            };
            match size {
                Ok(size) => sizes.push(size),
                Err((message, hint)) => {
                    found = Some(LockFound::Refused { message, hint });
                    break;
                }
            }
        }
        let found = found.unwrap_or_else(|| {
            let turn = Turn {
                reversed_priority: -i64::from(self.plan.platform.priority),
                created_at: self.state.created_at(),
                run: self.run.clone(),
                wanted_at: wish.wanted_at,
                task: wish.task.clone(),
            };
            self.shared.locks.request(turn, &wish.claims, &sizes, &self.locked)
        });
        let answer = LockAnswer { task: wish.task, found, round: wish.round };
        self.step(&Input::Lock { answer: Box::new(answer) });
    }

    /// Refuses a lock of another namespace where they are apart. Errors: why, and what to do.
    fn may_lock(&self, claim: &LockClaim) -> Result<(), (String, String)> {
        let own = self.state.namespace();
        let is_own = claim.name.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'));
        if is_own || !self.shared.are_namespaces_apart {
            return Ok(());
        }
        let message =
            format!("lock `{}` is of another namespace, and runs of `{own}` hold their own", claim.name);
        Err((message, "leave the namespace out of the lock, or submit the run in that one".to_owned()))
    }

    /// Has the tasks begin that were granted their locks in the meantime.
    pub(crate) fn take_locks(&mut self) {
        for task in self.shared.locks.granted(&self.run) {
            if self.state.awaits_locks(&task) {
                let answer = LockAnswer { task, found: LockFound::Acquired, round: self.state.round() };
                self.step(&Input::Lock { answer: Box::new(answer) });
            }
        }
    }

    /// Gives back the locks of tasks that have ended, once that is recorded. Of a run that is called off or done
    /// again, all tasks are looked at, else those that changed.
    pub(crate) fn release_locks(&self, changed: BTreeSet<TaskKey>, is_whole: bool) {
        if !self.plan.has_locks() {
            return;
        }
        if is_whole {
            let holders = self.state.lock_holders().map(|(task, _)| task);
            self.shared.locks.keep(&self.run, &holders.chain(self.state.lock_waiters()).collect());
        } else {
            let is_over = |task: &TaskKey| !self.state.awaits_locks(task) && !self.state.holds_locks(task);
            self.shared.locks.release(&self.run, changed.into_iter().filter(is_over));
        }
    }
}

/// Says how many may hold a lock at once. Errors: what is wrong with the config map, and what to do.
async fn size_of(store: &Store, claim: &LockClaim) -> Result<usize, (String, String)> {
    let Some(LockSize { namespace, config_map, key }) = &claim.size else { return Ok(1) };
    let of_map = ObjectKey::core(namespace, CONFIG_MAP, config_map);
    let lock = &claim.name;
    let hint = format!(
        "pipewright config-map create {config_map} --from-literal {key}=1 --replace --namespace {namespace}"
    );
    let object = match store.get_object(&of_map).await {
        Ok(object) => object,
        Err(Error::NotFound { .. }) => {
            let message =
                format!("semaphore `{lock}`: there is no config map `{config_map}` in `{namespace}`");
            return Err((message, hint));
        }
        Err(error) => return Err((format!("semaphore `{lock}`: cannot read its config map: {error}"), hint)),
    };
    let Some(written) = object.document["data"].get(key) else {
        return Err((format!("semaphore `{lock}`: config map `{config_map}` has no key `{key}`"), hint));
    };
    let text = written.as_str().map(str::to_owned).unwrap_or_else(|| written.to_string());
    text.trim()
        .parse::<usize>()
        .ok()
        .filter(|size| *size > 0)
        .ok_or_else(|| (format!("semaphore `{lock}`: its size is not a number from 1"), hint))
}

/// Reads anew the sizes that a config map says; one that says nothing of use leaves them as they are.
pub(crate) async fn resize(locks: &LockBook, store: &Store, key: &ObjectKey) {
    if key.kind != CONFIG_MAP {
        return;
    }
    for size in locks.sized_by(&key.namespace, &key.name) {
        let name = format!("{}/{CONFIG_MAP}/{}/{}", size.namespace, size.config_map, size.key);
        let claim = LockClaim { name, size: Some(size) };
        if let Ok(size) = size_of(store, &claim).await {
            locks.resize(&claim.name, size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(run: &str, priority: i64, created: i64) -> Turn {
        Turn {
            reversed_priority: -priority,
            created_at: Timestamp(created),
            run: RunId(run.to_owned()),
            wanted_at: Timestamp(0),
            task: TaskKey::root(),
        }
    }

    fn claims(names: &[&str]) -> Vec<LockClaim> {
        names.iter().map(|name| LockClaim { name: (*name).to_owned(), size: None }).collect()
    }

    struct Locks(LockBook, Arc<Notify>);

    impl Locks {
        fn ask(&self, turn: Turn, names: &[&str], size: usize) -> bool {
            let claims = claims(names);
            let sizes = vec![size; claims.len()];
            self.0.request(turn, &claims, &sizes, &self.1) == LockFound::Acquired
        }

        fn has(&self, run: &str) -> bool {
            self.0.book().held.contains_key(&(RunId(run.to_owned()), TaskKey::root()))
        }

        fn end(&self, run: &str) {
            self.0.keep(&RunId(run.to_owned()), &BTreeSet::new());
        }
    }

    fn locks() -> Locks {
        Locks(LockBook::default(), Arc::new(Notify::new()))
    }

    #[test]
    fn priority_comes_first_then_age() {
        let locks = locks();
        assert!(locks.ask(turn("first", 0, 5), &["m"], 1));
        assert!(!locks.ask(turn("young", 0, 9), &["m"], 1));
        assert!(!locks.ask(turn("old", 0, 7), &["m"], 1));
        assert!(!locks.ask(turn("urgent", 3, 8), &["m"], 1));
        for (ended, next) in [("first", "urgent"), ("urgent", "old"), ("old", "young")] {
            assert!(!locks.has(next));
            locks.end(ended);
            assert!(locks.has(next), "{next} after {ended}");
        }
        locks.end("young");
        assert!(locks.0.book().locks.is_empty(), "nothing is kept of locks that nobody wants");
    }

    #[test]
    fn a_semaphore_has_several_holders_and_may_grow() {
        let locks = locks();
        assert!(locks.ask(turn("a", 0, 1), &["n/ConfigMap/c/k"], 2));
        assert!(locks.ask(turn("b", 0, 2), &["n/ConfigMap/c/k"], 2));
        let found = locks.0.request(turn("c", 0, 3), &claims(&["n/ConfigMap/c/k"]), &[2], &locks.1);
        let message = "Waiting for n/ConfigMap/c/k lock. Lock status: 0/2".to_owned();
        assert_eq!(found, LockFound::Waiting { lock: "n/ConfigMap/c/k".to_owned(), message });
        assert_eq!(locks.0.sized_by("n", "c").len(), 1);
        locks.0.resize("n/ConfigMap/c/k", 3);
        assert!(locks.has("c"));
    }

    #[test]
    fn all_locks_come_at_once_and_nobody_overtakes() {
        let locks = locks();
        assert!(locks.ask(turn("x", 0, 1), &["x"], 1));
        assert!(!locks.ask(turn("both", 0, 2), &["x", "y"], 1));
        // It would have both of them waited for in turns that never come.
        assert!(!locks.ask(turn("y", 0, 3), &["y"], 1));
        assert!(locks.ask(turn("z", 0, 4), &["z"], 1));
        locks.end("x");
        assert!(locks.has("both") && !locks.has("y"));
        locks.end("both");
        assert!(locks.has("y"));
    }

    #[test]
    fn nothing_is_granted_before_all_have_told_what_they_hold() {
        let locks = locks();
        let (first, second) = (RunId("first".to_owned()), RunId("second".to_owned()));
        locks.0.expect(&[first.clone(), second.clone()]);
        assert!(!locks.ask(turn("second", 0, 1), &["m"], 1));
        locks.0.told(&second);
        assert!(!locks.has("second"));
        let held = claims(&["m"]);
        locks.0.adopt(&first, [(&TaskKey::root(), held.as_slice())]);
        locks.0.told(&first);
        assert!(locks.has("first") && !locks.has("second"));
        // Its run is gone.
        locks.0.release_run(&first);
        assert!(locks.has("second"));
    }
}
