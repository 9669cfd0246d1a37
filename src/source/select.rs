//! Which of the pods and secrets in files were asked for; a live cluster is asked for those alone.

use std::collections::BTreeSet;

use crate::credentials::PullSecret;
use crate::error::{Error, NoSuchObject};
use crate::facts::{Facts, ObjectName, Pod};
use crate::near;
use crate::selector::Selector;

/// The pods that a person asks for.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Their namespace; none for whichever they are in.
    pub namespace: Option<String>,
    /// Their names, or
    pub names: Vec<String>,
    /// a label selector.
    pub selector: Option<String>,
}

impl Selection {
    /// Leaves the selected pods in `facts.pods`, in the order asked for; the others become
    /// neighbours. A pod that is not there is an error that names what is.
    pub fn apply(&self, facts: &mut Facts) -> Result<(), Error> {
        let all = std::mem::take(&mut facts.pods);
        let chosen = match &self.selector {
            Some(selector) => self.by_labels(&all, selector)?,
            None => self.by_names(&all)?,
        };
        let (mut pods, neighbours): (Vec<Pod>, Vec<Pod>) =
            all.into_iter().partition(|pod| chosen.contains(&pod.name));
        pods.sort_by_key(|pod| chosen.iter().position(|name| *name == pod.name));
        for pod in &pods {
            // All there is was looked at: an answer, though it may be incomplete.
            facts.neighbours_seen.insert(pod.name.namespace.clone(), Ok(()));
        }
        facts.pods = pods;
        facts.neighbours.extend(neighbours);
        Ok(())
    }

    fn in_scope(&self, pod: &Pod) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| pod.name.namespace == *namespace)
    }

    fn by_labels(&self, all: &[Pod], selector: &str) -> Result<Vec<ObjectName>, Error> {
        let selector = Selector::parse(selector).map_err(|problem| Error::Usage {
            problem,
            hint: "write it as -l app=web,tier!=cache".to_owned(),
        })?;
        let chosen: Vec<_> = all
            .iter()
            .filter(|pod| self.in_scope(pod) && selector.matches(&pod.labels))
            .map(|pod| pod.name.clone())
            .collect();
        Ok(chosen)
    }

    fn by_names(&self, all: &[Pod]) -> Result<Vec<ObjectName>, Error> {
        let mut chosen = Vec::new();
        for name in &self.names {
            let of_name: Vec<_> = all
                .iter()
                .filter(|pod| pod.name.name == *name && self.in_scope(pod))
                .map(|pod| pod.name.clone())
                .collect();
            match of_name.as_slice() {
                [] => return Err(self.missing(name, all)),
                [_, _, ..] => return Err(ambiguous("pod", name, &of_name)),
                found => chosen.extend_from_slice(found),
            }
        }
        Ok(chosen)
    }

    fn missing(&self, name: &str, all: &[Pod]) -> Error {
        let namespaces: BTreeSet<_> = all.iter().map(|pod| pod.name.namespace.as_str()).collect();
        let only = (namespaces.len() == 1).then(|| namespaces.first().copied()).flatten();
        let namespace = self.namespace.as_deref().or(only).unwrap_or_default();
        let mut missing = NoSuchObject::pod(ObjectName::new(namespace, name));
        let here = all.iter().filter(|pod| self.in_scope(pod));
        missing.near = near::names(name, here.map(|pod| pod.name.name.as_str()));
        missing.elsewhere = all
            .iter()
            .filter(|pod| pod.name.name == name && !self.in_scope(pod))
            .map(|pod| pod.name.clone())
            .collect();
        Error::NoSuchObject(Box::new(missing))
    }
}

/// The secret of that name in files; in whichever namespace, if none is given and only one has it.
pub fn secret<'a>(
    facts: &'a Facts,
    namespace: Option<&str>,
    name: &str,
) -> Result<&'a PullSecret, Error> {
    let in_scope =
        |secret: &PullSecret| namespace.is_none_or(|wanted| secret.name.namespace == wanted);
    let of_name: Vec<_> = facts.pull_secrets().filter(|secret| secret.name.name == name).collect();
    let found: Vec<_> = of_name.iter().copied().filter(|secret| in_scope(secret)).collect();
    match found.as_slice() {
        [found] => Ok(found),
        [] => {
            let namespace = namespace.unwrap_or_default();
            let mut missing = NoSuchObject::secret(ObjectName::new(namespace, name));
            let here = facts.pull_secrets().filter(|secret| in_scope(secret));
            missing.near = near::names(name, here.map(|secret| secret.name.name.as_str()));
            missing.elsewhere = of_name.iter().map(|secret| secret.name.clone()).collect();
            Err(Error::NoSuchObject(Box::new(missing)))
        }
        several => {
            let names: Vec<_> = several.iter().map(|secret| secret.name.clone()).collect();
            Err(ambiguous("secret", name, &names))
        }
    }
}

fn ambiguous(kind: &str, name: &str, found: &[ObjectName]) -> Error {
    let namespaces: Vec<_> = found.iter().map(|object| object.namespace.as_str()).collect();
    Error::Usage {
        problem: format!("several namespaces have a {kind} {name}"),
        hint: format!("choose one with -n: {}", crate::words::some(&namespaces, 10)),
    }
}
