//! How little would have been enough: for each grant of the policy the narrowest one that allows all that was recorded. In memory
//! of fixed size for each grant.

use writ_grant::{Capability, Grant, Grants, Writ};

use super::{policy::Allowed, tally::Tally};

/// How a grant was used.
#[derive(Clone, Debug, Default)]
pub(super) struct Usage {
    pub(super) times: u64,
    /// The narrowest capability that allows all of it, as far as one line can.
    narrowest: Option<Capability>,
    /// Whether the path in it was used itself, and nothing below: then it may be a file, and only folders are granted.
    may_be_file: bool,
}

impl Usage {
    pub(super) fn add(&mut self, needed: &Capability, times: u64) {
        self.times += times;
        let (narrowest, may_be_file) = match self.narrowest.take() {
            None => (needed.clone(), true),
            Some(before) if before == *needed => (before, self.may_be_file),
            Some(before) => (join(&before, needed).unwrap_or(before), false),
        };
        (self.narrowest, self.may_be_file) = (Some(narrowest), may_be_file);
    }

    /// What would have been enough, if it can be granted and is less than what was.
    fn enough(&self, granted: &Capability) -> Option<Capability> {
        let narrowest = self.narrowest.clone()?;
        let enough = match &narrowest {
            Capability::Fs { access, path } if self.may_be_file => Capability::Fs {
                access: *access,
                path: parent(path.as_str()).parse().ok()?,
            },
            Capability::Fs { .. }
            | Capability::Http { .. }
            | Capability::Kv { .. }
            | Capability::Config { .. }
            | Capability::Env { .. }
            | Capability::SecretUse { .. }
            | Capability::ModelChat { .. }
            | Capability::Memory { .. }
            | Capability::ToolCall { .. }
            | Capability::HumanAsk { .. }
            | Capability::ClockReal
            | Capability::RandomReal => narrowest,
        };
        (granted.covers(&enough) && enough != *granted).then_some(enough)
    }
}

/// The narrowest capability that covers both; none if no single line does.
fn join(a: &Capability, b: &Capability) -> Option<Capability> {
    if a.covers(b) {
        return Some(a.clone());
    }
    if let (Capability::Fs { access, path }, Capability::Fs { path: other, .. }) = (a, b) {
        let path = common(path.as_str(), other.as_str());
        let path = if path.is_empty() { "/" } else { path };
        return Some(Capability::Fs {
            access: *access,
            path: path.parse().ok()?,
        });
    }
    let (
        Capability::Http {
            methods,
            scheme,
            host,
            port,
            path,
        },
        Capability::Http {
            methods: more,
            path: other,
            ..
        },
    ) = (a, b)
    else {
        return None;
    };
    let methods: Vec<String> = methods
        .iter()
        .chain(more.iter())
        .map(|method| method.to_string())
        .collect();
    let (path, other) = (path.to_string(), other.to_string());
    let path = if path == other {
        path
    } else {
        let stem = |path: &'_ str| {
            path.strip_suffix("/**")
                .unwrap_or(parent(path))
                .trim_end_matches('/')
                .to_owned()
        };
        format!("{}/**", common(&stem(&path), &stem(&other)))
    };
    Some(Capability::Http {
        methods: methods.join(",").parse().ok()?,
        scheme: *scheme,
        host: host.clone(),
        port: *port,
        path: path.parse().ok()?,
    })
}

/// The path above; the root is above itself.
fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

/// What two paths begin with, by whole segments; empty for the root.
fn common<'p>(a: &'p str, b: &str) -> &'p str {
    let mut end = 0;
    let mut others = b.split('/');
    for segment in a.split('/') {
        if others.next() != Some(segment) {
            break;
        }
        end += segment.len() + 1;
    }
    a[..end.saturating_sub(1).min(a.len())].trim_end_matches('/')
}

/// What to do with a grant, going by what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// It was used, and nothing narrower would have been enough.
    Keep,
    /// It was never used.
    Drop,
    /// This would have been enough.
    Narrow(Box<Grant>),
    /// It was used less than it allows, or never; but its author requires it as it is.
    Required(Option<Capability>),
}

/// A writ of the policy, and what to do with each of its grants.
pub(super) struct WritAdvice<'t> {
    pub(super) writ: &'t Writ,
    /// For each grant, how often it was used, and what follows.
    pub(super) grants: Vec<(&'t Grant, u64, Advice)>,
}

