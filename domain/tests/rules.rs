//! The rules of the ledger, held against tables of examples and against random books.

mod audit;
mod book;
mod burn_down;
mod deeds;
mod forms;
mod stories;
mod support;
