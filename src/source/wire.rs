//! What the API server prints, as far as it matters here, and its way into [`crate::facts`].
//!
//! The types follow `k8s.io/api` (`core/v1/types.go`, `events/v1/types.go`, `apps/v1`, `batch/v1`)
//! but hold only what a diagnosis needs: everything else is skipped without being built, which is
//! what makes a large list cheap and what keeps other people's data out of memory. They take what
//! Go's encoder prints as well as what a hand-written manifest leaves out: any field may be absent
//! or `null`.
//!
//! Nothing here knows where the text came from: the cluster and the files read the same types.

mod discovery;
mod event;
mod fault;
mod lenient;
mod list;
mod metadata;
mod node;
mod owner;
mod pod;
pub mod protobuf;
mod secret;
mod service_account;
mod workload;

pub use discovery::{Resources, Root, Served};
pub use event::Event;
pub use fault::{DecodeError, decode};
pub use list::{List, ListMetadata, Status, StatusDetails};
pub(in crate::source) use metadata::{MIRROR, manager};
pub use metadata::{Metadata, MetadataOnly, OwnerReference};
pub use node::Node;
pub use owner::Owner;
pub use pod::Pod;
pub use secret::Secret;
pub use service_account::ServiceAccount;
pub use workload::{LabelSelector, Selecting, Workload};
