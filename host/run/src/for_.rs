//! `for`: a list of tasks for every item, one after the other as the DSL says, or some at a time.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::model::{For, Task, Template};

use crate::{
    Event, Problem, TaskId,
    arguments::View,
    begin::Ready,
    data::kind_of,
    flow::{Step, Stop},
    fold::Misfit,
    fork::Gathered,
    state::{Inside, Open, Scope, Site},
    tree::{Fold, Lane},
};

/// A loop whose iterations follow each other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loop {
    items: Arc<Json>,
    /// Position of the iteration that runs or comes next.
    next: usize,
    /// Output of the latest iteration, or the loop's input.
    value: Arc<Json>,
    step: LoopStep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoopStep {
    /// The body runs.
    Body,
    /// `while` is to be asked.
    Asking,
    /// No item is left.
    Done,
}

impl Loop {
    pub(crate) fn output(&self) -> Option<Arc<Json>> {
        (self.step != LoopStep::Body).then(|| self.value.clone())
    }

    /// How many iterations are done, of how many.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.next as u64, count(&self.items) as u64)
    }
}

/// A loop whose iterations are independent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parallel {
    items: Arc<Json>,
    next: usize,
    done: usize,
    outputs: Gathered,
}

impl Parallel {
    pub(crate) fn output(&self) -> Option<Arc<Json>> {
        (self.done == self.outputs.lists()).then(|| self.outputs.array())
    }

    pub(crate) fn is_too_much(&self) -> bool {
        self.outputs.is_too_much()
    }

    /// How many iterations are done, of how many.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.done as u64, self.outputs.lists() as u64)
    }
}

fn count(items: &Json) -> usize {
    items.as_array().map_or(0, Vec::len)
}

/// The variables of one iteration.
fn bind(scope: &Scope, looped: &For, items: &Json, position: usize) -> Scope {
    let item = items.get(position).cloned().unwrap_or(Json::Null);
    scope
        .bind(&looped.each, Arc::new(item))
        .bind(&looped.at, Arc::new(Json::from(position)))
}

/// The list of one iteration.
fn iteration(site: &Site, looped: &For, items: &Json, position: usize, lane: u32) -> Lane {
    let mut inside = Lane::inside(site, lane);
    inside.scope = bind(&site.scope, looped, items, position);
    inside.index.push(position as u64);
    inside
}

