//! The most memory that one input holds at once, of the thread that runs it. The one place with unsafe code: an allocator can't
//! be written without.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(
    unsafe_code,
    reason = "forwards every call, unchanged, to the system's allocator"
)]
// SAFETY: the system's allocator keeps the contract; counting touches no memory that it manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count(layout.size(), bytes);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, bytes) }
    }
}

fn count(before: usize, after: usize) {
    // A thread that ends has nothing left to count with.
    let _ = HELD.try_with(|held| {
        let now = held.get() + signed(after) - signed(before);
        held.set(now);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(now)));
    });
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Does some work, and says how many bytes more than before were held at its height.
pub(crate) fn peak<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    (result, u64::try_from(PEAK.get() - before).unwrap_or(0))
}

#[test]
fn what_is_held_for_a_moment_counts() {
    let (kept, bytes) = peak(|| {
        drop(std::hint::black_box(vec![1_u8; 5 << 20]));
        vec![2_u8; 1 << 20]
    });
    assert_eq!(kept.len(), 1 << 20);
    assert!((5 << 20..6 << 20).contains(&bytes), "{bytes}");
}
