//! What logging in, `whoami` and the audit log take and answer with.

use std::collections::BTreeMap;

use pipewright_store::AuditEntry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::role::Role;
use crate::time::rfc3339;

/// Who calls, and how one can log in.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct WhoAmI {
    pub(crate) authenticated: bool,
    /// The server asks everybody who they are.
    pub(crate) required: bool,
    pub(crate) login: LoginWays,
    /// Runs and pipelines are apart by namespace.
    pub(crate) namespaces: bool,
    /// Absent until somebody is known, as all that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// `none` where nobody is asked, `session`, `token`, `jwt` or `header`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// By namespace; `*` stands for every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) roles: Option<BTreeMap<String, Role>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_admin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<String>,
}

/// How one can log in.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct LoginWays {
    pub(crate) password: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oidc: Option<ProviderView>,
}

/// An identity provider.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ProviderView {
    pub(crate) name: String,
    /// Where a browser goes to log in.
    pub(crate) url: String,
}

/// A user's name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// The newest entries of the audit log, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    pub(crate) entries: Vec<AuditEntryView>,
}

/// One request that changed something, or was refused to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct AuditEntryView {
    pub(crate) number: i64,
    pub(crate) at: String,
    pub(crate) user: String,
    /// How they were known: `session`, `token ci`.
    pub(crate) method: String,
    pub(crate) verb: String,
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) path: String,
    /// HTTP status of the answer.
    pub(crate) status: u16,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            number: entry.number,
            at: rfc3339(entry.at),
            user: entry.user,
            method: entry.method,
            verb: entry.verb,
            resource: entry.resource,
            namespace: entry.namespace,
            path: entry.path,
            status: entry.status,
        }
    }
}
