//! What happened once.

mod credits;
mod customers;
mod grants;
mod holds;

use super::script::Script;

pub(super) fn write(script: &mut Script) {
    customers::write(script);
    grants::write(script);
    credits::write(script);
    holds::write(script);
}
