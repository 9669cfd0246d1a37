//! Where a reference to a pull secret belongs, and how it gets there.

use crate::facts::{Lookup, OwnerReference};
use crate::words::shell;

use super::super::{Fix, sight};
use super::Work;
use super::reference::{account_manifest, managed, names_in_json};

/// Where a reference to a pull secret belongs.
enum Home {
    /// A pod that nothing owns.
    Pod,
    /// A pod known from a table or from events, which do not say who owns it.
    Unseen,
    /// An object with a pod template that can be patched.
    Template(OwnerReference),
    /// A job that nothing owns: its template cannot be changed.
    Job(OwnerReference),
    /// A cron job; its present job keeps the old template.
    CronJob(OwnerReference),
    /// A kind that only its own controller knows.
    Foreign(OwnerReference),
}

impl Work<'_> {
    /// Put a reference to the secret where it reaches the pod.
    pub(super) fn refer(&self, secret: &str) -> Vec<Fix> {
        let mut fixes = match self.home() {
            Home::Pod => vec![self.refer_in_pod(secret)],
            Home::Unseen => vec![self.refer_where_defined(secret)],
            Home::Template(owner) => vec![self.refer_in_template(&owner, secret)],
            Home::CronJob(owner) => vec![self.refer_in_cron_job(&owner, secret)],
            Home::Job(owner) => vec![self.refer_in_job(&owner, secret)],
            Home::Foreign(owner) => vec![self.refer_in_foreign(&owner, secret)],
        };
        // Admission copies the service account's secrets only into pods that name none themselves
        // (plugin/pkg/admission/serviceaccount).
        if self.pod.pull_secrets.as_ref().is_some_and(Vec::is_empty) || self.has_accounts_secrets()
        {
            fixes.extend(self.refer_in_account(secret));
        }
        fixes
    }

    /// Whether the pod's references are its service account's: the template has none, and the lists
    /// are one.
    fn has_accounts_secrets(&self) -> bool {
        let of_template = || {
            let owner = self.pod.owner.as_ref()?;
            self.facts.owner(&owner.key(self.namespace())).found()
        };
        let of_account = || {
            let name = self.pod.service_account.as_deref()?;
            self.facts.service_account(self.namespace(), name).found()
        };
        of_template().is_some_and(|owner| owner.pull_secrets.is_empty())
            && of_account()
                .is_some_and(|it| Some(&it.pull_secrets) == self.pod.pull_secrets.as_ref())
    }

    fn home(&self) -> Home {
        let Some(owner) = sight::outermost(self.facts, self.pod) else {
            // A description names the service account, and the owner if there is one.
            let unseen = self.pod.service_account.is_none();
            return if unseen { Home::Unseen } else { Home::Pod };
        };
        match (owner.api_version.as_str(), owner.kind.as_str()) {
            ("apps/v1", "ReplicaSet") => Home::Template(self.guessed_deployment(owner)),
            ("apps/v1", "Deployment" | "StatefulSet" | "DaemonSet")
            | ("v1", "ReplicationController") => Home::Template(owner),
            ("batch/v1", "Job") => Home::Job(owner),
            ("batch/v1", "CronJob") => Home::CronJob(owner),
            _ => Home::Foreign(owner),
        }
    }

    /// The Deployment of a replica set that could not be seen: its name is the replica set's without
    /// the pod template's hash (pkg/controller/deployment/sync.go).
    fn guessed_deployment(&self, owner: OwnerReference) -> OwnerReference {
        let unseen = matches!(self.facts.owner(&owner.key(self.namespace())), Lookup::Unseen(_));
        let hash = self.pod.labels.get("pod-template-hash").filter(|_| unseen);
        let name = hash
            .and_then(|hash| owner.name.strip_suffix(hash.as_str())?.strip_suffix('-'))
            .filter(|name| !name.is_empty());
        match name {
            Some(name) => OwnerReference {
                api_version: owner.api_version.clone(),
                kind: "Deployment".to_owned(),
                name: name.to_owned(),
            },
            None => owner,
        }
    }

    fn refer_in_pod(&self, secret: &str) -> Fix {
        let pod = &self.pod.name.name;
        Fix {
            title: format!("refer to {secret} in the pod's manifest, and create the pod anew"),
            says: if self.pod.deleting.is_some() {
                format!("Pod {pod} is being deleted; create it again with the reference.")
            } else {
                format!(
                    "Nothing owns pod {pod}, and imagePullSecrets of an existing pod cannot be \
                     changed. The command deletes the pod and creates it again with the \
                     reference.{}",
                    managed(&self.pod.managed_by, "Pod")
                )
            },
            commands: if self.pod.deleting.is_some() {
                Vec::new()
            } else {
                vec![self.replace_pod(Some(&self.reference(secret)))]
            },
            manifest: Some(self.manifest("v1", "Pod", pod, &["spec"], secret)),
            recreates_pods: true,
        }
    }

    /// Without the object nobody can say where the pod comes from.
    fn refer_where_defined(&self, secret: &str) -> Fix {
        Fix {
            title: format!("refer to {secret} where the pod is defined, and create the pod anew"),
            says: format!(
                "In the pod template of its owner, or in the manifest of a pod that nothing owns; \
                 this shows which it is, and `kubectl get pod {} {} -o json` gives all that is \
                 needed to say more.",
                self.pod.name.name,
                self.in_namespace()
            ),
            commands: vec![format!(
                "kubectl get pod {} {} -o jsonpath='{{.metadata.ownerReferences}}'",
                shell(&self.pod.name.name),
                self.in_namespace()
            )],
            manifest: Some(format!("imagePullSecrets:\n- name: {secret}\n")),
            recreates_pods: true,
        }
    }

    /// The owner's manifest with the reference at the end of the way.
    fn manifest_of(&self, owner: &OwnerReference, way: &[&str], secret: &str) -> String {
        self.manifest(&owner.api_version, &owner.kind, &owner.name, way, secret)
    }

    fn refer_in_template(&self, owner: &OwnerReference, secret: &str) -> Fix {
        let way = ["spec", "template", "spec"];
        let kind = owner.kind.to_lowercase();
        let mut commands = vec![format!(
            "kubectl patch {kind} {} {} -p {}",
            shell(&owner.name),
            self.in_namespace(),
            shell(&self.patch(&way, secret)),
        )];
        let (recreates_pods, then) = match owner.kind.as_str() {
            "Deployment" | "DaemonSet" => (false, "It rolls out new pods by itself."),
            "StatefulSet" => (
                true,
                "A stateful set waits for its broken pod before it goes on: delete the pod as well.",
            ),
            _ => (true, "It does not replace its pods by itself: delete the pod as well."),
        };
        if recreates_pods {
            commands.push(self.delete_pod());
        }
        Fix {
            title: format!(
                "refer to {secret} in the pod template of {} {}",
                owner.kind, owner.name
            ),
            says: format!("{then}{}", self.undone(owner)),
            commands,
            manifest: Some(self.manifest_of(owner, &way, secret)),
            recreates_pods,
        }
    }

    fn refer_in_cron_job(&self, owner: &OwnerReference, secret: &str) -> Fix {
        let way = ["spec", "jobTemplate", "spec", "template", "spec"];
        let mut commands = vec![format!(
            "kubectl patch cronjob {} {} -p {}",
            shell(&owner.name),
            self.in_namespace(),
            shell(&self.patch(&way, secret)),
        )];
        if let Some(job) = &self.pod.owner {
            commands.push(format!(
                "kubectl delete job {} {}",
                shell(&job.name),
                self.in_namespace()
            ));
        }
        Fix {
            title: format!("refer to {secret} in the job template of CronJob {}", owner.name),
            says: format!(
                "The present job keeps its old template, so it is deleted; the next run has the \
                 reference.{}",
                self.undone(owner)
            ),
            commands,
            manifest: Some(self.manifest_of(owner, &way, secret)),
            recreates_pods: true,
        }
    }

    /// A job's template cannot be changed, so the job is made anew, without what its controller
    /// added to it: the selector and the labels with its old uid (pkg/registry/batch/job/strategy.go).
    fn refer_in_job(&self, owner: &OwnerReference, secret: &str) -> Fix {
        let way = ["spec", "template", "spec"];
        let labels = "{\"labels\":{\"controller-uid\":null,\
                      \"batch.kubernetes.io/controller-uid\":null}}";
        let patch = format!(
            "{{\"metadata\":{labels},\"spec\":{{\"selector\":null,\
             \"template\":{{\"metadata\":{labels},\"spec\":{{{}}}}}}}}}",
            self.reference(secret)
        );
        Fix {
            title: format!(
                "refer to {secret} in the manifest of Job {}, and create it anew",
                owner.name
            ),
            says: format!(
                "A job's pod template cannot be changed. The command deletes the job and its pods \
                 and creates it again with the reference: it starts from the beginning.{}",
                self.undone(owner)
            ),
            commands: vec![format!(
                "kubectl get job {} {} -o yaml | kubectl patch --local -f - -p {} -o yaml | \
                 kubectl replace --force -f -",
                shell(&owner.name),
                self.in_namespace(),
                shell(&patch),
            )],
            manifest: Some(self.manifest_of(owner, &way, secret)),
            recreates_pods: false,
        }
    }

    fn refer_in_foreign(&self, owner: &OwnerReference, secret: &str) -> Fix {
        let way = ["spec", "template", "spec"];
        Fix {
            title: format!(
                "refer to {secret} in the pod template of {} {}",
                owner.kind, owner.name
            ),
            says: format!(
                "{} ({}) is not a kind of Kubernetes' own: where its pod template stands is for its \
                 documentation to say; most have it as below.{}",
                owner.kind,
                owner.api_version,
                self.undone(owner)
            ),
            commands: Vec::new(),
            manifest: Some(self.manifest_of(owner, &way, secret)),
            recreates_pods: true,
        }
    }

    /// The other way: through the service account, for all its new pods. Its list is replaced whole
    /// by a patch (`core/v1` `ServiceAccount` has no merge key there), so that it can only be offered
    /// where the present list was seen.
    fn refer_in_account(&self, secret: &str) -> Option<Fix> {
        let name = self.pod.service_account.as_deref()?;
        let account = self.facts.service_account(self.namespace(), name).found()?;
        let mut names = account.pull_secrets.clone();
        names.retain(|name| name != secret);
        names.push(secret.to_owned());
        let patch = format!("{{\"imagePullSecrets\":[{}]}}", names_in_json(&names));
        let mut commands = vec![format!(
            "kubectl patch serviceaccount {} {} -p {}",
            shell(name),
            self.in_namespace(),
            shell(&patch)
        )];
        commands.extend(self.recreate("").commands);
        Some(Fix {
            title: format!("or refer to {secret} in service account {name}, for all its new pods"),
            says: format!(
                "Pods get the service account's pull secrets when they are created, so this one \
                 must be created anew.{}",
                managed(&account.managed_by, "ServiceAccount")
            ),
            commands,
            manifest: Some(account_manifest(self.namespace(), name, &names)),
            recreates_pods: true,
        })
    }

    /// The object to change and its name as `kubectl` takes them, `deployment/web`; the pod itself
    /// where nothing owns it. None where kubectl does not know the kind.
    pub(super) fn workload(&self) -> Option<String> {
        match self.home() {
            Home::Pod => Some(format!("pod/{}", self.pod.name.name)),
            Home::Template(owner) | Home::CronJob(owner) => {
                Some(format!("{}/{}", owner.kind.to_lowercase(), owner.name))
            }
            Home::Job(_) | Home::Foreign(_) | Home::Unseen => None,
        }
    }

    /// All pods of a deployment anew, for they all lack the same. A stateful set would wait for its
    /// broken pod, and a daemon set may wait for the deletion of each.
    pub(super) fn restart_deployment(&self) -> Option<String> {
        match self.home() {
            Home::Template(owner) if owner.kind == "Deployment" => Some(format!(
                "kubectl rollout restart deployment {} {}",
                shell(&owner.name),
                self.in_namespace()
            )),
            _ => None,
        }
    }

    /// A note when somebody would undo a patch of the owner.
    fn undone(&self, owner: &OwnerReference) -> String {
        let by_owner = self
            .facts
            .owner(&owner.key(self.namespace()))
            .found()
            .map_or(&[][..], |owner| &owner.managed_by);
        let marks = if by_owner.is_empty() { &self.pod.managed_by } else { by_owner };
        managed(marks, &owner.kind)
    }
}
