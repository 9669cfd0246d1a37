//! One plain sentence about a message, with its details.

use std::fmt::Write as _;

use super::Reading;
use super::details::{Details, HostRole};
use crate::cause::Group;

/// The sentence: who did what, the cause's title, and what the words add.
pub(super) fn summary(reading: &Reading) -> String {
    let details = &reading.details;
    let mut out = lead(reading);
    if out.is_empty() {
        out.push_str(reading.cause.title);
    } else {
        out.push_str(": ");
        out.push_str(reading.cause.title);
    }
    if reading.cause.group == Group::NoCause {
        return out;
    }
    facts(details, &mut out);
    if !reading.also_named.is_empty() {
        out.push_str("; the message also names ");
        let titles: Vec<_> = reading.also_named.iter().map(|cause| cause.code).collect();
        out.push_str(&titles.join(", "));
    }
    out
}

/// Who spoke, or where the way ended.
fn lead(reading: &Reading) -> String {
    let details = &reading.details;
    let mut out = String::new();
    if let Some(name) = details.lookup.as_deref().filter(|_| reading.cause.group == Group::Network)
    {
        let _ = write!(out, "looking up {name}");
        if let (Some(server), Some(HostRole::DnsServer)) = (&details.host, details.host_role) {
            let _ = write!(out, " at the DNS server {server}");
        }
        return out;
    }
    let Some(who) = details.host.as_deref().or(details.registry.as_deref()) else {
        return out;
    };
    let role = match details.host_role {
        Some(HostRole::TokenServer) => "the token server ",
        Some(HostRole::Mirror) => "the mirror ",
        Some(HostRole::Storage) => "the layers' storage ",
        Some(HostRole::Proxy) => "the proxy ",
        Some(HostRole::DnsServer) => "the DNS server ",
        None => "",
    };
    match (details.status, reading.cause.group) {
        (Some(status), _) => {
            let _ = write!(out, "{role}{who} answered {status}");
        }
        (None, Group::Access | Group::NotThere | Group::Limits | Group::Registry | Group::Tls) => {
            let _ = write!(out, "{role}{who}");
        }
        (None, Group::Network) => {
            let _ = write!(out, "{role}{who}");
            if let Some(address) = details.address.as_deref().filter(|address| *address != who) {
                let _ = write!(out, " ({address})");
            }
        }
        (None, _) => {}
    }
    out
}

/// Appends what the words add, a fragment each.
fn facts(details: &Details, out: &mut String) {
    match details.credential_sent {
        Some(true) => out.push_str("; a credential was sent"),
        Some(false) => out.push_str("; no credential was sent"),
        None => {}
    }
    if let Some(permission) = &details.permission {
        let _ = write!(out, "; the permission {permission} is missing");
    }
    if let Some(platforms) = &details.platforms {
        if let Some(wanted) = &platforms.wanted {
            let _ = write!(out, "; the node wants {wanted}");
        }
        if let Some(offered) = &platforms.offered {
            let _ = write!(out, "; the image is for {offered}");
        }
    }
    if let Some(certificate) = &details.certificate {
        if !certificate.names.is_empty() {
            let _ = write!(out, "; the certificate is for {}", certificate.names.join(", "));
        }
        if let Some(wanted) = &certificate.wanted {
            let _ = write!(out, "; {wanted} was wanted");
        }
        if let Some(end) = &certificate.not_after {
            let _ = write!(out, "; it ended at {end}");
        }
        if let Some(start) = &certificate.not_before {
            let _ = write!(out, "; it starts at {start}");
        }
        if let Some(clock) = &certificate.clock {
            let _ = write!(out, "; the node's clock says {clock}");
        }
    }
    if let Some(limit) = &details.limit {
        let _ = write!(out, "; it says \"{limit}\"");
    }
    if let Some(path) = &details.path {
        let _ = write!(out, "; at {path}");
    }
    if !details.missing_secrets.is_empty() {
        let _ = write!(out, "; missing: {}", details.missing_secrets.join(", "));
    }
}
