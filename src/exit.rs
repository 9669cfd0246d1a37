//! The exit codes, as documented constants. All others are reserved.

/// No image-pull failure was found.
pub const OK: u8 = 0;
/// At least one image-pull failure was found; for `explain`, something stayed unknown.
pub const FOUND: u8 = 1;
/// The command line was wrong.
pub const USAGE: u8 = 2;
/// It was not possible to look: unreachable, forbidden, no such pod, unreadable input.
pub const CANNOT_LOOK: u8 = 3;
/// `--wait` ran out with pods still undecided.
pub const UNDECIDED: u8 = 4;
/// Interrupted, by Ctrl-C or SIGTERM.
pub const INTERRUPTED: u8 = 130;
