//! How much of each thing a document may have, and what is said where it has more: the same before it
//! is parsed (`outline`) and after (`measure`).

use super::code::Refused;
use super::document::too_complex;
use crate::config::Limits;
use crate::graphql::DIRECTIVES_MAX;

/// Variables of an operation. Validation tells of each that is not used.
pub(super) const VARIABLES_MAX: usize = 500;
/// Fragments of a document that have names.
pub(super) const FRAGMENTS_MAX: usize = 500;
/// Arguments of a field.
pub(super) const ARGUMENTS_MAX: usize = 64;

pub(super) fn fragments(count: usize) -> Result<(), Refused> {
    at_most(count, FRAGMENTS_MAX, "fragments")
}

pub(super) fn variables(count: usize) -> Result<(), Refused> {
    at_most(count, VARIABLES_MAX, "variables")
}

pub(super) fn arguments(count: usize) -> Result<(), Refused> {
    at_most(count, ARGUMENTS_MAX, "arguments of a field")
}

/// An unknown one is an error each.
pub(super) fn directives(count: usize) -> Result<(), Refused> {
    at_most(count, DIRECTIVES_MAX, "directives at one place")
}

pub(super) fn root_mutations(count: usize, limits: &Limits) -> Result<(), Refused> {
    at_most(count, limits.root_mutations_max, "mutations")
}

pub(super) fn depth(levels: usize, limits: &Limits) -> Result<(), Refused> {
    at_most(levels, limits.depth_max, "levels of fields")
}

pub(super) fn aliases(count: usize, limits: &Limits) -> Result<(), Refused> {
    at_most(count, limits.aliases_max, "aliases")
}

/// A document without fragments has no more fields than tokens; neither may one with them.
pub(super) fn fields(count: usize, limits: &Limits) -> Result<(), Refused> {
    let what = "fields and fragments, with these spread out";
    at_most(count, limits.tokens_max, what)
}

fn at_most(size: usize, max: usize, what: &str) -> Result<(), Refused> {
    if size > max {
        return Err(too_complex(format!("more than {max} {what}")));
    }
    Ok(())
}
