//! The clock that interrupts guests: a thread that raises every engine's epoch while guests run, and sleeps while none
//! do. It must not know what an epoch's end means to a call.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use wasmtime::{Engine, EngineWeak};

use crate::fault::Fault;

/// Time between two epochs, in milliseconds: how far a guest may overrun its limits.
const TICK_MS: u64 = 2;
/// Ticks without any guest after which the thread goes to sleep. Waking it costs a caller microseconds, so it lingers.
const IDLE_TICKS: u32 = 100;

/// Owns the thread, which begins with the first guest; dropping it stops and joins it.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: OnceLock<JoinHandle<()>>,
    starting: Mutex<()>,
}

struct Shared {
    engines: Mutex<Vec<EngineWeak>>,
    /// Guests that are running now.
    running: AtomicUsize,
    /// Whether the thread sleeps, or is about to look once more and then sleep.
    parked: AtomicBool,
    stopped: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

/// While it lives, the clock ticks.
pub(crate) struct Running<'a>(&'a Shared);

impl Ticker {
    pub(crate) fn new() -> Self {
        let shared = Arc::new(Shared {
            engines: Mutex::default(),
            running: AtomicUsize::new(0),
            parked: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        });
        Self {
            shared,
            thread: OnceLock::new(),
            starting: Mutex::default(),
        }
    }

    /// Loading components needs no thread, and a host may want to be bound before it has any. Without one, no guest runs.
    fn start(&self) -> std::io::Result<()> {
        let _alone = self.starting.lock();
        if self.thread.get().is_none() {
            let own = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new()
                .name("writ-epochs".into())
                .spawn(move || own.tick_until_stopped())?;
            self.thread.get_or_init(|| thread);
        }
        Ok(())
    }

    /// Raises this engine's epoch too, for as long as the engine lives.
    pub(crate) fn watch(&self, engine: &Engine) {
        self.shared.engines.lock().push(engine.weak());
    }

    /// Says that a guest runs.
    ///
    /// # Errors
    /// When the thread can't be started: then nothing would ever interrupt the guest.
    pub(crate) fn run(&self) -> Result<Running<'_>, Fault> {
        if self.thread.get().is_none() {
            self.start().map_err(|error| Fault::Host {
                message: format!("the sandbox's clock thread can't start: {error}"),
            })?;
        }
        // Sequentially consistent on both sides: either we see `parked`, or the thread sees us before it sleeps.
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        if self.shared.parked.load(Ordering::SeqCst) {
            self.shared.wake();
        }
        Ok(Running(&self.shared))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.shared.wake();
        if let Some(thread) = self.thread.take() {
            // The thread runs nothing that can panic but the engine's own counter.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn wake(&self) {
        let _guard = self.lock.lock();
        self.wake.notify_all();
    }

    fn tick_until_stopped(&self) {
        let mut idle_ticks = 0;
        while !self.stopped.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(TICK_MS));
            self.engines.lock().retain(|engine| {
                engine
                    .upgrade()
                    .map(|engine| engine.increment_epoch())
                    .is_some()
            });
            idle_ticks = if self.idle() { idle_ticks + 1 } else { 0 };
            if idle_ticks >= IDLE_TICKS {
                self.park();
                idle_ticks = 0;
            }
        }
    }

    fn idle(&self) -> bool {
        self.running.load(Ordering::SeqCst) == 0
    }

    fn park(&self) {
        let mut guard = self.lock.lock();
        self.parked.store(true, Ordering::SeqCst);
        while self.idle() && !self.stopped.load(Ordering::SeqCst) {
            self.wake.wait(&mut guard);
        }
        self.parked.store(false, Ordering::SeqCst);
    }
}
