//! What a caller may do by the route that they asked for: for handlers, which alone learn from a request's query or
//! body in which namespace things are.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::identity::Identity;
use super::role::{Role, Verb};
use crate::app::Settings;
use crate::error::Error;

/// Which namespaces a request is about, as far as the gate can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// All at once, or the server as a whole.
    Everywhere,
    /// Some; which one is found out later, or does not matter.
    Somewhere,
    /// This one; the empty one is of what all share.
    In(String),
}

/// Asks in the name of a caller whether they may. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Permit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    is_multi_user: bool,
    has_shared_pipelines: bool,
    caller: Identity,
    verb: Verb,
    resource: &'static str,
    /// The namespace that was asked for first.
    settled: Mutex<Option<String>>,
}

impl Permit {
    pub(super) fn new(settings: &Settings, caller: Identity, (verb, resource): (Verb, &'static str)) -> Self {
        Self(Arc::new(Inner {
            is_multi_user: settings.multi_user,
            has_shared_pipelines: !settings.require_namespace_for_pipelines,
            caller,
            verb,
            resource,
            settled: Mutex::default(),
        }))
    }

    /// Tells whether things are apart by namespace on this server.
    pub(crate) fn is_multi_user(&self) -> bool {
        self.0.is_multi_user
    }

    /// Refuses unless the caller may do there what the route does; what is in no namespace is shared by all.
    ///
    /// Errors: `Denied`.
    pub(crate) fn check(&self, namespace: &str) -> Result<(), Error> {
        self.settle(namespace);
        self.check_as((self.0.verb, self.0.resource), namespace)
    }

    /// Refuses unless the caller may do something else there.
    ///
    /// Errors: `Denied`.
    pub(crate) fn check_as(&self, what: (Verb, &'static str), namespace: &str) -> Result<(), Error> {
        if !self.0.is_multi_user {
            return Ok(());
        }
        match refusal(&self.0.caller, what, &Scope::In(namespace.to_owned())) {
            None => Ok(()),
            Some(message) => Err(Error::Denied(message)),
        }
    }

    /// Tells whether the caller may do there what the route does.
    pub(crate) fn allows(&self, namespace: &str) -> bool {
        self.check_as((self.0.verb, self.0.resource), namespace).is_ok()
    }

    /// Returns the namespace that is named for something that has to be in one; none where there are no users.
    ///
    /// Errors: `Invalid` when none is named, `Denied`.
    pub(crate) fn within(&self, what: &str, named: Option<String>) -> Result<Option<String>, Error> {
        if !self.0.is_multi_user {
            return Ok(None);
        }
        let Some(namespace) = named.filter(|name| !name.is_empty()) else {
            return Err(Error::Invalid(format!(
                "{what} cannot have an empty namespace in multi-user mode; name the namespace"
            )));
        };
        self.check(&namespace)?;
        Ok(Some(namespace))
    }

    /// Returns the namespace that is named for a pipeline, the empty one for what all share; none where there are no
    /// users.
    ///
    /// Errors: `Invalid` when none is named and no pipelines are shared, `Denied`.
    pub(crate) fn shared_or_within(&self, named: Option<String>) -> Result<Option<String>, Error> {
        if !self.0.is_multi_user {
            return Ok(None);
        }
        let namespace = named.unwrap_or_default();
        if namespace.is_empty() && !self.0.has_shared_pipelines {
            return Err(Error::Invalid("Namespace is required for pipeline operations".to_owned()));
        }
        self.check(&namespace)?;
        Ok(Some(namespace))
    }

    /// Notes that the handler leaves out by itself what the caller may not see.
    pub(crate) fn settle(&self, namespace: &str) {
        let mut settled = self.0.settled.lock().unwrap_or_else(PoisonError::into_inner);
        settled.get_or_insert_with(|| namespace.to_owned());
    }

    /// Returns the namespace that was asked for, if any was.
    pub(super) fn settled(&self) -> Option<String> {
        self.0.settled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Permit {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let found = parts.extensions.get::<Self>().cloned();
        found.ok_or_else(|| Error::Denied("nothing is permitted by this route".to_owned()))
    }
}

/// Says why somebody may not; nothing when they may.
pub(super) fn refusal(
    caller: &Identity,
    (verb, resource): (Verb, &'static str),
    scope: &Scope,
) -> Option<String> {
    let grants = &caller.grants;
    let (role, place) = match scope {
        Scope::Everywhere => (grants.everywhere_role(), "in all namespaces".to_owned()),
        Scope::Somewhere => (grants.greatest_role(), "in any namespace".to_owned()),
        // Whoever has a role sees what is shared.
        Scope::In(namespace) if namespace.is_empty() && verb.role() == Role::Viewer => {
            (grants.greatest_role(), "in any namespace".to_owned())
        }
        Scope::In(namespace) if namespace.is_empty() => {
            (grants.everywhere_role(), "that all namespaces share".to_owned())
        }
        Scope::In(namespace) => (grants.role_in(namespace), format!("in namespace `{namespace}`")),
    };
    let needed = verb.role();
    if role >= Some(needed) {
        return None;
    }
    let (user, verb) = (&caller.user, verb.word());
    let role = role.map_or("no role".to_owned(), |role| format!("the role {role}"));
    Some(format!(
        "`{user}` may not {verb} {resource} {place}: that needs the role {needed}, and `{user}` has {role} there"
    ))
}
