//! Fair share of the machine: which attempt may start now, and on which GPUs.
//!
//! Each run asks for one attempt at a time, so waiting runs take turns whatever their sizes. A request that
//! fits is granted ahead of an older one that does not, a bounded number of times; then the older one is
//! waited for. What is asked beyond the whole machine is granted when nothing else runs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pipewright_engine::{AttemptId, ResolvedResources, RunId};
use tokio::sync::Notify;

/// How often a waiting request may be overtaken by smaller ones.
const OVERTAKINGS: u32 = 64;

/// What may be in use at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Thousandths of a CPU.
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    /// Counted for an attempt that asks for no CPU, in thousandths.
    pub default_cpu_millis: u64,
    /// Attempts at once, whatever they ask for.
    pub attempts: usize,
    /// Names of the machine's GPUs; each is one attempt's at a time.
    pub gpus: Vec<String>,
}

/// CPUs, in thousandths, memory, and how many GPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    pub gpus: usize,
}

/// How full the machine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    pub capacity: Capacity,
    pub free: Need,
    /// Attempts that hold something.
    pub running: usize,
    /// Attempts that wait; of each run one at most asks at a time.
    pub waiting: usize,
}

/// Where an attempt stands that waits for room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    pub needs: Need,
    /// From 1.
    pub position: usize,
    pub load: Load,
}

/// What an attempt holds.
struct Held {
    need: Need,
    gpus: Vec<String>,
}

struct Waiter {
    attempt: AttemptId,
    need: Need,
    overtaken: u32,
    wake: Arc<Notify>,
}

struct Book {
    free: Need,
    free_gpus: Vec<String>,
    running: BTreeMap<AttemptId, Held>,
    waiting: VecDeque<Waiter>,
    granted: BTreeSet<AttemptId>,
}

pub(crate) struct Admission {
    capacity: Capacity,
    book: Mutex<Book>,
}

impl Admission {
    pub(crate) fn new(capacity: Capacity) -> Self {
        let free = Need {
            cpu_millis: capacity.cpu_millis,
            memory_bytes: capacity.memory_bytes,
            gpus: capacity.gpus.len(),
        };
        let book = Book {
            free,
            free_gpus: capacity.gpus.clone(),
            running: BTreeMap::new(),
            waiting: VecDeque::new(),
            granted: BTreeSet::new(),
        };
        Self { capacity, book: Mutex::new(book) }
    }

    /// Grants the attempt now and returns true, or queues it; `wake` is notified when it is granted later.
    pub(crate) fn request(
        &self,
        attempt: &AttemptId,
        resources: &ResolvedResources,
        wake: &Arc<Notify>,
    ) -> bool {
        let need = self.need(resources);
        let mut book = self.book();
        if book.granted.remove(attempt) || book.running.contains_key(attempt) {
            return true;
        }
        if book.waiting.iter().any(|waiter| waiter.attempt == *attempt) {
            return false;
        }
        let overtakes = book.waiting.iter().any(|waiter| waiter.overtaken >= OVERTAKINGS);
        if !overtakes && self.fits(&book, need) {
            for waiter in &mut book.waiting {
                waiter.overtaken += 1;
            }
            take(&mut book, attempt.clone(), need);
            return true;
        }
        let wake = wake.clone();
        book.waiting.push_back(Waiter { attempt: attempt.clone(), need, overtaken: 0, wake });
        false
    }

    /// Counts an attempt that runs already, with the GPUs that it has, even beyond capacity.
    pub(crate) fn adopt(&self, attempt: &AttemptId, resources: &ResolvedResources, gpus: &[String]) {
        let need = self.need(resources);
        let mut book = self.book();
        if !book.running.contains_key(attempt) {
            // Others may have lost it meanwhile: then it is not free, whoever has it.
            book.free_gpus.sort_by_key(|gpu| !gpus.contains(gpu));
            take(&mut book, attempt.clone(), need);
            if let Some(held) = book.running.get_mut(attempt) {
                held.gpus.retain(|gpu| gpus.is_empty() || gpus.contains(gpu));
            }
        }
    }

    /// Names the machine's GPUs.
    pub(crate) fn gpus(&self) -> &[String] {
        &self.capacity.gpus
    }

    /// Names the GPUs that an attempt was granted.
    pub(crate) fn gpus_of(&self, attempt: &AttemptId) -> Vec<String> {
        self.book().running.get(attempt).map(|held| held.gpus.clone()).unwrap_or_default()
    }

