//! `call`: the intent, the call itself, what came back, and what is left of a call that a host took to its grave.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::model::{Call as CallTask, CallTarget, HttpCall, Task, TaskKind};

use crate::{
    Action, Call, Effects, Intent, Problem, TaskId, TaskStarted,
    arguments::View,
    begin::Ready,
    flow::{Step, Stop},
    fold::Misfit,
    run::Outstanding,
    state::{Calling, Inside, Phase, Site},
    tree::{Fold, Lane},
    uri,
};

/// The plugin that stands for this host itself in an intent. No plugin has its name.
const OWN: &str = "writ";
const HTTP: &str = "http";

/// What is called, and with what.
struct Target<'a> {
    callee: Callee<'a>,
    arguments: Arc<Json>,
    effects: Effects,
}

#[derive(Clone, Copy)]
enum Callee<'a> {
    Plugin {
        plugin: &'a str,
        version: &'a str,
        function: &'a str,
    },
    Http(&'a HttpCall),
}

impl<'a> Callee<'a> {
    /// What of a call's target this host calls; none for a function of the document.
    fn of(target: &'a CallTarget) -> Option<Self> {
        match target {
            CallTarget::Plugin {
                plugin,
                version,
                function,
            } => Some(Self::Plugin {
                plugin,
                version,
                function,
            }),
            CallTarget::Http(call) => Some(Self::Http(call)),
            CallTarget::Defined(_) | CallTarget::Protocol(_) => None,
        }
    }

    /// Plugin and function, as an intent names them.
    fn named(self) -> (&'a str, &'a str) {
        match self {
            Self::Plugin {
                plugin, function, ..
            } => (plugin, function),
            Self::Http(_) => (OWN, HTTP),
        }
    }

    fn owned(self) -> crate::Callee {
        match self {
            Self::Plugin {
                plugin,
                version,
                function,
            } => crate::Callee::Plugin {
                plugin: plugin.to_owned(),
                version: version.to_owned(),
                function: function.to_owned(),
            },
            Self::Http(call) => crate::Callee::Http(call.clone()),
        }
    }
}

impl Fold<'_> {
    pub(crate) fn call_started(
        &mut self,
        site: &Site,
        started: &TaskStarted,
    ) -> Result<(), Misfit> {
        let clock_ms = self.state.clock_ms;
        self.activation_mut(site.id)?.phase = Phase::Calling(Calling {
            clock_ms,
            intent: started.call.clone(),
        });
        self.todo.insert(site.id);
        Ok(())
    }

    /// A function of the document sees its arguments only, not the variables around the call.
    pub(crate) fn function_started(
        &mut self,
        site: &Site,
        input: Arc<Json>,
        arguments: Option<Arc<Json>>,
    ) -> Result<(), Misfit> {
        let arguments = arguments.unwrap_or_else(|| input.clone());
        self.open(site.id, input, Inside::List(None))?;
        let mut lane = Lane::inside(site, 0);
        lane.scope = Default::default();
        self.reach(lane, 0, arguments)
    }
}

impl Step<'_, '_> {
    pub(crate) fn begin_call(&mut self, ready: &Ready<'_>, call: &CallTask) -> Result<(), Stop> {
        if let CallTarget::Protocol(protocol) = &call.target {
            return Err(self.not_possible(&format!("`call: {protocol}` is not executed yet")));
        }
        let Some(callee) = Callee::of(&call.target) else {
            let arguments = self.fill(ready.site, &call.with, &ready.input, &ready.view())?;
            return self.begin_function(ready, arguments);
        };
        let target = Target {
            callee,
            arguments: self.arguments(ready.site, call, &ready.input)?,
            effects: match callee {
                Callee::Plugin {
                    plugin, function, ..
                } => self.at.definition.effects_of(plugin, function),
                // Each request that is not safe has an intent of its own.
                Callee::Http(_) => Effects::Recorded,
            },
        };
        if target.effects != Effects::None || ready.deadline_ms.is_some() {
            self.declare(ready, &target);
        }
        self.issue(ready.site, ready.input.clone(), target);
        Ok(())
    }

    /// A function that the document defines: its task gets the arguments as raw input.
    fn begin_function(&mut self, ready: &Ready<'_>, arguments: Arc<Json>) -> Result<(), Stop> {
        self.admit(ready, 1)?;
        let mut started = self.started(ready);
        started.arguments = (arguments != ready.input).then_some(arguments);
        self.emit_started(started);
        Ok(())
    }

    /// What a call is made with. In the endpoint of `call: http`, as written in the document, names stand for members of the input.
    fn arguments(
        &mut self,
        site: &Site,
        call: &CallTask,
        input: &Arc<Json>,
    ) -> Result<Arc<Json>, Stop> {
        let view = View::definition(&site.context, input);
        let mut arguments = self.fill(site, &call.with, input, &view)?;
        if let CallTarget::Http(HttpCall { template, .. }) = &call.target
            && let Some(Json::String(endpoint)) = Arc::make_mut(&mut arguments).get_mut("endpoint")
        {
            if *template {
                *endpoint = uri::expand(endpoint, input)
                    .map_err(|detail| Stop::from(Problem::dsl("expression", 400, detail)))?;
            }
            uri::root(endpoint);
        }
        Ok(arguments)
    }

