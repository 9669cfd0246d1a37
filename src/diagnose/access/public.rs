//! Images that need no login, so that none can be missing.

use crate::cause;
use crate::registry::Kind;

use super::super::Confidence;
use super::Plan;
use super::case::{Case, Verdicted};

impl Case<'_> {
    /// Whether a missing login cannot be the reason.
    pub(super) fn needs_no_login(&self) -> bool {
        self.is_public_registry() || self.is_official_image()
    }

    fn is_public_registry(&self) -> bool {
        Kind::of_host(self.image.registry()).is_public_only()
    }

    /// Docker Hub's own namespace `library` has no private repositories: what is refused there does
    /// not exist, and no login helps.
    fn is_official_image(&self) -> bool {
        self.image.registry() == "docker.io"
            && self.image.repository().starts_with("library/")
            && self.symptom.reading.cause == &cause::ACCESS_DENIED_OR_MISSING
            && !self.logged_in()
    }

    pub(super) fn public_image(&self) -> Verdicted {
        if self.is_official_image() {
            return self.official_image();
        }
        if let Some(verdict) = self.unreadable() {
            return verdict;
        }
        // A login that is sent is not left out when it is refused: it breaks public images, too.
        let matches = self.matches();
        if !matches.is_empty() && !self.anonymous() {
            let mut verdict = self.refused(&matches);
            let summary = verdict.summary.get_or_insert_default();
            summary.push_str(" Its images are public: without this login they would come.");
            return verdict;
        }
        let registry = self.image.registry();
        Verdicted {
            root_cause: None,
            confidence: Confidence::Likely,
            summary: Some(format!(
                "{} Everything on {registry} is public, so no pull secret is missing: there is no \
                 such image, or a mirror, proxy or firewall on the way answers for it.",
                self.words(),
            )),
            plan: Plan::NoLogin,
        }
    }

    fn official_image(&self) -> Verdicted {
        Verdicted {
            root_cause: None,
            confidence: Confidence::Likely,
            summary: Some(format!(
                "{} means {} on Docker Hub, where only Docker's official images live, all of them \
                 public. So there is no such image, and no login would help: the name is \
                 misspelt, or lacks its registry or account in front.",
                self.symptom.image.reference,
                self.image.name(),
            )),
            plan: Plan::NoLogin,
        }
    }
}
