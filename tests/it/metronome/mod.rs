//! Metronome's calls over HTTP, on both databases: values, errors, pages, and that answers are of
//! the published form.

mod catalog;
mod credits;
mod customers;
mod errors;
mod grants;
mod import;
mod published;
mod wire;