    /// Gives back what the attempt held or waits for, and grants to others what fits now.
    pub(crate) fn release(&self, attempt: &AttemptId) {
        let mut book = self.book();
        book.granted.remove(attempt);
        book.waiting.retain(|waiter| waiter.attempt != *attempt);
        if let Some(Held { need, gpus }) = book.running.remove(attempt) {
            book.free.cpu_millis += need.cpu_millis;
            book.free.memory_bytes += need.memory_bytes;
            book.free_gpus.extend(gpus);
            // The same GPUs first, so that few are in use at all.
            let place = |gpu: &String| self.capacity.gpus.iter().position(|known| known == gpu);
            book.free_gpus.sort_by_key(place);
        }
        self.grant(&mut book);
    }

    /// Gives back everything a run holds or waits for.
    pub(crate) fn release_run(&self, run: &RunId) {
        let held: Vec<AttemptId> = {
            let book = self.book();
            let waiting = book.waiting.iter().map(|waiter| &waiter.attempt);
            waiting.chain(book.running.keys()).filter(|attempt| attempt.run == *run).cloned().collect()
        };
        for attempt in held {
            self.release(&attempt);
        }
    }

    /// Tells how full the machine is.
    pub(crate) fn load(&self) -> Load {
        self.load_of(&self.book())
    }

    /// Tells where an attempt stands; nothing for one that asks for no room just now.
    pub(crate) fn queued(&self, attempt: &AttemptId) -> Option<Queued> {
        let book = self.book();
        let at = book.waiting.iter().position(|waiter| waiter.attempt == *attempt)?;
        Some(Queued { needs: book.waiting[at].need, position: at + 1, load: self.load_of(&book) })
    }

    fn load_of(&self, book: &Book) -> Load {
        Load {
            capacity: self.capacity.clone(),
            free: Need { gpus: book.free_gpus.len(), ..book.free },
            running: book.running.len(),
            waiting: book.waiting.len(),
        }
    }

    fn grant(&self, book: &mut Book) {
        let mut index = 0;
        while index < book.waiting.len() {
            if self.fits(book, book.waiting[index].need) {
                let Some(waiter) = book.waiting.remove(index) else { return };
                for earlier in book.waiting.iter_mut().take(index) {
                    earlier.overtaken += 1;
                }
                take(book, waiter.attempt.clone(), waiter.need);
                book.granted.insert(waiter.attempt);
                waiter.wake.notify_one();
            } else if book.waiting[index].overtaken >= OVERTAKINGS {
                return;
            } else {
                index += 1;
            }
        }
    }

    fn fits(&self, book: &Book, need: Need) -> bool {
        let room = book.running.len() < self.capacity.attempts.max(1);
        let fits = need.cpu_millis <= book.free.cpu_millis && need.memory_bytes <= book.free.memory_bytes;
        room && need.gpus <= book.free_gpus.len() && (fits || book.running.is_empty())
    }

