//! The sandbox from outside: small components in text form, each made to do one thing. Needs no guest toolchain.

mod calls;
mod compiling;
mod files;
mod hosts;
mod limits;
mod links;
mod offers;
mod support;
mod tools;
mod warm;
