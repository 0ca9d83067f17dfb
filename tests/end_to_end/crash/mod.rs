//! Hosts that are killed at any moment, and folders that were damaged: what is true after that.

mod invoices;
mod kills;
mod process;
