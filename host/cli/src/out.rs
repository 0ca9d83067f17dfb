//! Standard output that may be closed early: `writ runs events … | head` is no error.

use std::io::{ErrorKind, Write};

/// Like `println!`, but ends the process quietly when nobody reads any more.
macro_rules! outln {
    () => {
        $crate::out::line(format_args!(""))
    };
    ($($part:tt)*) => {
        $crate::out::line(format_args!($($part)*))
    };
}

pub(crate) use outln;

/// Writes one line.
pub(crate) fn line(text: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out
        .write_fmt(text)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
    {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("error: cannot write to standard output: {error}");
        std::process::exit(crate::error::Exit::Usage as i32);
    }
}
