//! `kill -9` in mid-writes: whatever was acknowledged is there, and the rows agree with the journal.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use pipewright_engine::{Event, RunId, TaskPhase};
use pipewright_store::{Durability, Store};

use crate::sample::{append, new_run, started, task};
use crate::sqlite::{Home, open};

const HOME: &str = "PIPEWRIGHT_STORE_CRASH_TEST";
const RUNS: usize = 4;

fn run_id(number: usize) -> RunId {
    RunId(format!("run-{number}"))
}

/// The process that is killed: writes for ever and prints `<run> <acknowledged events>`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the crash test, which kills it"]
async fn writes_until_killed() {
    let Ok(path) = std::env::var(HOME) else { return };
    let store = open(path.as_ref(), Durability::Grouped);
    let mut work = tokio::task::JoinSet::new();
    for number in 0..RUNS {
        work.spawn(write_for_ever(store.clone(), number));
    }
    while work.join_next().await.is_some() {}
}

async fn write_for_ever(store: Store, number: usize) {
    let run = run_id(number);
    if store.get_run(&run).await.is_err() {
        store.create_run(new_run(&run.0, 1)).await.unwrap();
    }
    let mut seq = store.journal(&run).await.unwrap().len() as u64;
    loop {
        let mut view = task(&run, "count", TaskPhase::Running);
        view.iteration_count = u32::try_from(seq + 2).ok();
        let events = vec![started(&view), started(&view)];
        seq = store.append(&append(&run, seq, events, vec![view])).await.unwrap();
        // One write call: a line is printed whole or not at all.
        std::io::stdout().write_all(format!("ack {number} {seq}\n").as_bytes()).unwrap();
    }
}

#[tokio::test]
async fn acknowledged_events_survive_kill_9() {
    let home = Home::new();
    let mut acknowledged = [0_u64; RUNS];
    for round in 0..8_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::writes_until_killed", "--ignored", "--nocapture"])
            .env(HOME, home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reader = std::thread::spawn(move || {
            lines.map_while(Result::ok).filter(|line| line.starts_with("ack ")).collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_millis(150 + 37 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in reader.join().unwrap() {
            let mut words = line.split(' ').skip(1).map(|word| word.parse::<u64>().unwrap());
            let (number, seq) = (words.next().unwrap() as usize, words.next().unwrap());
            acknowledged[number] = acknowledged[number].max(seq);
        }
        check(&home, &acknowledged).await;
    }
    assert!(acknowledged.iter().all(|&seq| seq > 0), "{acknowledged:?}");
}

async fn check(home: &Home, acknowledged: &[u64; RUNS]) {
    let store = home.store();
    for (number, &seq) in acknowledged.iter().enumerate() {
        let run = run_id(number);
        if seq == 0 && store.get_run(&run).await.is_err() {
            continue;
        }
        let journal = store.journal(&run).await.unwrap();
        assert!(journal.len() as u64 >= seq, "run {number}: {} of {seq} acknowledged", journal.len());
        assert!(journal.iter().all(|event| matches!(event, Event::TaskStarted { .. })));
        let counts: Vec<_> =
            store.tasks(&run).await.unwrap().iter().map(|task| task.iteration_count).collect();
        let expected: Vec<_> =
            (!journal.is_empty()).then(|| u32::try_from(journal.len()).ok()).into_iter().collect();
        assert_eq!(counts, expected, "the task's row agrees with the journal");
    }
    store.close().await;
}
