//! Hosts that are killed at any moment, and folders that were damaged: what is true after that.

mod damage;
mod effects;
mod invoices;
mod journal;
mod kills;
mod process;
mod requests;
mod sharing;
mod tools;
mod waits;
