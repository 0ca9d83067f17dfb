//! `event` of `writ-fuzz`, guided by coverage.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| writ_fuzz::run("event", data));
