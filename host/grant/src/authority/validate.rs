//! Whether a writ can be kept to the letter. What can't is refused whole: a policy that is half enforced is none.

use crate::{
    GRANTS_PER_WRIT_MAX,
    capability::Capability,
    digest::Digest,
    refusal::Refusal,
    writ::{ADDRESSES_PER_GRANT_MAX, Grant, Request, Writ, folder_flaw, value_flaw},
};

/// The grants of a writ that is for this component and in force, each of them requested and possible.
pub(super) fn grants<'w>(
    plugin: &str,
    digest: &Digest,
    requests: &[Request],
    writ: &'w Writ,
    now_ms: u64,
) -> Result<&'w [Grant], Refusal> {
    in_force(plugin, digest, writ, now_ms)?;
    let count = writ.grants.len();
    if count > GRANTS_PER_WRIT_MAX {
        return Err(Refusal::TooMany {
            plugin: plugin.to_owned(),
            count,
        });
    }
    for (i, grant) in writ.grants.iter().enumerate() {
        alone(plugin, requests, grant)?;
        for other in &writ.grants[..i] {
            together(plugin, other, grant)?;
        }
    }
    Ok(&writ.grants)
}

fn in_force(plugin: &str, digest: &Digest, writ: &Writ, now_ms: u64) -> Result<(), Refusal> {
    let name = || plugin.to_owned();
    if writ.digest != *digest {
        return Err(Refusal::OtherDigest {
            plugin: name(),
            granted: writ.digest,
            found: *digest,
        });
    }
    if writ.plugin != plugin {
        return Err(Refusal::OtherPlugin {
            plugin: name(),
            granted: writ.plugin.clone(),
            digest: *digest,
        });
    }
    if writ.revoked {
        return Err(Refusal::Revoked { plugin: name() });
    }
    match writ.expires_ms {
        Some(expired_ms) if expired_ms <= now_ms => Err(Refusal::Expired {
            plugin: name(),
            expired_ms,
        }),
        Some(_) | None => Ok(()),
    }
}

fn alone(plugin: &str, requests: &[Request], grant: &Grant) -> Result<(), Refusal> {
    let (plugin, capability) = (plugin.to_owned(), grant.capability.clone());
    if !requests
        .iter()
        .any(|request| request.capability.covers(&grant.capability))
    {
        return Err(Refusal::NotRequested { plugin, capability });
    }
    if !grant.capability.available() {
        return Err(Refusal::NotAvailable { plugin, capability });
    }
    if grant.capability.takes_folder() && grant.folder.is_none() {
        return Err(Refusal::NoFolder { plugin, capability });
    }
    if grant.capability.takes_place() && (grant.host.is_none() || grant.header.is_none()) {
        return Err(Refusal::NoPlace { plugin, capability });
    }
    fields(plugin, grant)
}

/// That each thing a grant says means something for its kind, and can be kept.
fn fields(plugin: String, grant: &Grant) -> Result<(), Refusal> {
    let capability = grant.capability.clone();
    let place = grant.capability.takes_place();
    let ranges = grant.addresses.len();
    let too_many = format!("has {ranges} ranges; it may have at most {ADDRESSES_PER_GRANT_MAX}");
    let texts = [
        (
            "folder",
            grant.capability.takes_folder(),
            grant.folder.as_deref().map(folder_flaw),
        ),
        (
            "value",
            grant.capability.takes_value(),
            grant.value.as_deref().map(value_flaw),
        ),
        (
            "addresses",
            grant.capability.takes_addresses(),
            (ranges > 0).then(|| (ranges > ADDRESSES_PER_GRANT_MAX).then_some(too_many)),
        ),
        ("host", place, grant.host.as_ref().map(|_| None)),
        ("header", place, grant.header.as_ref().map(|_| None)),
    ];
    for (field, takes, text) in texts {
        match text {
            Some(_) if !takes => {
                return Err(Refusal::Misplaced {
                    plugin,
                    capability,
                    field,
                });
            }
            Some(Some(flaw)) => {
                return Err(Refusal::Unfit {
                    plugin,
                    capability,
                    field,
                    flaw: flaw.into(),
                });
            }
            Some(None) | None => {}
        }
    }
    Ok(())
}

fn together(plugin: &str, first: &Grant, second: &Grant) -> Result<(), Refusal> {
    if first.capability == second.capability {
        return Err(Refusal::Repeated {
            plugin: plugin.to_owned(),
            capability: first.capability.clone(),
        });
    }
    let (Capability::Fs { path: a, .. }, Capability::Fs { path: b, .. }) =
        (&first.capability, &second.capability)
    else {
        return Ok(());
    };
    // Reading and writing the same folder in the same place is one folder that can be read and written.
    let shared = a == b && first.folder == second.folder;
    if a.overlaps(b) && !shared {
        let (first, second) = (
            first.capability.clone(),
            Box::new(second.capability.clone()),
        );
        return Err(Refusal::Overlap {
            plugin: plugin.to_owned(),
            first,
            second,
        });
    }
    Ok(())
}
