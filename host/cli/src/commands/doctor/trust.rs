//! What `writ doctor` says of signatures: whether only they count, whose do, and whether the app's signed writs are in order.

use std::path::Path;

use writ_trust::{Role, TrustRoot};

use super::Finding;
use crate::{
    app::App,
    error::Result,
    policy::{Policy, Start},
    report::time,
};

/// Of the app around a data folder; nothing if there is none.
pub(super) fn findings(data: &Path) -> Vec<Finding> {
    let home = data
        .ancestors()
        .take(2)
        .find(|folder| folder.join("writ.toml").is_file());
    let Some(folder) = home else {
        return Vec::new();
    };
    let finding = |what, ok, text| Finding { what, ok, text };
    match policy(folder, data) {
        Ok(policy) => {
            let strict = if policy.strict() {
                "on: only signed writs count"
            } else {
                "off: the grants file counts as it is; signed writs are held to the trust root all the same"
            };
            let mut all = vec![finding("strict mode", true, strict.to_owned())];
            match policy.root() {
                Some((path, root)) => {
                    all.push(finding("trust root", !lacks_reviewer(root), of(path, root)))
                }
                None => all.push(finding("trust root", true, "none".to_owned())),
            }
            all.push(finding("memory", true, remembered(policy.seen_epoch())));
            all
        }
        Err(failure) => vec![finding("trust", false, failure.message)],
    }
}

/// What signed writs are held against, beside the trust root.
fn remembered(epoch: u64) -> String {
    match epoch {
        0 => "no signed writ was used in this data folder yet".to_owned(),
        epoch => format!("signed writs were used up to epoch {epoch}; nothing older counts"),
    }
}

fn policy(folder: &Path, data: &Path) -> Result<Policy> {
    Policy::open(&App::open(folder, None, Some(data))?, Start::New)
}

fn lacks_reviewer(root: &TrustRoot) -> bool {
    root.keys(Role::Reviewer).next().is_none()
}

fn of(path: &Path, root: &TrustRoot) -> String {
    let mut text = format!("{}, epoch {}", path.display(), root.epoch());
    for role in Role::ALL {
        let keys = root
            .all()
            .iter()
            .filter(|known| known.roles.contains(&role));
        let names: Vec<String> = keys
            .map(|known| match known.not_after_ms {
                Some(until) => format!("{} (until {})", known.key.hint(), time(until)),
                None => known.key.hint(),
            })
            .collect();
        if !names.is_empty() {
            text.push_str(&format!(
                "; {role}s: {}, {} of them",
                names.join(", "),
                root.threshold(role)
            ));
        }
    }
    if lacks_reviewer(root) {
        text.push_str("; no reviewer, so no signed writ can count");
    }
    text
}
