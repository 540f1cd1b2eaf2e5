//! Commands: everything that changes the books.

pub mod input;
