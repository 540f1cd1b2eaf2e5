//! The faces of other products: their calls, served from the same books.

pub mod metronome;