/// Advice for every writ whose component took part in a run.
pub(super) fn advice<'t>(tally: &'t Tally<'_>) -> Vec<WritAdvice<'t>> {
    let mut all: Vec<(usize, WritAdvice<'t>)> = Vec::new();
    for (_, allowed) in tally.policy.known() {
        let Some(place) = allowed.writ else {
            continue;
        };
        if all.iter().any(|(known, _)| *known == place) {
            continue;
        }
        let writ = &tally.policy.grants.writs[place];
        let grants = (0..writ.grants.len()).map(|grant| one(tally, allowed, place, grant));
        all.push((
            place,
            WritAdvice {
                writ,
                grants: grants.collect(),
            },
        ));
    }
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, advice)| advice).collect()
}

fn one<'t>(
    tally: &'t Tally<'_>,
    allowed: &Allowed,
    place: usize,
    grant: usize,
) -> (&'t Grant, u64, Advice) {
    let granted = &tally.policy.grants.writs[place].grants[grant];
    let usage = tally.usage.get(&(place, grant));
    let times = usage.map_or(0, |usage| usage.times);
    let enough = if granted.capability.takes_folder() {
        folder_enough(tally, place, granted)
    } else {
        usage.and_then(|usage| usage.enough(&granted.capability))
    };
    let advice = match (times, enough) {
        (0, _) if allowed.requires(&granted.capability) => Advice::Required(None),
        (0, _) => Advice::Drop,
        (_, None) => Advice::Keep,
        (_, Some(enough)) if allowed.requires(&granted.capability) => {
            Advice::Required(Some(enough))
        }
        (_, Some(enough)) => Advice::Narrow(Box::new(narrowed(granted, enough))),
    };
    (granted, times, advice)
}

/// What would have been enough of a folder. Reading and writing one path share one folder, so they can only be narrowed together.
fn folder_enough(tally: &Tally<'_>, place: usize, granted: &Grant) -> Option<Capability> {
    let Capability::Fs { access, path } = &granted.capability else {
        return None;
    };
    let mut enough: Option<String> = None;
    for (other, grant) in tally.policy.grants.writs[place].grants.iter().enumerate() {
        let (Capability::Fs { path: same, .. }, Some(usage)) =
            (&grant.capability, tally.usage.get(&(place, other)))
        else {
            continue;
        };
        if same != path {
            continue;
        }
        let Some(Capability::Fs { path: used, .. }) = usage.enough(&grant.capability) else {
            return None;
        };
        enough = Some(match enough {
            None => used.to_string(),
            Some(before) => common(&before, used.as_str()).to_owned(),
        });
    }
    let narrower: writ_grant::GuestPath = enough?.parse().ok()?;
    (path.covers(&narrower) && narrower != *path).then_some(Capability::Fs {
        access: *access,
        path: narrower,
    })
}

/// The same grant of less: a folder follows its path.
fn narrowed(grant: &Grant, enough: Capability) -> Grant {
    let mut narrowed = grant.clone();
    if let (Capability::Fs { path: from, .. }, Capability::Fs { path: to, .. }, Some(folder)) =
        (&grant.capability, &enough, &grant.folder)
    {
        let below = to
            .as_str()
            .strip_prefix(from.as_str())
            .unwrap_or_default()
            .trim_start_matches('/');
        narrowed.folder = Some(format!("{}/{below}", folder.trim_end_matches('/')));
    }
    narrowed.capability = enough;
    narrowed
}

/// A grants file that would have been enough, with what was left out in comments.
pub(super) fn fragment(tally: &Tally<'_>) -> String {
    let mut comments = vec![format!(
        "what {} would have needed, going by the record; read it before you use it",
        crate::error::count(
            usize::try_from(tally.runs).unwrap_or(usize::MAX),
            "recorded run"
        )
    )];
    let mut writs = tally.policy.grants.writs.clone();
    for advice in advice(tally) {
        let Some(writ) = writs
            .iter_mut()
            .find(|writ| writ.digest == advice.writ.digest)
        else {
            continue;
        };
        let mut kept: Vec<Grant> = Vec::new();
        for (grant, _, what) in &advice.grants {
            let name = format!("{}: {}", writ.plugin, grant.capability);
            match what {
                Advice::Keep => kept.push((*grant).clone()),
                Advice::Drop => comments.push(format!("{name} was never used")),
                Advice::Narrow(narrower) => {
                    comments.push(format!("{name} is narrowed to {}", narrower.capability));
                    kept.push((**narrower).clone());
                }
                Advice::Required(enough) => {
                    let used = enough.as_ref().map_or("never used".to_owned(), |enough| {
                        format!("used only as {enough}")
                    });
                    comments.push(format!(
                        "{name} was {used}, and its author requires it: ask for a narrower request"
                    ));
                    kept.push((*grant).clone());
                }
            }
        }
        writ.grants = kept;
    }
    let comments: String = comments
        .iter()
        .map(|comment| format!("# {comment}\n"))
        .collect();
    format!("{comments}{}", Grants { writs }.to_toml().trim_end())
}
