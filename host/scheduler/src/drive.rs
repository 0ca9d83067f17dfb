//! One active run: signals in, decisions out, actions performed, until it ends, waits, or the host stops.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures_util::{
    FutureExt, StreamExt,
    future::{AbortHandle, Abortable, BoxFuture},
    stream::FuturesUnordered,
};
use tokio::{
    sync::{OwnedMutexGuard, watch},
    time::Instant,
};
use writ_journal::{JournalError, Position};
use writ_run::{
    Action, Call, Decision, Effects, Event, Moment, Problem, Run, RunId, Signal, TaskId,
};

use crate::{
    app::App,
    asking::{self, Asking},
    call::{Returned, Work},
    clock::now_ms,
    evaluator::Evaluator,
    port::Record,
    recover,
    scheduler::{Inner, SchedulerError},
};

/// A run whose next event is further away than this gives its memory back.
const PARK_AFTER_MS: u64 = 2_000;
/// How long a call that changes the world may go on when the host stops.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Why a drive came to rest.
pub(crate) enum Rest {
    /// The run reached its end.
    Ended(Box<Run>),
    /// Nothing happens before this time; the run is only its journal until then.
    Parked { wake_ms: u64 },
    /// The host is stopping, or the run can only be moved from outside.
    Stopped(Box<Run>),
}

/// One attempt of one task activation.
type Attempt = (TaskId, u32);

/// What a call came to. An aborted one yields `None`.
type Outcome = Option<Result<Returned, JournalError>>;

/// A call that is under way.
struct UnderWay {
    abort: AbortHandle,
    effects: Effects,
    asking: Asking,
}

/// What calls have sent and wait for, held still while somebody decides whether they are given up.
#[derive(Default)]
struct Held {
    asking: BTreeSet<TaskId>,
    guards: Vec<OwnedMutexGuard<bool>>,
}

impl Held {
    /// Of all calls under way, as any signal may give them up, and of those that an earlier host left.
    async fn take(calls: &HashMap<Attempt, UnderWay>, left: &HashMap<Attempt, Record>) -> Self {
        let mut held = Self::default();
        for (&(task, _), call) in calls {
            if call.effects == Effects::Recorded {
                let guard = call.asking.hold().await;
                if *guard {
                    held.asking.insert(task);
                }
                held.guards.push(guard);
            }
        }
        let left = left
            .iter()
            .filter(|(_, record)| asking::left(record).is_some());
        held.asking.extend(left.map(|((task, _), _)| *task));
        held
    }
}

/// A run that is being driven.
pub(crate) struct Drive {
    inner: Arc<Inner>,
    app: Arc<App>,
    run: Run,
    id: RunId,
    /// Host calls recorded for attempts that did not finish before the host died.
    recorded: HashMap<Attempt, Record>,
    /// Calls under way.
    calls: FuturesUnordered<BoxFuture<'static, (Attempt, Outcome)>>,
    /// What came back while others were given up.
    returned: VecDeque<(Attempt, Outcome)>,
    aborts: HashMap<Attempt, UnderWay>,
    /// When the state machine wants to be woken.
    wake_ms: Option<u64>,
    /// The state machine used up its budget of internal steps and wants to go on.
    again: bool,
    /// Set when the host is asked to stop while a call is under way.
    stop_at: Option<Instant>,
}

impl Drive {
    pub(crate) fn new(
        inner: Arc<Inner>,
        app: Arc<App>,
        run: Run,
        id: RunId,
        recorded: HashMap<Attempt, Record>,
    ) -> Self {
        Self {
            inner,
            app,
            run,
            id,
            recorded,
            calls: FuturesUnordered::new(),
            returned: VecDeque::new(),
            aborts: HashMap::new(),
            wake_ms: None,
            again: false,
            stop_at: None,
        }
    }

    /// Drives the run from its first signal on.
    pub(crate) async fn go(mut self, first: Signal) -> Result<Rest, SchedulerError> {
        let resting = self.until_rest(first).await;
        // Nothing that was started for a run outlives its drive.
        for call in self.aborts.values() {
            call.abort.abort();
        }
        Ok(match resting? {
            Resting::Ended => Rest::Ended(Box::new(self.run)),
            Resting::Parked(wake_ms) => Rest::Parked { wake_ms },
            Resting::Stopped => Rest::Stopped(Box::new(self.run)),
        })
    }

