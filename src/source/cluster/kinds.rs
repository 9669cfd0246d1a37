//! Kinds that nobody here knows, as the API server knows them: found as kubectl finds them, by
//! plural, singular, kind or short name.

use futures::future;

use super::Cluster;
use super::ask::{Ask, Resource};
use super::transport::Transport;
use crate::error::ApiFault;
use crate::near;
use crate::source::wire::{Resources, Root, Served};
use crate::workload::Kind;

/// The two roots of the API.
const ROOTS: [&str; 2] = ["/api", "/apis"];

impl Cluster {
    /// All kinds that the server serves, in its order of preference. They are asked for once.
    async fn kinds(&self) -> Result<&[Served], ApiFault> {
        self.kinds.get_or_try_init(|| self.transport.kinds()).await.map(Vec::as_slice)
    }

    /// The kind that was typed. None for a kind that is known here, and for one that the server does
    /// not serve.
    pub(super) async fn served(&self, kind: &Kind) -> Result<Option<&Served>, ApiFault> {
        let Kind::Other { word, group } = kind else { return Ok(None) };
        Ok(find(self.kinds().await?, word, group.as_deref()))
    }

    /// The error for a kind that the server does not serve, with what it does.
    pub(super) async fn no_such_kind(&self, kind: &Kind) -> ApiFault {
        let typed = match kind {
            Kind::Other { word, group: Some(group) } => format!("{word}.{group}"),
            Kind::Other { word, group: None } => word.clone(),
            known => known.object().map_or("", |(_, kind)| kind).to_owned(),
        };
        let word = typed.split('.').next().unwrap_or_default();
        let kinds = self.kinds().await.unwrap_or_default().iter().filter(|it| it.is_namespaced);
        let mut near = near::names(word, kinds.map(|it| it.plural.as_str()));
        near.dedup();
        ApiFault::NoSuchKind { typed, near }
    }
}

impl Transport {
    /// One document a root where the server aggregates, and one for each group's version elsewhere.
    async fn kinds(&self) -> Result<Vec<Served>, ApiFault> {
        let roots = ROOTS.map(|root| async move { self.fetch::<Root>(&Ask::kinds(root)).await });
        let mut kinds = Vec::new();
        let mut paths = Vec::new();
        for groups in future::try_join_all(roots).await? {
            kinds.extend(groups.served());
            paths.extend(groups.paths());
        }
        let rest = paths.iter().map(|path| async move {
            let resources = self.fetch::<Resources>(&Ask::kinds(path)).await;
            // A group whose own server is away costs its kinds, and no others.
            resources.map(|it| it.served()).unwrap_or_default()
        });
        kinds.extend(future::join_all(rest).await.into_iter().flatten());
        Ok(kinds)
    }
}

impl From<&Served> for Resource {
    fn from(served: &Served) -> Self {
        Self {
            group: served.group.clone().into(),
            version: served.version.clone().into(),
            plural: served.plural.clone().into(),
        }
    }
}

/// The kind that a word means: its full names go before short names, and a group in full before the
/// beginning of one (apimachinery/pkg/api/meta/restmapper.go, kubectl's shortcut expander).
fn find<'a>(kinds: &'a [Served], word: &str, group: Option<&str>) -> Option<&'a Served> {
    let by_name = |kind: &Served| {
        [&kind.plural, &kind.singular].contains(&&word.to_owned())
            || kind.kind.to_lowercase() == word
    };
    let by_short_name = |kind: &Served| kind.short_names.iter().any(|it| it == word);
    let in_group = |kind: &Served| group.is_none_or(|group| kind.group == group);
    let near_group = |kind: &Served| group.is_some_and(|group| kind.group.starts_with(group));
    let find = |fits: &dyn Fn(&Served) -> bool| {
        let of_group = kinds.iter().find(|kind| in_group(kind) && fits(kind));
        of_group.or_else(|| kinds.iter().find(|kind| near_group(kind) && fits(kind)))
    };
    find(&by_name).or_else(|| find(&by_short_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(group: &str, plural: &str, kind: &str, short_names: &[&str]) -> Served {
        Served {
            group: group.to_owned(),
            version: "v1".to_owned(),
            plural: plural.to_owned(),
            singular: kind.to_lowercase(),
            kind: kind.to_owned(),
            short_names: short_names.iter().map(|&it| it.to_owned()).collect(),
            is_namespaced: true,
            has_scale: false,
        }
    }

    #[test]
    fn words_mean_what_they_mean_to_kubectl() {
        let kinds = [
            kind("", "services", "Service", &["svc"]),
            kind("acme.io", "ros", "Ro", &[]),
            kind("serving.knative.dev", "services", "Service", &["kservice", "ksvc"]),
            kind("argoproj.io", "rollouts", "Rollout", &["ro"]),
        ];
        for (word, group, found) in [
            ("services", None, Some("")),
            ("service", Some("serving.knative.dev"), Some("serving.knative.dev")),
            ("services", Some("serving"), Some("serving.knative.dev")),
            ("ksvc", None, Some("serving.knative.dev")),
            ("rollout", None, Some("argoproj.io")),
            ("rollouts", Some("argoproj.io"), Some("argoproj.io")),
            ("rollouts", Some("other.io"), None),
            // A full name goes before somebody else's short name.
            ("ro", None, Some("acme.io")),
            ("rollou", None, None),
        ] {
            let kind = find(&kinds, word, group);
            assert_eq!(kind.map(|kind| kind.group.as_str()), found, "{word} of {group:?}");
        }
    }
}