impl Fold<'_> {
    pub(crate) fn for_started(
        &mut self,
        site: &Site,
        looped: &For,
        input: Arc<Json>,
        items: Arc<Json>,
    ) -> Result<(), Misfit> {
        if !items.is_array() {
            return Err(Misfit::NoItems);
        }
        if let Some(concurrency) = looped.concurrency {
            return self.parallel_started(site, looped, concurrency, input, items);
        }
        let state = Loop {
            next: if looped.body.is_empty() {
                count(&items)
            } else {
                0
            },
            items,
            value: input.clone(),
            step: LoopStep::Body,
        };
        self.open(site.id, input, Inside::Loop(state))?;
        self.next_iteration(site, looped)
    }

    fn parallel_started(
        &mut self,
        site: &Site,
        looped: &For,
        concurrency: u32,
        input: Arc<Json>,
        items: Arc<Json>,
    ) -> Result<(), Misfit> {
        let total = count(&items);
        let nothing = total == 0 || looped.body.is_empty();
        let state = Parallel {
            items,
            next: if nothing { total } else { 0 },
            done: if nothing { total } else { 0 },
            outputs: Gathered::new(total, nothing.then(|| input.clone())),
        };
        self.open(site.id, input, Inside::Parallel(state))?;
        if nothing {
            self.todo.insert(site.id);
        }
        for _ in 0..total.min(concurrency.max(1) as usize) {
            self.next_item(site)?;
        }
        Ok(())
    }

    /// Goes on with the next item, asks `while` first, or is done.
    fn next_iteration(&mut self, site: &Site, looped: &For) -> Result<(), Misfit> {
        let Inside::Loop(state) = &mut self.open_mut(site.id)?.inside else {
            return Err(Misfit::NothingInside);
        };
        state.step = if state.next >= count(&state.items) {
            LoopStep::Done
        } else if looped.r#while.is_some() {
            LoopStep::Asking
        } else {
            LoopStep::Body
        };
        if state.step == LoopStep::Body {
            return self.run_iteration(site, looped);
        }
        self.todo.insert(site.id);
        Ok(())
    }

    fn run_iteration(&mut self, site: &Site, looped: &For) -> Result<(), Misfit> {
        let Inside::Loop(state) = &mut self.open_mut(site.id)?.inside else {
            return Err(Misfit::NothingInside);
        };
        state.step = LoopStep::Body;
        let lane = iteration(site, looped, &state.items, state.next, 0);
        let value = state.value.clone();
        self.reach(lane, 0, value)
    }

    /// `while` allowed an iteration.
    pub(crate) fn iterated(
        &mut self,
        site: &Site,
        looped: &For,
        position: u64,
    ) -> Result<(), Misfit> {
        let Inside::Loop(state) = &self.open_mut(site.id)?.inside else {
            return Err(Misfit::NothingInside);
        };
        if state.step != LoopStep::Asking || state.next as u64 != position {
            return Err(Misfit::NotLive);
        }
        self.todo.remove(&site.id);
        self.run_iteration(site, looped)
    }

    pub(crate) fn iteration_ended(
        &mut self,
        looped: TaskId,
        output: Arc<Json>,
    ) -> Result<(), Misfit> {
        let site = self.site(looped)?;
        if let Inside::Loop(state) = &mut self.open_mut(looped)?.inside {
            state.value = output;
            state.next += 1;
        }
        let definition = self.for_of(&site)?;
        self.next_iteration(&site, definition)
    }

    pub(crate) fn item_ended(
        &mut self,
        looped: TaskId,
        lane: u32,
        output: Arc<Json>,
    ) -> Result<(), Misfit> {
        let site = self.site(looped)?;
        let Inside::Parallel(state) = &mut self.open_mut(looped)?.inside else {
            return Err(Misfit::NothingInside);
        };
        state.outputs.put(lane, output)?;
        state.done += 1;
        if state.done == state.outputs.lists() || state.is_too_much() {
            self.todo.insert(looped);
        }
        self.next_item(&site)
    }

    /// Starts the next item, if any is left.
    fn next_item(&mut self, site: &Site) -> Result<(), Misfit> {
        let definition = self.for_of(site)?;
        let open = self.open_mut(site.id)?;
        let input = open.input.clone();
        let Inside::Parallel(state) = &mut open.inside else {
            return Err(Misfit::NothingInside);
        };
        let position = state.next;
        if position >= state.outputs.lists() {
            return Ok(());
        }
        state.next += 1;
        let number = u32::try_from(position).map_err(|_| Misfit::TooMany)?;
        let lane = iteration(site, definition, &state.items, position, number);
        self.reach(lane, 0, input)
    }
}

impl Step<'_, '_> {
    /// Evaluates what is iterated, and starts.
    pub(crate) fn begin_for(&mut self, ready: &Ready<'_>, looped: &For) -> Result<(), Stop> {
        if looped.concurrency.is_some() && looped.r#while.is_some() {
            return Err(self.not_possible("`while` cannot be asked of iterations that run at the same time; remove `while` or `metadata.writ.concurrency`"));
        }
        let view = ready.view();
        let items = self.fill(ready.site, &looped.r#in, &ready.input, &view)?;
        if !items.is_array() {
            let detail = format!(
                "`for.in` must yield an array, but yielded {}",
                kind_of(&items)
            );
            return Err(Problem::dsl("expression", 400, detail).into());
        }
        let lanes = looped.concurrency.map_or(1, |lanes| lanes as usize);
        self.admit(ready, lanes.min(count(&items)))?;
        let mut started = self.started(ready);
        started.items = (!is_literal(looped)).then_some(items);
        self.emit_started(started);
        Ok(())
    }

    /// Asks `while`, or completes the loop.
    pub(crate) fn step_loop(
        &mut self,
        site: &Site,
        task: &Task,
        open: &Open,
        looped: &For,
    ) -> Result<(), Stop> {
        let Inside::Loop(state) = &open.inside else {
            return self.close(site, task, open);
        };
        let (LoopStep::Asking, Some(condition)) = (state.step, &looped.r#while) else {
            return self.close(site, task, open);
        };
        let scope = bind(&site.scope, looped, &state.items, state.next);
        let view = View::definition(&self.run.context(), &open.input).with_scope(scope);
        if self.holds(site, condition, &state.value, &view)? {
            self.emit(Event::TaskIterated {
                task: site.id,
                reference: site.reference.clone(),
                index: site.index.clone(),
                iteration: state.next as u64,
            });
            return Ok(());
        }
        self.complete(site, task, &open.input, state.value.clone(), None)
    }
}

/// Whether the document itself says what is iterated, so that no event need.
fn is_literal(looped: &For) -> bool {
    matches!(looped.r#in, Template::Literal(_))
}
