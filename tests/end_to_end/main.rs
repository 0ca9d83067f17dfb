//! Tests through the real binary, with real components.

mod audit;
mod cli;
mod crash;
mod hostile;
mod layering;
<<<<<<< HEAD
mod wall;
=======
mod trust;
>>>>>>> ac48b43 (cli: a reviewer's desk through the real binary: five minutes, every refusal, keys, a terminal)
