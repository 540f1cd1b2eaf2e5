//! What runs by itself.
