//! Tests through the real binary, with real components.

mod audit;
mod cli;
mod crash;
mod hostile;
mod languages;
mod layering;
mod trust;
mod wall;
mod world;
