//! The catalogue of causes: what a cause is, and the one list of all of them.
//!
//! A cause is one literal in `cause/*.rs`. The classifier, `pulldoctor explain`, completion, the
//! documentation and the tests over the whole set all come from it; nothing else repeats it.
//!
//! Codes are stable for ever: a code is never renamed and never used again for something else.

mod access;
mod fix;
mod limits;
mod name;
mod network;
mod no_cause;
mod node;
mod not_there;
mod policy;
mod registry;
mod root;
mod sign;
mod tls;

pub use access::*;
pub use fix::{Fix, fill};
pub use limits::*;
pub use name::*;
pub use network::*;
pub use no_cause::*;
pub use node::*;
pub use not_there::*;
pub use policy::*;
pub use registry::*;
pub use root::*;
pub use sign::{Rank, Sign, Where};
pub use tls::*;

/// A cause of a failed image pull: all that the program knows about it.
#[derive(Debug)]
pub struct Cause {
    /// Kebab-case, stable for ever: scripts and dashboards key on it.
    pub code: &'static str,
    /// A short lower-case phrase that names the fault.
    pub title: &'static str,
    /// The family it belongs to.
    pub group: Group,
    /// Whether trying again helps.
    pub retry: Retry,
    /// Whether words, objects or both prove it.
    pub proof: Proof,
    /// The version of pulldoctor that first knew it.
    pub since: &'static str,
    /// What it means, in a sentence or two.
    pub says: &'static str,
    /// Why it happens, likeliest first.
    pub why: &'static [&'static str],
    /// How to tell it from its neighbours, or how to find out which of the whys it is.
    pub tell: &'static [&'static str],
    /// What mends it, best first.
    pub fixes: &'static [Fix],
    /// What the words must hold; any one of them proves the cause. Empty for causes that only
    /// objects prove.
    pub signs: &'static [Sign],
    /// Causes that say more: where both match in the same words, those lead.
    pub yields_to: &'static [&'static str],
    /// Messages that must classify to this cause.
    pub yes: &'static [&'static str],
    /// Messages that must not.
    pub no: &'static [&'static str],
    /// Where it is specified or documented.
    pub see: &'static [&'static str],
    /// Why `fixtures/messages/corpus.jsonl` has no message for it; empty when it has.
    pub unseen: &'static str,
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.code == other.code
    }
}

impl Eq for Cause {}

/// Families of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Credentials and rights.
    Access,
    /// The image, or a part of it, is not there.
    NotThere,
    /// The image's name.
    Name,
    /// Rates and quotas.
    Limits,
    /// The way to the registry.
    Network,
    /// Certificates and protocols.
    Tls,
    /// What the registry answered.
    Registry,
    /// The node and its runtime.
    Node,
    /// Somebody's rules.
    Policy,
    /// The words name no cause.
    NoCause,
    /// What the cluster's objects prove about an access failure.
    Root,
}

impl Group {
    /// All groups, in the catalogue's order.
    pub const ALL: [Self; 11] = [
        Self::Access,
        Self::NotThere,
        Self::Name,
        Self::Limits,
        Self::Network,
        Self::Tls,
        Self::Registry,
        Self::Node,
        Self::Policy,
        Self::NoCause,
        Self::Root,
    ];

    /// A heading for it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Access => "Access",
            Self::NotThere => "Not there",
            Self::Name => "The image's name",
            Self::Limits => "Limits",
            Self::Network => "Network",
            Self::Tls => "TLS",
            Self::Registry => "The registry's answer",
            Self::Node => "The node",
            Self::Policy => "Policy",
            Self::NoCause => "No cause in the words",
            Self::Root => "Root causes of an access failure",
        }
    }
}

/// Whether the same attempt can succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retry {
    /// It fails until somebody acts.
    Permanent,
    /// The kubelet's own retries often heal it.
    Transient,
    /// The words allow both.
    Unclear,
    /// Not about pulling an image.
    NotApplicable,
}

impl Retry {
    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Transient => "transient",
            Self::Unclear => "unclear",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// What a cause is proven by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The words of a message: a message cause.
    Words,
    /// The cluster's objects: a root cause.
    Objects,
    /// Either.
    Both,
}

/// The catalogue: the groups' lists, in the order in which they are documented.
pub static CATALOGUE: [&[&Cause]; 11] = [
    access::LIST,
    not_there::LIST,
    name::LIST,
    limits::LIST,
    network::LIST,
    tls::LIST,
    registry::LIST,
    node::LIST,
    policy::LIST,
    no_cause::LIST,
    root::LIST,
];

/// All causes, in the catalogue's order.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    CATALOGUE.iter().flat_map(|group| group.iter().copied())
}

/// The cause with that code.
pub fn by_code(code: &str) -> Option<&'static Cause> {
    all().find(|cause| cause.code == code)
}

/// Declares the causes of one group: a static for each, and `LIST` of them all.
///
/// So that a cause is written once, and code that must name one (`cause::UNAUTHORIZED`) still has
/// the compiler check the name.
macro_rules! causes {
    ($group:expr; $($name:ident $code:literal { $($field:ident: $value:expr,)* })*) => {
        $(
            #[doc = concat!("`", $code, "`.")]
            pub static $name: $crate::cause::Cause = $crate::cause::Cause {
                code: $code,
                group: $group,
                $($field: $value,)*
            };
        )*
        /// The causes of this group.
        pub(super) static LIST: &[&$crate::cause::Cause] = &[$(&$name,)*];
    };
}
use causes;
