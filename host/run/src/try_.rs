//! `try`: attempts, what is caught, what handles it. How retries are spaced is next door, in `retry`.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::model::{Task, Try};

use crate::{
    Event, Problem, TaskId,
    arguments::View,
    begin::Ready,
    flow::{Step, Stop},
    fold::Misfit,
    state::{Inside, Open, Site, Timer},
    tree::{Fold, Lane},
};

/// How far a `try` is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempts {
    /// The running attempt, or the latest, from 1.
    pub(crate) number: u32,
    /// When the running attempt times out.
    pub(crate) deadline_ms: Option<u64>,
    /// After this nothing is tried again.
    pub(crate) until_ms: Option<u64>,
    stage: TryStage,
    /// An error was caught.
    pub(crate) caught: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum TryStage {
    Trying,
    /// The attempt failed; what follows is to be decided.
    Deciding(Box<Problem>),
    /// Until the next attempt.
    Pausing {
        due_ms: u64,
    },
    Handling,
    Ended(Arc<Json>),
}

impl Attempts {
    pub(crate) fn is_trying(&self) -> bool {
        self.stage == TryStage::Trying
    }

    pub(crate) fn is_handling(&self) -> bool {
        self.stage == TryStage::Handling
    }

    pub(crate) fn due_ms(&self) -> Option<u64> {
        if let TryStage::Pausing { due_ms } = self.stage {
            Some(due_ms)
        } else {
            None
        }
    }

    pub(crate) fn output(&self) -> Option<Arc<Json>> {
        if let TryStage::Ended(output) = &self.stage {
            Some(output.clone())
        } else {
            None
        }
    }

    pub(crate) fn error(&self) -> Option<&Problem> {
        if let TryStage::Deciding(error) = &self.stage {
            Some(error)
        } else {
            None
        }
    }
}

impl Fold<'_> {
    pub(crate) fn try_started(
        &mut self,
        site: &Site,
        input: Arc<Json>,
        deadline_ms: Option<u64>,
        until_ms: Option<u64>,
    ) -> Result<(), Misfit> {
        let attempts = Attempts {
            number: 1,
            deadline_ms: None,
            until_ms,
            stage: TryStage::Trying,
            caught: false,
        };
        self.open(site.id, input, Inside::Try(attempts))?;
        self.begin_attempt(site, 1, deadline_ms)
    }

    fn begin_attempt(
        &mut self,
        site: &Site,
        number: u32,
        deadline_ms: Option<u64>,
    ) -> Result<(), Misfit> {
        let open = self.open_mut(site.id)?;
        let input = open.input.clone();
        let attempts = attempts_mut(open)?;
        attempts.number = number;
        attempts.deadline_ms = deadline_ms;
        attempts.stage = TryStage::Trying;
        if let Some(deadline) = deadline_ms {
            self.state
                .timers
                .insert((deadline, site.id, Timer::Attempt));
        }
        let mut lane = Lane::inside(site, 0);
        lane.attempt = number;
        self.reach(lane, 0, input)
    }

    /// What was inside faulted.
    pub(crate) fn attempt_failed(
        &mut self,
        tried: TaskId,
        error: Box<Problem>,
    ) -> Result<(), Misfit> {
        self.end_attempt_timer(tried)?;
        attempts_mut(self.open_mut(tried)?)?.stage = TryStage::Deciding(error);
        self.todo.insert(tried);
        Ok(())
    }

    /// The attempt, or the handler, ended well.
    pub(crate) fn attempt_ended(&mut self, tried: TaskId, output: Arc<Json>) -> Result<(), Misfit> {
        self.end_attempt_timer(tried)?;
        attempts_mut(self.open_mut(tried)?)?.stage = TryStage::Ended(output);
        self.todo.insert(tried);
        Ok(())
    }

    fn end_attempt_timer(&mut self, tried: TaskId) -> Result<(), Misfit> {
        let deadline = attempts_mut(self.open_mut(tried)?)?.deadline_ms.take();
        if let Some(deadline) = deadline {
            self.state.timers.remove(&(deadline, tried, Timer::Attempt));
        }
        Ok(())
    }

    /// It tries again, now or later.
    pub(crate) fn retried(
        &mut self,
        site: &Site,
        number: u32,
        due_ms: Option<u64>,
        deadline_ms: Option<u64>,
    ) -> Result<(), Misfit> {
        let attempts = attempts_mut(self.open_mut(site.id)?)?;
        if attempts.error().is_none() {
            return Err(Misfit::NoError);
        }
        attempts.number = number;
        let Some(due_ms) = due_ms else {
            self.todo.remove(&site.id);
            return self.begin_attempt(site, number, deadline_ms);
        };
        attempts.stage = TryStage::Pausing { due_ms };
        self.state.timers.insert((due_ms, site.id, Timer::Retry));
        self.todo.remove(&site.id);
        Ok(())
    }

    /// The pause before another attempt is over.
    pub(crate) fn resumed(&mut self, site: &Site, deadline_ms: Option<u64>) -> Result<(), Misfit> {
        let attempts = attempts_mut(self.open_mut(site.id)?)?;
        let due_ms = attempts.due_ms().ok_or(Misfit::NotLive)?;
        let number = attempts.number;
        self.state.timers.remove(&(due_ms, site.id, Timer::Retry));
        self.begin_attempt(site, number, deadline_ms)
    }

    /// The error is handled, or swallowed where nothing handles it.
    pub(crate) fn caught(&mut self, site: &Site, tried: &Try) -> Result<(), Misfit> {
        let open = self.open_mut(site.id)?;
        let input = open.input.clone();
        let attempts = attempts_mut(open)?;
        let error = attempts.error().ok_or(Misfit::NoError)?.to_json();
        attempts.caught = true;
        if tried.handler.is_none() {
            return self.attempt_ended(site.id, input);
        }
        attempts.stage = TryStage::Handling;
        self.todo.remove(&site.id);
        let mut lane = Lane::inside(site, 0);
        lane.scope = lane.scope.bind(&tried.r#as, Arc::new(error));
        self.reach(lane, 0, input)
    }
}