    async fn until_rest(&mut self, first: Signal) -> Result<Resting, SchedulerError> {
        let mut stopping = self.inner.stopping();
        let mut returned = (first, Effects::None);
        loop {
            let (signal, effects) = returned;
            let held = Held::take(&self.aborts, &self.recorded).await;
            let decision = self.advance(signal, &held, *stopping.borrow());
            self.give_up(&decision, held).await;
            let (decision, position) = self.append(decision).await?;
            if let Some(resting) = self.perform(decision, position, effects).await? {
                return Ok(resting);
            }
            returned = match self.next(&mut stopping).await? {
                Some(next) => next,
                None => return Ok(Resting::Stopped),
            };
        }
    }

    /// Gives a signal to the state machine.
    fn advance(&mut self, signal: Signal, held: &Held, stopping: bool) -> Decision {
        let app = Arc::clone(&self.app);
        let moment = Moment {
            definition: &app.definition,
            now_ms: now_ms(),
            runtime: &app.runtime,
            secrets: &app.secrets,
            asking: &held.asking,
            stopping,
        };
        let run = &mut self.run;
        let work = || {
            app.with_expressions(|expressions| {
                run.advance(&moment, signal, &mut Evaluator::new(expressions))
            })
        };
        // A jq program may run for as long as its CPU limit: other runs must not wait behind it.
        if app.blocking {
            tokio::task::block_in_place(work)
        } else {
            work()
        }
    }

    /// Ends the calls that a decision gives up, and waits until they are gone: what they did is told by then, and comes before the
    /// event that ended them. They give way within a tick of the sandbox.
    async fn give_up(&mut self, decision: &Decision, held: Held) {
        let mut going = HashSet::new();
        for action in &decision.actions {
            if let Action::Abort { task, attempt } = action
                && let Some(call) = self.aborts.remove(&(*task, *attempt))
            {
                call.abort.abort();
                going.insert((*task, *attempt));
            }
        }
        // What goes on may send again; what was given up can't any more.
        drop(held);
        self.returned.retain(|(attempt, _)| !going.remove(attempt));
        while !going.is_empty() {
            let Some((attempt, outcome)) = self.calls.next().await else {
                return;
            };
            if !going.remove(&attempt) {
                self.returned.push_back((attempt, outcome));
            }
        }
    }

