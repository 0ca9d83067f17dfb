//! What came of an attempt, and the raw system calls that no safe library makes.

use std::io;

/// A system call with up to five arguments and a sixth that is zero, as somebody would make it who has taken over a thread.
pub(crate) fn call(number: libc::c_long, arguments: [usize; 5]) -> io::Result<i64> {
    let [a, b, c, d, e] = arguments;
    #[expect(
        unsafe_code,
        reason = "the point of these tests is what the kernel answers to calls that no safe function makes"
    )]
    // SAFETY: pointers among the arguments are null or to memory that the caller owns and lends; a call that did what it says
    // would at worst end this process, which is made for it.
    let answer = unsafe { libc::syscall(number, a, b, c, d, e, 0) };
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer)
    }
}

/// On three threads one after the other, none of which was there before the wall.
pub(crate) fn on_threads(attempt: impl Fn() + Sync) {
    for _ in 0..3 {
        std::thread::scope(|scope| {
            scope
                .spawn(&attempt)
                .join()
                .expect("the attempt ends as it says");
        });
    }
}

/// The kernel answers as one that doesn't have this call.
pub(crate) fn is_missing<T>(what: &str, result: io::Result<T>) {
    is(what, result, &[libc::ENOSYS]);
}

/// Landlock refuses.
pub(crate) fn is_refused<T>(what: &str, result: io::Result<T>) {
    is(what, result, &[libc::EACCES, libc::EPERM]);
}

fn is<T>(what: &str, result: io::Result<T>, expected: &[i32]) {
    match result {
        Ok(_) => panic!("{what} was done"),
        Err(error) => {
            let number = error.raw_os_error().unwrap_or_default();
            assert!(expected.contains(&number), "{what}: {error}");
        }
    }
}