fn attempts_mut(open: &mut Open) -> Result<&mut Attempts, Misfit> {
    if let Inside::Try(attempts) = &mut open.inside {
        Ok(attempts)
    } else {
        Err(Misfit::NothingInside)
    }
}

impl Step<'_, '_> {
    /// Starts the first attempt.
    pub(crate) fn begin_try(&mut self, ready: &Ready<'_>, tried: &Try) -> Result<(), Stop> {
        self.admit(ready, 1)?;
        let mut started = self.started(ready);
        if let Some(retry) = &tried.retry {
            let view = ready.view();
            started.attempt_deadline_ms = self.due(
                ready.site,
                retry.attempt_duration.as_ref(),
                &ready.input,
                &view,
            )?;
            started.retry_until_ms =
                self.due(ready.site, retry.duration.as_ref(), &ready.input, &view)?;
            started.at_ms = Some(self.at.now_ms);
        }
        self.emit_started(started);
        Ok(())
    }

    /// Decides what follows a failed attempt, or completes.
    pub(crate) fn step_try(
        &mut self,
        site: &Site,
        task: &Task,
        open: &Open,
        tried: &Try,
    ) -> Result<(), Stop> {
        let Inside::Try(attempts) = &open.inside else {
            return Ok(());
        };
        let Some(error) = attempts.error() else {
            return self.close(site, task, open);
        };
        let scope = site.scope.bind(&tried.r#as, Arc::new(error.to_json()));
        let view = View::definition(&self.run.context(), &open.input).with_scope(scope);
        if !self.catches(site, open, tried, error, &view)? {
            self.pass_on(site);
            return Ok(());
        }
        if let Some(pause) = self.retries(site, open, tried, attempts, &view)? {
            self.retry(site, attempts, pause);
        } else if tried.retry.is_some() && tried.handler.is_none() && tried.then.is_none() {
            self.pass_on(site);
        } else {
            self.emit(Event::TaskCaught {
                task: site.id,
                reference: site.reference.clone(),
                index: site.index.clone(),
            });
        }
        Ok(())
    }

    /// `errors.with`, `when`, `exceptWhen`.
    fn catches(
        &mut self,
        site: &Site,
        open: &Open,
        tried: &Try,
        error: &Problem,
        view: &View,
    ) -> Result<bool, Stop> {
        let shown = error.to_json();
        let matches = tried
            .errors
            .iter()
            .all(|(member, wanted)| shown.get(member).is_some_and(|shown| same(shown, wanted)));
        Ok(matches
            && self.allowed(
                site,
                open,
                tried.when.as_ref(),
                tried.except_when.as_ref(),
                view,
            )?)
    }

    /// The error goes up: nothing here deals with it.
    fn pass_on(&mut self, site: &Site) {
        self.emit(Event::TaskFaulted {
            task: site.id,
            reference: site.reference.clone(),
            index: site.index.clone(),
            error: None,
            at_ms: None,
        });
    }
}

/// Whether two values are equal as JSON has it, where `503.0` is `503`.
fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) if one.is_f64() || other.is_f64() => {
            one.as_f64() == other.as_f64()
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let found = |(name, one)| other.get(name).is_some_and(|other| same(one, other));
            one.len() == other.len() && one.iter().all(found)
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        for (one, other) in [
            (json!(503), json!(503.0)),
            (json!(-0.0), json!(0)),
            (json!({"a": [1, {"b": 2.0}]}), json!({"a": [1.0, {"b": 2}]})),
        ] {
            assert!(same(&one, &other) && same(&other, &one), "{one} {other}");
        }
        for (one, other) in [
            (json!(503), json!(503.5)),
            (json!(u64::MAX), json!(u64::MAX - 1)),
            (json!(1), json!("1")),
            (json!([1]), json!([1, 1])),
            (json!({"a": 1}), json!({"b": 1})),
            (json!({"a": 1}), json!({"a": 1, "b": 1})),
        ] {
            assert!(!same(&one, &other) && !same(&other, &one), "{one} {other}");
        }
    }
}
