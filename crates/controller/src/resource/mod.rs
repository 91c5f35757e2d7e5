//! Carries out calls to the object registry and tells how they ended, like an executor does for commands.
//!
//! What a call changes it changes once for each attempt, so a call that is repeated after a crash finds what it
//! did before. Secrets show no values in outputs: those become part of the run's journal.

mod condition;
mod path;

use std::sync::Arc;
use std::time::Duration;

use pipewright_engine::{AttemptEnd, Failure, FailureReason, Observation, Observed, ResourceCall};
use pipewright_plan::{Published, ResourceAction, Usage, Value, parse_output_text};
use pipewright_store::{Error, Object, ObjectAuthor, ObjectKey, ObjectWrite, Store, parse_manifests};

use crate::run_actor::Shared;

const PLACE: &str = "object registry";
/// How often a condition is looked at, and how long at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Carries a call out; gives up without an answer when the controller stops.
pub(crate) async fn perform(shared: Arc<Shared>, call: ResourceCall) {
    let stop = shared.stop.clone();
    let work = async {
        tell(&shared, &call, Observed::Started { place: PLACE.to_owned(), image: None }).await;
        let end = answer(&shared, &call).await;
        tell(&shared, &call, Observed::Ended { end: Box::new(end) }).await;
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn tell(shared: &Shared, call: &ResourceCall, observed: Observed) {
    let observation = Observation { attempt: call.attempt.clone(), at: shared.clock.now(), observed };
    // A closed channel means that nobody is interested any more.
    let _ = shared.answers.send(observation).await;
}

/// Why a call failed.
struct Refusal {
    reason: FailureReason,
    message: String,
    hint: Option<String>,
}

impl Refusal {
    /// The call itself is wrong, so repeating it is no use.
    fn wrong(message: String) -> Self {
        Self { reason: FailureReason::Refused, message, hint: None }
    }
}

/// Tries as long as the store is unavailable (its disk is full, say).
async fn answer(shared: &Shared, call: &ResourceCall) -> AttemptEnd {
    let mut pause = FIRST_PAUSE;
    loop {
        match act(shared, call).await {
            Ok(Ok(published)) => return AttemptEnd::Succeeded { published, usage: Usage::default() },
            Ok(Err(refusal)) => {
                let Refusal { reason, message, hint } = refusal;
                let failure = Failure { reason, message, hint, exit_code: None };
                return AttemptEnd::Failed { failure, usage: Usage::default(), published: None };
            }
            Err(error) => {
                tracing::error!(%error, attempt = %call.attempt, "cannot change objects; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Returns the outputs or a refusal; an error means that trying again may help.
async fn act(shared: &Shared, call: &ResourceCall) -> Result<Result<Published, Refusal>, Error> {
    let store = &shared.store;
    let manifest = match manifest_of(&call.manifest) {
        Ok(manifest) => manifest,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if shared.are_namespaces_apart
        && let Err(refusal) = within_own(call, &manifest)
    {
        return Ok(Err(refusal));
    }
    let owner = call.owned_by_run.then(|| call.attempt.run.clone());
    let author = ObjectAuthor { attempt: Some(call.attempt.clone()), owner };
    let done = change(store, call, manifest.clone(), &author).await;
    let object = match done {
        Ok(object) => object,
        Err(Error::Unavailable(cause)) => return Err(Error::Unavailable(cause)),
        Err(error) => return Ok(Err(refusal(call, &manifest, error))),
    };
    let object = match wait(store, call, object).await {
        Ok(object) => object,
        Err(refusal) => return Ok(Err(refusal)),
    };
    Ok(outputs(call, object.as_ref()))
}

/// Refuses an object of another namespace than the run's: whoever submitted the run need not have a role there.
fn within_own(call: &ResourceCall, manifest: &Value) -> Result<(), Refusal> {
    // What is no object at all is told by the call itself.
    match ObjectKey::of(&call.namespace, manifest) {
        Ok(key) if key.namespace != call.namespace => Err(Refusal {
            reason: FailureReason::ExitCode,
            message: format!(
                "Forbidden: {} is in namespace `{}`, and runs of `{}` act on objects of their own",
                key.in_words(),
                key.namespace,
                call.namespace
            ),
            hint: Some("leave the namespace out of the manifest, or submit the run in that one".to_owned()),
        }),
        _ => Ok(()),
    }
}

fn manifest_of(manifest: &Value) -> Result<Value, Refusal> {
    let Value::String(text) = manifest else { return Ok(manifest.clone()) };
    let mut all = parse_manifests(text).map_err(|error| Refusal::wrong(error.to_string()))?;
    match (all.pop(), all.is_empty()) {
        (Some(manifest), true) => Ok(manifest),
        (None, _) => Err(Refusal::wrong("the manifest is empty".to_owned())),
        (Some(_), false) => Err(Refusal::wrong("the manifest holds more than one object".to_owned())),
    }
}

/// Returns the object afterwards; none when it was deleted.
async fn change(
    store: &Store,
    call: &ResourceCall,
    manifest: Value,
    author: &ObjectAuthor,
) -> Result<Option<Object>, Error> {
    let how = match call.action {
        ResourceAction::Create => ObjectWrite::Create,
        ResourceAction::Apply => ObjectWrite::Apply,
        ResourceAction::Replace => ObjectWrite::Replace,
        ResourceAction::Patch => match call.merge_strategy.as_deref() {
            None | Some("" | "strategic" | "merge") => ObjectWrite::Merge,
            Some(other) => {
                return Err(Error::Invalid(format!(
                    "merge strategy `{other}` is not available here; there are `strategic` and `merge`"
                )));
            }
        },
        ResourceAction::Get => {
            return store.get_object(&ObjectKey::of(&call.namespace, &manifest)?).await.map(Some);
        }
        ResourceAction::Delete => {
            let key = ObjectKey::of(&call.namespace, &manifest)?;
            let may_miss = call
                .flags
                .iter()
                .any(|flag| flag == "--ignore-not-found" || flag == "--ignore-not-found=true");
            return match store.delete_object(&key, author).await {
                Err(Error::NotFound { .. }) if may_miss => Ok(None),
                other => other.map(|()| None),
            };
        }
    };
    store.write_object(&call.namespace, manifest, how, author).await.map(Some)
}

/// Says what went wrong in the words of Kubernetes.
fn refusal(call: &ResourceCall, manifest: &Value, error: Error) -> Refusal {
    let key = ObjectKey::of(&call.namespace, manifest);
    let words = key.as_ref().map_or_else(|_| "the object".to_owned(), ObjectKey::in_words);
    let lists = key.as_ref().map_or_else(
        |_| "pipewright object list".to_owned(),
        |key| format!("pipewright object list {} --namespace {}", key.kind, key.namespace),
    );
    // What the registry answers is the command's own failure, as `kubectl` would leave with a code.
    let reason = FailureReason::ExitCode;
    match error {
        Error::Exists { .. } => Refusal {
            reason,
            message: format!("AlreadyExists: {words} already exists"),
            hint: Some(format!("choose another name, or delete it first; {lists} shows what is there")),
        },
        Error::NotFound { id, .. } => {
            let is_other = key.as_ref().is_ok_and(|key| !id.contains(&key.name));
            let words = if is_other { id } else { words };
            Refusal {
                reason,
                message: format!("NotFound: {words} not found"),
                hint: Some(format!("{lists} shows what is there")),
            }
        }
        Error::Invalid(message) => Refusal { reason, message: format!("Invalid: {message}"), hint: None },
        other => Refusal { reason: FailureReason::NotStarted, message: other.to_string(), hint: None },
    }
}

/// Waits until the conditions decide. Nobody here runs what other kinds of object describe, so the wait has an
/// end.
async fn wait(store: &Store, call: &ResourceCall, object: Option<Object>) -> Result<Option<Object>, Refusal> {
    let (Some(mut object), true) =
        (object.clone(), call.success_condition.is_some() || call.failure_condition.is_some())
    else {
        return Ok(object);
    };
    let judge = |condition: &Option<String>, object: &Object, otherwise: bool| match condition {
        Some(condition) => condition::holds(condition, &object.document).map_err(Refusal::wrong),
        None => Ok(otherwise),
    };
    let mut waited = Duration::ZERO;
    loop {
        if judge(&call.failure_condition, &object, false)? {
            let condition = call.failure_condition.as_deref().unwrap_or_default();
            return Err(Refusal {
                reason: FailureReason::ExitCode,
                message: format!("{} fulfils the failure condition `{condition}`", object.key.in_words()),
                hint: None,
            });
        }
        // Without a success condition an object that has not failed at first is fine.
        if judge(&call.success_condition, &object, true)? {
            return Ok(Some(object));
        }
        if waited >= PATIENCE {
            let condition = call.success_condition.as_deref().unwrap_or_default();
            return Err(Refusal {
                reason: FailureReason::TimedOut,
                message: format!(
                    "{} did not fulfil `{condition}` within {} s: no controller for {} runs here, so nothing \
                     changes its status",
                    object.key.in_words(),
                    PATIENCE.as_secs(),
                    object.key.kind
                ),
                hint: Some(
                    "change the object by `pipewright object apply`, or drop the condition".to_owned(),
                ),
            });
        }
        tokio::time::sleep(LOOK_EVERY).await;
        waited += LOOK_EVERY;
        match store.get_object(&object.key).await {
            Ok(found) => object = found,
            Err(Error::Unavailable(_)) => {}
            Err(error) => return Err(refusal(call, &object.document, error)),
        }
    }
}

fn outputs(call: &ResourceCall, object: Option<&Object>) -> Result<Published, Refusal> {
    let shown = object.map_or(Value::Null, Object::shown);
    let mut published = Published::default();
    for (name, asked) in &call.outputs {
        let text = match object {
            Some(_) => path::output(&shown, asked).map_err(Refusal::wrong)?,
            None => String::new(),
        };
        let value = match call.output_parameters.get(name) {
            Some(kind) => parse_output_text(*kind, &text).map_err(|why| Refusal {
                reason: FailureReason::Output,
                message: format!("output `{name}` has no usable value: {why}"),
                hint: None,
            })?,
            None => Value::from(text),
        };
        published.parameters.insert(name.clone(), value);
    }
    Ok(published)
}
