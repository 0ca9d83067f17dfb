//! Whole documents: what is accepted, what is refused and how that reads, and what hostile text does.

mod checked;
mod corpus;
mod golden;
mod hostile;
mod invalid;
mod law;
mod schema;
