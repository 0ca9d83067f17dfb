//! Runs a guest's future while counting its time on the processor, and catches a panic of the host's side of it. Knows
//! nothing of what the future does.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

const PANIC_MESSAGE_BYTES_MAX: usize = 500;

/// Processor time used so far, shared with whoever must stop the guest.
#[derive(Clone, Default)]
pub(crate) struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Microseconds used, up to the last time that the guest gave way.
    pub(crate) fn cpu_us(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, us: u64) {
        self.0.fetch_add(us, Ordering::Relaxed);
    }
}

/// Processor time of this thread, in microseconds.
pub(crate) fn thread_cpu_us() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000
        + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000
}

/// A future whose every step is measured, and whose panic is an error in words.
///
/// Asking the system for a thread's processor time costs as much as a small guest. So the first step, which is all that most
/// calls have and which ends at the first tick, is taken by the clock on the wall: on a busy machine that counts a little too
/// much, once. All others are exact.
pub(crate) struct Metered<F> {
    future: Pin<Box<F>>,
    meter: Meter,
    first: bool,
}

/// When a step began.
enum Began {
    OnTheWall(Instant),
    OfProcessor { us: u64 },
}

impl Began {
    fn elapsed_us(&self) -> u64 {
        match self {
            Began::OnTheWall(instant) => {
                u64::try_from(instant.elapsed().as_micros()).unwrap_or(u64::MAX)
            }
            Began::OfProcessor { us } => thread_cpu_us().saturating_sub(*us),
        }
    }
}

impl<F> Metered<F> {
    pub(crate) fn new(future: F, meter: Meter) -> Self {
        Self {
            future: Box::pin(future),
            meter,
            first: true,
        }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let began = if std::mem::take(&mut self.first) {
            Began::OnTheWall(Instant::now())
        } else {
            Began::OfProcessor {
                us: thread_cpu_us(),
            }
        };
        // After a panic the future is not polled again, only dropped.
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(context)));
        self.meter.add(began.elapsed_us());
        match polled {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic_words(panic.as_ref()))),
        }
    }
}

/// What a panic said.
pub(crate) fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic without words");
    format!(
        "panic: {}",
        &text[..text.floor_char_boundary(PANIC_MESSAGE_BYTES_MAX)]
    )
}
