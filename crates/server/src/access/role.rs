//! Roles, and what each may do in a namespace.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Stands for every namespace.
pub const EVERYWHERE: &str = "*";

/// What somebody may do; each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything but changes nothing.
    Viewer,
    /// Makes, runs, changes and deletes.
    Editor,
    /// Sees as well who did what.
    Admin,
}

impl Role {
    /// Returns the word that files and messages use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "editor" => Ok(Self::Editor),
            "admin" => Ok(Self::Admin),
            other => Err(format!("`{other}` is no role; there are viewer, editor and admin")),
        }
    }
}

/// Roles by namespace; [`EVERYWHERE`] counts in each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(pub BTreeMap<String, Role>);

impl Grants {
    /// Grants one role in every namespace.
    pub fn everywhere(role: Role) -> Self {
        Self(BTreeMap::from([(EVERYWHERE.to_owned(), role)]))
    }

    /// Returns the role in a namespace, the greater of its own and that for every one.
    pub fn role_in(&self, namespace: &str) -> Option<Role> {
        self.0.get(namespace).copied().max(self.everywhere_role())
    }

    /// Returns the role that counts in every namespace.
    pub fn everywhere_role(&self) -> Option<Role> {
        self.0.get(EVERYWHERE).copied()
    }

    /// Returns the greatest role that there is anywhere.
    pub fn greatest_role(&self) -> Option<Role> {
        self.0.values().copied().max()
    }

    /// Returns whether nothing is granted anywhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds other grants; where both have one the greater role counts.
    pub fn add(&mut self, other: &Self) {
        for (namespace, role) in &other.0 {
            let known = self.0.entry(namespace.clone()).or_insert(*role);
            *known = (*known).max(*role);
        }
    }

    /// Returns what both grant: nobody gets more by a token than by themselves.
    pub fn limited_to(&self, limit: &Self) -> Self {
        let names = self.0.keys().chain(limit.0.keys());
        let both = names.filter_map(|name| {
            let role = self.role_in(name).min(limit.role_in(name))?;
            Some((name.clone(), role))
        });
        Self(both.collect())
    }
}

/// What is asked to be done, in the words of Kubeflow's access reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    List,
    Create,
    Update,
    Delete,
    Archive,
    Unarchive,
    Enable,
    Disable,
    Retry,
    Terminate,
    ReportMetrics,
    ReadArtifact,
    /// See who did what.
    Audit,
}

impl Verb {
    /// Returns the word of Kubeflow's access reviews.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Archive => "archive",
            Self::Unarchive => "unarchive",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Retry => "retry",
            Self::Terminate => "terminate",
            Self::ReportMetrics => "reportMetrics",
            Self::ReadArtifact => "readArtifact",
            Self::Audit => "audit",
        }
    }

    /// Returns the least role that may do it.
    pub fn role(self) -> Role {
        match self {
            Self::Get | Self::List | Self::ReadArtifact => Role::Viewer,
            Self::Audit => Role::Admin,
            _ => Role::Editor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(pairs: &[(&str, Role)]) -> Grants {
        Grants(pairs.iter().map(|(name, role)| ((*name).to_owned(), *role)).collect())
    }

    #[test]
    fn the_greater_role_counts() {
        use Role::{Admin, Editor, Viewer};
        let mut some = grants(&[("*", Viewer), ("a", Editor)]);
        assert_eq!([some.role_in("a"), some.role_in("b")], [Some(Editor), Some(Viewer)]);
        assert_eq!(grants(&[("a", Admin)]).role_in("b"), None);
        assert_eq!([some.greatest_role(), grants(&[]).greatest_role()], [Some(Editor), None]);
        assert_eq!(some.limited_to(&grants(&[("*", Admin)])), some);
        let limited = grants(&[("*", Editor)]).limited_to(&grants(&[("a", Admin), ("b", Viewer)]));
        assert_eq!(limited, grants(&[("a", Editor), ("b", Viewer)]));
        some.add(&grants(&[("*", Editor), ("a", Viewer)]));
        assert_eq!(some, grants(&[("*", Editor), ("a", Editor)]));
    }

    #[test]
    fn roles_are_words() {
        for role in [Role::Viewer, Role::Editor, Role::Admin] {
            assert_eq!(role.word().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().unwrap_err().contains("viewer, editor and admin"));
    }
}