    /// Records that a call is about to be made.
    fn declare(&mut self, ready: &Ready<'_>, target: &Target<'_>) {
        let mut started = self.started(ready);
        started.input = None;
        started.at_ms = Some(self.at.now_ms);
        let (plugin, function) = target.callee.named();
        started.call = (target.effects != Effects::None).then(|| Intent {
            plugin: plugin.to_owned(),
            function: function.to_owned(),
            attempt: ready.site.attempt,
            effects: target.effects,
            idempotency_key: self.key(ready.site),
        });
        self.emit_started(started);
    }

    /// The same for every execution of one activation, and for no other.
    fn key(&self, site: &Site) -> String {
        format!("{}/{}", self.run.id(), site.id.0)
    }

    /// Asks for a call.
    fn issue(&mut self, site: &Site, input: Arc<Json>, target: Target<'_>) {
        let recorded = self
            .run
            .state
            .live
            .get(&site.id)
            .map(|activation| &activation.phase);
        let clock_ms = match recorded {
            Some(Phase::Calling(calling)) => calling.clock_ms,
            Some(Phase::Pending | Phase::Waiting { .. } | Phase::Open(_)) | None => site.clock_ms,
        };
        let call = Call {
            task: site.id,
            attempt: site.attempt,
            callee: target.callee.owned(),
            arguments: Arc::unwrap_or_clone(target.arguments),
            effects: target.effects,
            clock_ms,
            seed: self.seed_of(site.id, site.attempt, "call"),
            deadline_ms: self.run.state.deadline_of(site.id),
            idempotency_key: self.key(site),
            reference: site.reference.clone(),
        };
        self.run.life.todo.remove(&site.id);
        let attempt = site.attempt;
        self.run
            .life
            .outstanding
            .insert(site.id, Outstanding { attempt, input });
        self.decision.actions.push(Action::Call(Box::new(call)));
    }

    /// A call that was started in an earlier life of the run, and of which no result is recorded.
    pub(crate) fn call_again(
        &mut self,
        site: &Site,
        task: &Task,
        calling: &Calling,
    ) -> Result<(), Stop> {
        if let Some(intent) = calling
            .intent
            .as_ref()
            .filter(|intent| intent.effects == Effects::Once)
        {
            return Err(in_doubt(intent));
        }
        let TaskKind::Call(call) = &task.kind else {
            return Ok(());
        };
        let Some(callee) = Callee::of(&call.target) else {
            return Ok(());
        };
        let input = self.transformed(site, task)?;
        let arguments = self.arguments(site, call, &input)?;
        let effects = calling
            .intent
            .as_ref()
            .map_or(Effects::None, |intent| intent.effects);
        let target = Target {
            callee,
            arguments,
            effects,
        };
        self.issue(site, input, target);
        Ok(())
    }

    /// A call came back. One that nobody waits for any more is ignored.
    pub(crate) fn returned(&mut self, task: TaskId, attempt: u32, result: Result<Json, Problem>) {
        let outstanding = &mut self.run.life.outstanding;
        if outstanding
            .get(&task)
            .is_none_or(|call| call.attempt != attempt)
        {
            return;
        }
        let (Some(call), Some(activation)) =
            (outstanding.remove(&task), self.run.state.live.get(&task))
        else {
            return;
        };
        let site = activation.site.clone();
        let intended =
            matches!(&activation.phase, Phase::Calling(calling) if calling.intent.is_some());
        let at_ms = intended.then_some(self.at.now_ms);
        let definition = self.at.definition.workflow.task(site.task);
        let ended = match result {
            Ok(output) => self.complete(&site, definition, &call.input, Arc::new(output), at_ms),
            Err(problem) => Err(Box::new(problem)),
        };
        if let Err(error) = ended {
            self.emit_faulted(&site, error, at_ms);
        }
    }

    /// Forgets a call whose result is no longer wanted.
    pub(crate) fn give_up_call(&mut self, task: TaskId) {
        let Some(call) = self.run.life.outstanding.remove(&task) else {
            return;
        };
        let actions = &mut self.decision.actions;
        let before = actions.len();
        actions.retain(|action| !matches!(action, Action::Call(asked) if asked.task == task));
        if actions.len() == before {
            let attempt = call.attempt;
            actions.push(Action::Abort { task, attempt });
        }
    }
}

/// Nobody can say whether the effect happened; a person has to look.
fn in_doubt(intent: &Intent) -> Stop {
    let detail = format!(
        "the host stopped while {}/{} was at work, so nobody can say whether it happened; look, then settle it by hand",
        intent.plugin, intent.function
    );
    let problem = Problem::ours("in-doubt", 500, detail)
        .with("plugin", intent.plugin.as_str())
        .with("function", intent.function.as_str())
        .with("idempotencyKey", intent.idempotency_key.as_str());
    problem.into()
}
