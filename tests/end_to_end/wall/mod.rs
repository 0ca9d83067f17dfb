//! The second wall around the real binary: that every thread is behind it whenever a guest runs, that it holds where the host's
//! own care does not, and what happens where the kernel can't.

mod bound;
mod kernels;
mod outwards;
mod process;
mod swapped;
