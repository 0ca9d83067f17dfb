//! One walk over the events: what each run did, whose doing it was. Holds what a live task did until the journal tells whose task
//! it is, and nothing of the past.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use serde_json::Value as Json;
use writ_journal::{Reader, Record};
use writ_run::{Event, HostCall, RunId, TaskId};

use super::{
    Documents,
    attribute::{Actor, Cast, Document},
    need::{self, Need},
    tally::{Place, Tally, Use},
};

/// Most documents that are kept parsed.
const DOCUMENTS_MAX: usize = 64;
/// Most different uses of one task that wait for its name.
const USES_MAX: usize = 4096;

pub(super) struct Walk<'r> {
    reader: &'r Reader,
    documents: Documents,
    runs: BTreeMap<RunId, Live>,
    tally: Tally<'r>,
}

/// A run that has not ended.
struct Live {
    cast: Cast,
    only: Option<Actor>,
    tasks: BTreeMap<TaskId, Doing>,
}

/// What a live task did.
#[derive(Default)]
struct Doing {
    actor: Option<Actor>,
    reference: Option<Arc<str>>,
    /// By those who called each other up to who did it (none when it is the task's own), and by what was needed.
    uses: BTreeMap<(Vec<String>, Need), Use>,
    /// A call that was about to be made, and of which no answer is recorded yet.
    intended: Option<(u32, u32, HostCall, Place)>,
    /// Uses beyond what is kept.
    more: u64,
}

impl<'r> Walk<'r> {
    pub(super) fn new(reader: &'r Reader, tally: Tally<'r>) -> Self {
        Self {
            reader,
            documents: Documents::new(),
            runs: BTreeMap::new(),
            tally,
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all other events are those of tasks, which `task_event` tells apart"
    )]
    pub(super) fn take(&mut self, record: &Record) {
        let place = Place {
            position: record.position,
            number: record.number,
            at_ms: record.at_ms,
        };
        match &record.event {
            Event::RunStarted {
                workflow, plugins, ..
            } => {
                let document = self.document(&workflow.digest);
                let cast = Cast::new(document, workflow, plugins);
                self.tally.runs += 1;
                for actor in plugins.keys().filter_map(|name| cast.plugin(name)) {
                    self.tally.meet(&actor);
                }
                let only = cast.only();
                let tasks = BTreeMap::new();
                self.runs.insert(record.run, Live { cast, only, tasks });
            }
            Event::RunCompleted { .. } | Event::RunFaulted { .. } | Event::RunCancelled { .. } => {
                self.end_run(record.run);
            }
            Event::HostDenied {
                plugin, capability, ..
            } => self
                .tally
                .was_denied(plugin, capability, self.actor(record.run, plugin)),
            other => self.task_event(record.run, other, place),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other events of tasks say nothing of who does what, and end as `ends` says"
    )]
    fn task_event(&mut self, run: RunId, event: &Event, place: Place) {
        match event {
            Event::TaskStarted(started) => {
                let Some(live) = self.runs.get_mut(&run) else {
                    return;
                };
                let actor = live.cast.of_task(&started.reference);
                // Only calls do anything; a task with tasks inside is not kept.
                if actor.is_some() {
                    let doing = live.tasks.entry(started.task).or_default();
                    doing.reference = Some(started.reference.clone());
                    doing.actor = actor;
                }
            }
            Event::HostIntended {
                task,
                attempt,
                index,
                call,
                ..
            } => {
                if let Some(doing) = self.doing(run, *task) {
                    doing.intended = Some((*attempt, *index, call.clone(), place));
                }
            }
            Event::HostCalled {
                task,
                call,
                answer,
                grant,
                chain,
                ..
            } => {
                if let Some(doing) = self.doing(run, *task) {
                    doing.intended = None;
                }
                for need in need::of_call(call, answer, grant) {
                    self.used(run, *task, (chain, need), 1, place);
                }
            }
            // The last of the chain is the one that was called; who called it needed the grant.
            Event::ToolCalled {
                task,
                call,
                grant,
                chain,
                ..
            } => {
                let callers = chain.split_last().map_or(&[][..], |(_, callers)| callers);
                let callers = if callers.len() > 1 { callers } else { &[] };
                for need in need::of_call(call, &Json::Null, grant) {
                    self.used(run, *task, (callers, need), 1, place);
                }
            }
            Event::FileUsed {
                task,
                path,
                times,
                grant,
                chain,
                ..
            } => {
                let need = need::of_file(path, grant);
                self.used(run, *task, (chain, need), *times, place);
            }
            ends => {
                if let Some(task) = ends.ends() {
                    self.end_task(run, task, reference(ends));
                }
            }
        }
    }

