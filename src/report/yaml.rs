//! `-o yaml`: the same contract as `-o json`, as one YAML document.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use super::json::ReportV1;

/// Writes the report as one YAML document.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    document(&ReportV1::from(report), out)
}

/// Writes one of the contract's structs as a YAML document.
pub(super) fn document(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let yaml = serde_saphyr::to_string(document).map_err(io::Error::other)?;
    out.write_all(yaml.as_bytes())?;
    if yaml.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") }
}
