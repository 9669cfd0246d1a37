//! Rights as RBAC gives them: what no rule allows is refused.

use serde::Deserialize;

use super::Recorded;

/// A rule of a `Role` or a `ClusterRole`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyRule {
    /// The groups; an empty text for core.
    pub api_groups: Vec<String>,
    /// The plural resources.
    pub resources: Vec<String>,
    /// The verbs.
    pub verbs: Vec<String>,
}

/// A rule, and where it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// What is allowed.
    pub rule: PolicyRule,
    /// Where: in a Role's namespace, or everywhere.
    pub namespace: Option<String>,
}

impl Right {
    /// Whether it allows the request. There are no wildcards: least rights have none.
    pub fn allows(&self, asked: &Recorded) -> bool {
        let PolicyRule { api_groups, resources, verbs } = &self.rule;
        api_groups.contains(&asked.group)
            && resources.contains(&asked.resource)
            && verbs.contains(&asked.verb)
            && (self.namespace.is_none() || self.namespace == asked.namespace)
    }
}