    fn doing(&mut self, run: RunId, task: TaskId) -> Option<&mut Doing> {
        let live = self.runs.get_mut(&run)?;
        let only = live.only.clone();
        let doing = live.tasks.entry(task).or_default();
        if doing.actor.is_none() {
            doing.actor = only;
        }
        Some(doing)
    }

    fn used(
        &mut self,
        run: RunId,
        task: TaskId,
        (chain, need): (&[String], Need),
        times: u64,
        place: Place,
    ) {
        let Some(doing) = self.doing(run, task) else {
            return;
        };
        let what = (chain.to_vec(), need);
        if doing.uses.len() >= USES_MAX && !doing.uses.contains_key(&what) {
            doing.more += times;
            return;
        }
        doing
            .uses
            .entry(what)
            .and_modify(|known| known.times += times)
            .or_insert(Use {
                times,
                first: place,
            });
    }

    fn end_task(&mut self, run: RunId, task: TaskId, reference: Option<&Arc<str>>) {
        let Some(live) = self.runs.get_mut(&run) else {
            return;
        };
        let Some(mut doing) = live.tasks.remove(&task) else {
            return;
        };
        if let Some(reference) = reference {
            doing.actor = live.cast.of_task(reference).or(doing.actor);
            doing.reference = Some(reference.clone());
        }
        let cast = live.cast.clone();
        self.judge(run, &cast, doing);
    }

    fn end_run(&mut self, run: RunId) {
        if let Some(live) = self.runs.remove(&run) {
            for doing in live.tasks.into_values() {
                self.judge(run, &live.cast, doing);
            }
        }
    }

    fn judge(&mut self, run: RunId, cast: &Cast, mut doing: Doing) {
        if let Some((_, _, call, first)) = doing.intended.take() {
            // Nobody knows whether it was made; that it needed a grant is known, and not which.
            let words = format!("{} {} that was begun", call.interface, call.function);
            doing
                .uses
                .insert((Vec::new(), Need::Unknown(words)), Use { times: 1, first });
        }
        let Doing {
            actor,
            reference,
            uses,
            more,
            ..
        } = doing;
        let task = reference.as_deref().unwrap_or_default();
        for ((chain, need), used) in uses {
            let chain = match chain.as_slice() {
                [] => actor.iter().cloned().collect(),
                steps => cast.chain(steps).unwrap_or_default(),
            };
            self.tally.judge(run, task, &chain, &need, used);
        }
        if more > 0 {
            self.tally
                .unjudged("more different uses in one task than are kept", more);
        }
    }

    fn actor(&self, run: RunId, plugin: &str) -> Option<Actor> {
        self.runs.get(&run)?.cast.plugin(plugin)
    }

    fn document(&mut self, digest: &str) -> Rc<Document> {
        if let Some(known) = self.documents.get(digest) {
            return known.clone();
        }
        if self.documents.len() >= DOCUMENTS_MAX {
            self.documents.clear();
        }
        let document = Rc::new(Document::read(self.reader, digest));
        self.documents.insert(digest.to_owned(), document.clone());
        document
    }

    /// What was found, with what unfinished runs did so far.
    pub(super) fn finish(mut self) -> Tally<'r> {
        let unfinished: Vec<RunId> = self.runs.keys().copied().collect();
        for run in unfinished {
            self.end_run(run);
        }
        self.tally
    }
}

/// The task that an ending event is about.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only these end a task: `Event::ends` is the exhaustive list"
)]
fn reference(event: &Event) -> Option<&Arc<str>> {
    match event {
        Event::TaskCompleted { reference, .. }
        | Event::TaskSkipped { reference, .. }
        | Event::TaskFaulted { reference, .. }
        | Event::TaskCancelled { reference, .. } => Some(reference),
        _ => None,
    }
}
