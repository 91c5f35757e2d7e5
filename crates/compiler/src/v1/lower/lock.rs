//! `synchronization`: the locks of a template and of the workflow.
//!
//! Source: v1 semantics 4. Locks that lie in a database of Argo's own are refused.

use pipewright_plan::{Lock, LockKind, Text, Value};

use super::bind::run_text;
use super::source::{Source, unsupported};
use super::text::Interface;
use crate::decode::{self, Context, Spanned};
use crate::v1::workflow::{MutexSpec, SemaphoreSpec, Synchronization};
use crate::yaml::Span;

/// What to write instead of a lock in a database.
const IN_A_MAP: &str = "use `configMapKeyRef`, or a mutex";

/// Lowers the locks of a template.
pub(super) fn lower(interface: &Interface<'_, '_>, cx: &mut Context) -> Vec<Lock> {
    let Some(spec) = &interface.template.synchronization else { return Vec::new() };
    cx.within("synchronization", |cx| all(spec, cx, &mut |text, cx| interface.text(text, cx)))
}

/// Lowers the locks of the workflow.
pub(super) fn of_run(source: &Source<'_>, cx: &mut Context) -> Vec<Lock> {
    let Some(spec) = &source.spec.synchronization else { return Vec::new() };
    cx.within("synchronization", |cx| all(spec, cx, &mut |text, cx| run_text(source, text, cx)))
}

/// Reads who gets locks first; more is earlier.
pub(super) fn priority(written: Option<&Spanned<Value>>, cx: &mut Context) -> i32 {
    let Some(written) = written else { return 0 };
    let number = written.value.as_i64().and_then(|number| i32::try_from(number).ok());
    if number.is_none() {
        cx.within("priority", |cx| {
            cx.error("wrong-type", written.span, "the priority is no whole number");
        });
    }
    number.unwrap_or_default()
}

type Read<'r> = dyn FnMut(&decode::Text, &mut Context) -> Text + 'r;

fn all(spec: &Synchronization, cx: &mut Context, read: &mut Read<'_>) -> Vec<Lock> {
    let mut locks = Vec::new();
    if let Some(mutex) = &spec.mutex {
        locks.extend(cx.within("mutex", |cx| one_mutex(mutex, cx, read)));
    }
    cx.within("mutexes", |cx| {
        for (index, mutex) in spec.mutexes.iter().enumerate() {
            locks.extend(cx.within(format!("[{index}]"), |cx| one_mutex(mutex, cx, read)));
        }
    });
    if let Some(semaphore) = &spec.semaphore {
        locks.extend(cx.within("semaphore", |cx| one_semaphore(semaphore, cx, read)));
    }
    cx.within("semaphores", |cx| {
        for (index, semaphore) in spec.semaphores.iter().enumerate() {
            locks.extend(cx.within(format!("[{index}]"), |cx| one_semaphore(semaphore, cx, read)));
        }
    });
    locks
}

fn one_mutex(spec: &MutexSpec, cx: &mut Context, read: &mut Read<'_>) -> Option<Lock> {
    if let Some(database) = spec.database.as_ref().filter(|database| database.value) {
        unsupported(cx, "database", database.span, "leave it out: every mutex counts for the whole server");
        return None;
    }
    let name = text("name", spec.name.as_ref(), (spec.span, cx), read)?;
    let namespace = namespace(spec.namespace.as_ref(), cx, read);
    Some(Lock { namespace, kind: LockKind::Mutex { name } })
}

fn one_semaphore(spec: &SemaphoreSpec, cx: &mut Context, read: &mut Read<'_>) -> Option<Lock> {
    if let Some(database) = &spec.database {
        unsupported(cx, "database", database.span, IN_A_MAP);
        return None;
    }
    let Some(map) = &spec.config_map_key_ref else {
        cx.error("missing-field", spec.span, "the semaphore does not say where its size is")
            .hint("set `configMapKeyRef`");
        return None;
    };
    let namespace = namespace(spec.namespace.as_ref(), cx, read);
    cx.within("configMapKeyRef", |cx| {
        let config_map = text("name", map.name.as_ref(), (map.span, cx), read)?;
        let key = text("key", map.key.as_ref(), (map.span, cx), read)?;
        Some(Lock { namespace, kind: LockKind::Semaphore { config_map, key } })
    })
}

fn namespace(written: Option<&decode::Text>, cx: &mut Context, read: &mut Read<'_>) -> Option<Text> {
    let written = written.filter(|written| !written.value.is_empty())?;
    Some(cx.within("namespace", |cx| read(written, cx)))
}

fn text(
    field: &'static str,
    written: Option<&decode::Text>,
    (span, cx): (Span, &mut Context),
    read: &mut Read<'_>,
) -> Option<Text> {
    let Some(written) = written.filter(|written| !written.value.is_empty()) else {
        cx.error("missing-field", span, format!("the field `{field}` is missing"));
        return None;
    };
    Some(cx.within(field, |cx| read(written, cx)))
}
