//! How a run's tasks are to be run goes with each request, and the image that an attempt runs in becomes a part of
//! what its result is found by.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod world;

use pipewright_engine::{ExecutorChoice, Input, Submit, TaskKey, launch};
use pipewright_plan::Value;
use serde_json::json;
use world::{World, plan};

fn world() -> World {
    let task: Value = json!({"component": "c", "caching": {"enabled": true}});
    World::new(plan(json!({"tasks": {"a": task}}), json!({"c": {}})))
}

#[test]
fn requests_carry_the_wish_of_their_run() {
    for executor in [None, Some(ExecutorChoice::Process), Some(ExecutorChoice::Container)] {
        let mut world = world();
        let submit = Submit { executor, pipeline_root: "/a".to_owned(), ..Submit::default() };
        // As it lies in the journal.
        let submit: Submit = serde_json::from_value(serde_json::to_value(submit).unwrap()).unwrap();
        world.input(&Input::Submit { submit: Box::new(submit) });
        let attempt = world.launched_attempts().remove(0);
        let order = launch(&world.plan, &world.state, &attempt).unwrap();
        assert_eq!(order.into_container().unwrap().executor, executor);
    }
    for choice in [ExecutorChoice::Auto, ExecutorChoice::Process, ExecutorChoice::Container] {
        assert_eq!(ExecutorChoice::of_word(choice.word()), Some(choice));
    }
    assert_eq!(ExecutorChoice::of_word("docker"), None);
}

/// An image that was not here when an earlier result was looked for is known with the start.
#[test]
fn a_first_pull_is_part_of_the_fingerprint() {
    let key = TaskKey::root().child("a");
    let fingerprint = |world: &World| world.state.task_view(&world.plan, &key).unwrap().fingerprint.unwrap();
    let mut world = world();
    world.submit(json!({}));
    let bare = (*fingerprint(&world)).clone();
    let attempt = world.launched_attempts().remove(0);
    world.observe_start_in(&attempt, Some("sha256:a"));
    assert_eq!(*fingerprint(&world), bare.clone().with_image("sha256:a"));
    // Whoever adopts it knows less, and tells it again.
    world.observe_start_in(&attempt, None);
    assert_eq!(*fingerprint(&world), bare.with_image("sha256:a"));
}