    /// Appends what a decision led to.
    async fn append(
        &mut self,
        decision: Decision,
    ) -> Result<(Decision, Option<Position>), SchedulerError> {
        if decision.events.is_empty() {
            return Ok((decision, None));
        }
        let journal = &self.inner.journal;
        match journal.append(self.id, now_ms(), &decision.events) {
            Ok(position) => Ok((decision, Some(position))),
            Err(error) if error.is_of_event() => self.end_unrecordable(&error).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a run that came to something which no journal holds, from where its journal leaves it. It is that run's trouble alone; left
    /// unfinished, it would come to the same at every start.
    async fn end_unrecordable(
        &mut self,
        error: &JournalError,
    ) -> Result<(Decision, Option<Position>), SchedulerError> {
        tracing::warn!(run = %self.id, %error, "a run came to what can't be recorded");
        // What its calls do comes before the end, or not at all.
        for (_, call) in self.aborts.drain() {
            call.abort.abort();
        }
        while self.calls.next().await.is_some() {}
        let detail = format!("the run came to what can't be recorded: {error}");
        let event = Event::RunFaulted {
            error: Problem::ours("limit", 500, detail),
        };
        let events = vec![event];
        let position = self.inner.journal.append(self.id, now_ms(), &events)?;
        let (run, _) = recover::fold(&self.inner.journal, self.id, &self.app)?;
        self.run = run;
        let actions = vec![Action::Finished];
        Ok((Decision { events, actions }, Some(position)))
    }

    /// Performs actions. `effects` says what the call could touch whose result led here.
    async fn perform(
        &mut self,
        decision: Decision,
        position: Option<Position>,
        effects: Effects,
    ) -> Result<Option<Resting>, JournalError> {
        let finished = decision
            .actions
            .iter()
            .any(|action| matches!(action, Action::Finished));
        if finished || effects != Effects::None {
            self.flush(position).await?;
        }
        // Nobody hears of an end, or of an effect, that could still be lost.
        if position.is_some() {
            self.inner.observe(self.id, &decision.events, &self.run);
        }
        if finished {
            return Ok(Some(Resting::Ended));
        }
        let calls = decision
            .actions
            .iter()
            .filter(|action| matches!(action, Action::Call(_)))
            .count();
        let again = decision
            .actions
            .iter()
            .any(|action| matches!(action, Action::Continue));
        // One that goes on would not look at a call in its own task.
        let inline = calls == 1 && self.is_idle() && !again;
        for action in decision.actions {
            match action {
                Action::Call(call) => self.start(*call, position, inline),
                // Given up before the events were appended.
                Action::Abort { .. } => {}
                Action::Wake { at_ms } => self.wake_ms = Some(at_ms),
                Action::Continue => {}
                Action::Finished => {}
            }
        }
        self.again = again;
        if again || !self.is_idle() {
            return Ok(None);
        }
        // About to wait: what led here must outlive the host.
        self.flush(position).await?;
        Ok(match self.wake_ms {
            Some(wake_ms) if wake_ms > now_ms().saturating_add(PARK_AFTER_MS) => {
                Some(Resting::Parked(wake_ms))
            }
            Some(_) => None,
            None => Some(Resting::Stopped),
        })
    }

    async fn flush(&mut self, position: Option<Position>) -> Result<(), JournalError> {
        match position {
            Some(position) => self.inner.journal.flush(position).await,
            None => Ok(()),
        }
    }

    /// Starts a call. A lone one runs inside this very task: waking another thread would cost as much as the call.
    fn start(&mut self, call: Call, position: Option<Position>, inline: bool) {
        let attempt = (call.task, call.attempt);
        let recorded = self.recorded.remove(&attempt).unwrap_or_default();
        let (abort, registration) = AbortHandle::new_pair();
        let asking = Asking::of(&recorded);
        let under_way = UnderWay {
            abort,
            effects: call.effects,
            asking: asking.clone(),
        };
        self.aborts.insert(attempt, under_way);
        let call = Work {
            inner: Arc::clone(&self.inner),
            app: Arc::clone(&self.app),
            run: self.id,
            call,
            recorded,
            intent: position,
            asking,
        };
        let work = Abortable::new(call.perform_caught(), registration);
        let future = if inline {
            work.map(move |done| (attempt, done.ok())).boxed()
        } else {
            let task = tokio::spawn(work);
            async move { (attempt, task.await.ok().and_then(Result::ok)) }.boxed()
        };
        self.calls.push(future);
    }

    /// Waits for the next signal; `None` when the host stops.
    async fn next(
        &mut self,
        stopping: &mut watch::Receiver<bool>,
    ) -> Result<Option<(Signal, Effects)>, JournalError> {
        if std::mem::take(&mut self.again) {
            tokio::task::yield_now().await;
            // What came back meanwhile comes first, and a host that stops waits for calls as it always does.
            if let Some(Some(outcome)) = self.outcome().now_or_never()
                && let Some(returned) = outcome.transpose()?
            {
                return Ok(Some(self.came_back(returned)));
            }
            if !*stopping.borrow() {
                return Ok(Some((Signal::Continue, Effects::None)));
            }
        }
        loop {
            let stop = *stopping.borrow();
            if stop && !self.touches_the_world() {
                return Ok(None);
            }
            let sleep = self
                .wake_ms
                .map(|at_ms| Duration::from_millis(at_ms.saturating_sub(now_ms())));
            let stop_at = if stop { self.stop_at() } else { Instant::now() };
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop), if !stop => {}
                Some(outcome) = self.outcome(), if !self.is_idle() => {
                    let Some(returned) = outcome.transpose()? else { continue };
                    return Ok(Some(self.came_back(returned)));
                }
                () = tokio::time::sleep(sleep.unwrap_or_default()), if sleep.is_some() && !stop => {
                    self.wake_ms = None;
                    return Ok(Some((Signal::Woken, Effects::None)));
                }
                // Cutting off a call that changes the world would leave it in doubt: it gets time to say how it ended.
                () = tokio::time::sleep_until(stop_at), if stop => return Ok(None),
                else => return Ok(None),
            }
        }
    }

    fn came_back(&mut self, returned: Returned) -> (Signal, Effects) {
        self.aborts.remove(&(returned.task, returned.attempt));
        returned.into_signal()
    }

    /// Whether no call is under way, and none has come back that nobody looked at.
    fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.returned.is_empty()
    }

    /// What the next call came to.
    async fn outcome(&mut self) -> Option<Outcome> {
        let returned = match self.returned.pop_front() {
            Some(returned) => Some(returned),
            None => self.calls.next().await,
        };
        returned.map(|(_, outcome)| outcome)
    }

    /// When the patience with calls that are under way ends.
    fn stop_at(&mut self) -> Instant {
        *self
            .stop_at
            .get_or_insert_with(|| Instant::now() + STOP_GRACE)
    }

    fn touches_the_world(&self) -> bool {
        self.aborts
            .values()
            .any(|call| call.effects != Effects::None)
    }
}

/// [`Rest`] before the run is moved into it.
enum Resting {
    Ended,
    Parked(u64),
    Stopped,
}
