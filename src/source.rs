//! Where facts come from: the only part of the program that reads anything from outside.
//!
//! Each source but [`lines`], which knows no cluster, fills [`crate::facts::Facts`]; what it read them from must not show in them beyond
//! [`crate::facts::Origin`].

pub mod cluster;
pub mod files;
pub mod lines;
pub mod manifest;
pub mod narrow;
pub mod select;
pub mod wire;
