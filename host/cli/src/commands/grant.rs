//! `writ grant …`: the reviewer's key. What is approved here binds to the exact component that is there now.

use std::path::PathBuf;

use serde_json::Value as Json;
use writ_grant::{Grants, Writ};

use self::review::Review;
use crate::{
    app::App,
    args::{Grant, GrantTarget},
    error::{Exit, Failure, Result},
    load,
    out::{errln, outln},
    policy::Policy,
    progress::Progress,
    subject::Subject,
    whole::write_file,
};

mod approve;
mod ask;
mod choice;
mod diff;
mod dry_run;
mod list;
pub(crate) mod review;
mod revoke;
mod sign;
mod who_can;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(crate) fn run(arguments: &Grant, json: bool) -> Result<Exit> {
    match arguments {
        Grant::Review { target, signer } => {
            let file = File::open(target)?;
            if !json && ask::possible() {
                ask::run(file, target, signer)
            } else {
                show(&file, target, json)
            }
        }
        Grant::Approve {
            target,
            all_requested,
            allow,
            expires_days,
            signer,
        } => {
            let what = if *all_requested {
                approve::What::AllRequested
            } else {
                approve::What::These(allow)
            };
            let file = File::open(target)?;
            let expires_ms = expires_days.map(|days| file.now_ms + u64::from(days) * DAY_MS);
            approve::run(file, target, &what, expires_ms, signer, json)
        }
        Grant::Sign { target, signer } => {
            approve::and_sign(&File::open(target)?, target, signer, json)
        }
        Grant::List(target) => list::run(&File::open(target)?, target, json),
        Grant::Revoke {
            target,
            reason,
            signer,
        } => revoke::run(File::open(target)?, target, reason.as_deref(), signer, json),
        Grant::Diff(arguments) => diff::run(arguments, json),
        Grant::WhoCan(arguments) => who_can::run(arguments, json),
        Grant::DryRun(arguments) => dry_run::run(arguments, json),
    }
}

/// An app, its grants file and what is signed beside it. Plugins are read only where they are needed: taking authority back must
/// work without them.
struct File {
    app: App,
    path: PathBuf,
    /// The grants file as it will be.
    grants: Grants,
    /// Whether that differs from what it is.
    changed: bool,
    policy: Policy,
    now_ms: u64,
}

impl File {
    fn open(target: &GrantTarget) -> Result<Self> {
        let mut app = App::open(&target.app, None, None)?;
        if let Some(path) = &target.grants {
            app.grants = Some(crate::app::absolute(path)?);
        }
        let path = app
            .grants
            .clone()
            .unwrap_or_else(|| app.folder.join("grants.toml"));
        app.grants = Some(path.clone());
        let policy = Policy::to_write(&app, &path)?;
        let grants = policy.grants().clone();
        Ok(Self {
            app,
            path,
            grants,
            changed: false,
            policy,
            now_ms: writ_scheduler::now_ms(),
        })
    }

    /// The app's plugins, and its workflow if that can be understood; or the one that was named.
    fn subjects(&self, target: &GrantTarget, json: bool) -> Result<Vec<Subject>> {
        let progress = Progress::new(json);
        let plugins = load::plugins(&self.app, &|text| progress.say(text))?;
        let mut subjects: Vec<Subject> = plugins
            .values()
            .map(|found| Subject::plugin(&found.plugin))
            .collect();
        let text = self.app.workflow_text().ok();
        // What is wrong with a workflow is for `writ check` to say.
        if let Some(Ok(workflow)) = text.map(|text| writ_workflow::parse(&text, "workflow")) {
            subjects.push(Subject::workflow(&workflow)?);
        }
        if let Some(name) = &target.plugin {
            subjects.retain(|known| known.name == *name);
            if subjects.is_empty() {
                return Err(Failure::usage(format!("this app has no plugin `{name}`"))
                    .help("`writ plugin list` shows them; a workflow is named NAMESPACE/NAME"));
            }
        }
        Ok(subjects)
    }

    /// Puts a writ in the place of the one for the same digest.
    fn keep(&mut self, writ: Writ) {
        self.grants
            .writs
            .retain(|known| known.digest != writ.digest);
        self.grants.writs.push(writ);
        self.changed = true;
    }

    /// Takes an unsigned writ away: once there is a signed one, it must not come back when that is gone.
    fn forget(&mut self, subject: &Subject) {
        let before = self.grants.writs.len();
        self.grants
            .writs
            .retain(|known| known.digest != subject.digest);
        self.changed |= self.grants.writs.len() < before;
    }

    fn save(&self) -> Result<()> {
        write_file(&self.path, self.grants.to_toml().as_bytes())
    }
}

fn show(file: &File, target: &GrantTarget, json: bool) -> Result<Exit> {
    let subjects = shown(file, target, json)?;
    let reviews = reviews(file, &subjects);
    if json {
        outln!(
            "{}",
            Json::Array(reviews.iter().map(Review::json).collect())
        );
        return Ok(Exit::Done);
    }
    for review in &reviews {
        review.print();
    }
    if reviews.is_empty() {
        errln!("no plugins here");
    } else if reviews.iter().all(Review::settled) {
        outln!("Nothing is left to decide.");
    } else {
        review::advise(&file.app.folder, file.policy.strict());
    }
    Ok(Exit::Done)
}

/// What a reviewer has to look at: a workflow that asks for nothing only where everything needs a writ.
fn shown(file: &File, target: &GrantTarget, json: bool) -> Result<Vec<Subject>> {
    let mut subjects = file.subjects(target, json)?;
    let all = file.policy.strict() || target.plugin.is_some();
    subjects.retain(|subject| all || subject.is_plugin() || !subject.requests.is_empty());
    Ok(subjects)
}

fn reviews<'a>(file: &'a File, subjects: &'a [Subject]) -> Vec<Review<'a>> {
    subjects
        .iter()
        .map(|subject| Review::of(subject, &file.policy, file.now_ms))
        .collect()
}