    fn need(&self, resources: &ResolvedResources) -> Need {
        let cpu = resources.cpu_request_millis.unwrap_or(self.capacity.default_cpu_millis);
        let memory = resources.memory_request_bytes.unwrap_or(0);
        Need {
            cpu_millis: cpu.min(self.capacity.cpu_millis),
            memory_bytes: memory.min(self.capacity.memory_bytes),
            gpus: resources.accelerator.as_ref().map_or(0, |(_, count)| *count as usize),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(book: &mut Book, attempt: AttemptId, need: Need) {
    book.free.cpu_millis = book.free.cpu_millis.saturating_sub(need.cpu_millis);
    book.free.memory_bytes = book.free.memory_bytes.saturating_sub(need.memory_bytes);
    let gpus = book.free_gpus.drain(..need.gpus.min(book.free_gpus.len())).collect();
    book.running.insert(attempt, Held { need, gpus });
}

#[cfg(test)]
mod tests {
    use pipewright_engine::TaskKey;

    use super::*;

    fn attempt(run: &str, task: &str) -> AttemptId {
        AttemptId { run: RunId(run.to_owned()), task: TaskKey(task.to_owned()), number: 0 }
    }

    fn cpu(millis: u64) -> ResolvedResources {
        ResolvedResources { cpu_request_millis: Some(millis), ..ResolvedResources::default() }
    }

    fn two_cpus() -> Admission {
        Admission::new(Capacity {
            cpu_millis: 2000,
            memory_bytes: 1000,
            default_cpu_millis: 500,
            attempts: 100,
            gpus: vec!["0".to_owned(), "1".to_owned(), "2".to_owned()],
        })
    }

    #[test]
    fn waits_until_something_is_released() {
        let (admission, wake) = (two_cpus(), Arc::new(Notify::new()));
        assert!(admission.request(&attempt("a", "1"), &cpu(1500), &wake));
        assert!(!admission.request(&attempt("a", "2"), &cpu(1500), &wake));
        let queued = admission.queued(&attempt("a", "2")).unwrap();
        assert_eq!((queued.position, queued.needs.cpu_millis, queued.load.free.cpu_millis), (1, 1500, 500));
        assert_eq!((queued.load.running, queued.load.waiting), (1, 1));
        assert_eq!(admission.queued(&attempt("a", "1")), None);
        admission.release(&attempt("a", "1"));
        assert!(admission.request(&attempt("a", "2"), &cpu(1500), &wake));
    }

    #[test]
    fn grants_more_than_the_machine_only_alone() {
        let (admission, wake) = (two_cpus(), Arc::new(Notify::new()));
        assert!(admission.request(&attempt("a", "small"), &cpu(1), &wake));
        assert!(!admission.request(&attempt("a", "huge"), &cpu(64_000), &wake));
        admission.release(&attempt("a", "small"));
        assert!(admission.request(&attempt("a", "huge"), &cpu(64_000), &wake));
        assert!(!admission.request(&attempt("b", "small"), &cpu(1), &wake));
        admission.release(&attempt("a", "huge"));
        assert!(admission.request(&attempt("b", "small"), &cpu(1), &wake));
        admission.release(&attempt("b", "small"));
        assert_eq!(admission.book().free, Need { cpu_millis: 2000, memory_bytes: 1000, gpus: 3 });
    }

    #[test]
    fn a_large_request_is_not_overtaken_for_ever() {
        let (admission, wake) = (two_cpus(), Arc::new(Notify::new()));
        let mut running = attempt("small", "first");
        assert!(admission.request(&running, &cpu(1000), &wake));
        assert!(!admission.request(&attempt("large", "x"), &cpu(2000), &wake));
        let mut overtakings = 0;
        for round in 0..1000 {
            let next = attempt("small", &format!("t{round}"));
            if !admission.request(&next, &cpu(1000), &wake) {
                break;
            }
            overtakings += 1;
            admission.release(&running);
            running = next;
        }
        assert_eq!(overtakings, OVERTAKINGS);
        admission.release(&running);
        assert!(admission.request(&attempt("large", "x"), &cpu(2000), &wake));
    }

    #[test]
    fn a_finished_run_gives_everything_back() {
        let (admission, wake) = (two_cpus(), Arc::new(Notify::new()));
        assert!(admission.request(&attempt("a", "1"), &cpu(2000), &wake));
        assert!(!admission.request(&attempt("a", "2"), &cpu(2000), &wake));
        assert!(!admission.request(&attempt("b", "1"), &cpu(2000), &wake));
        admission.release_run(&RunId("a".to_owned()));
        assert!(admission.request(&attempt("b", "1"), &cpu(2000), &wake));
    }
    #[test]
    fn every_gpu_is_one_attempts_at_a_time() {
        let gpus = |count| ResolvedResources {
            cpu_request_millis: Some(1),
            accelerator: Some(("nvidia.com/gpu".to_owned(), count)),
            ..ResolvedResources::default()
        };
        let (admission, wake) = (two_cpus(), Arc::new(Notify::new()));
        // One that ran before a restart keeps what it has.
        admission.adopt(&attempt("a", "old"), &gpus(1), &["1".to_owned()]);
        assert_eq!(admission.gpus_of(&attempt("a", "old")), ["1"]);
        assert!(admission.request(&attempt("a", "new"), &gpus(1), &wake));
        assert_eq!(admission.gpus_of(&attempt("a", "new")), ["0"]);
        assert!(!admission.request(&attempt("b", "two"), &gpus(2), &wake));
        assert!(admission.request(&attempt("b", "none"), &cpu(1), &wake));
        assert_eq!(admission.gpus_of(&attempt("b", "none")), Vec::<String>::new());
        admission.release(&attempt("a", "new"));
        assert!(admission.request(&attempt("b", "two"), &gpus(2), &wake));
        assert_eq!(admission.gpus_of(&attempt("b", "two")), ["0", "2"]);
        admission.release(&attempt("a", "old"));
        admission.release(&attempt("b", "two"));
        assert!(admission.request(&attempt("c", "all"), &gpus(3), &wake));
        assert_eq!(admission.gpus_of(&attempt("c", "all")), ["0", "1", "2"]);
    }
}
