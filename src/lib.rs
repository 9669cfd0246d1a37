//! pulldoctor: why an image is not being pulled, and exactly what fixes it.
//!
//! ```text
//!  cluster ─┐  the only async,   ┌───────┐  words   ┌─────────┐
//!  files   ─┼──▶ the only I/O ──▶│ facts │─────────▶│ message │──▶ what the words prove ──┐
//!           ┘     (source/)      └─┬───▲─┘          └─────────┘      (cause: the catalogue)├─▶ diagnose ─▶ report
//!                                  │   └── question ◀───────────────────────────────────┐  │   (joins,     (one file
//!                                  └──────▶ credentials: the kubelet's keyring replayed ─┴──┘   fixes)       a format)
//! ```
//!
//! Everything right of [`facts`] is a plain function of its arguments: no client, no runtime, no
//! clock, no environment; `tests/architecture.rs` reads the imports. [`source`] does all I/O,
//! [`cli`] wires the parts together. Of many pods, [`survey`] keeps those that may fail; [`track`]
//! follows them over time, told by the watches of [`source`] and asked by `check --wait` and `watch`.

#![warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

pub mod cause;
pub mod cli;
pub mod credentials;
pub mod diagnose;
pub mod duration;
pub mod error;
pub mod exit;
pub mod explain;
pub mod facts;
pub mod image;
pub mod layout;
pub mod message;
pub mod near;
pub mod question;
pub mod redact;
pub mod registry;
pub mod report;
pub mod scope;
pub mod selector;
pub mod source;
pub mod survey;
pub mod track;
pub mod words;
pub mod workload;
