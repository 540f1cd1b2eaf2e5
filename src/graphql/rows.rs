//! Rows of a list as JSON text, without a future or a value for every scalar field.
//!
//! The library resolves each field of each object in a boxed future and puts the values into a map
//! for every object, which is most of what a nested list costs. A field that a row can tell at once
//! ([`Listed::told`]) is written down directly, the others are resolved as ever, all rows together,
//! and put into the gaps. The text goes through the library as [`Value::Binary`], which nothing else
//! is here, and `http::json` puts it into the answer as it stands.
//!
//! Where text would not do, rows go the library's way: where nobody said that text can be taken
//! ([`AsText`]), and selections with directives or with fragments on other types.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::io::Write as _;

use async_graphql::parser::types::{Field, Selection, SelectionSet, TypeCondition};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::{EnumType, enum_value, resolve_list};
use async_graphql::{
    ContainerType, ContextSelectionSet, OutputType, Positioned, ServerResult, Value,
};
use domain::{Amount, CreditTypeId, Instant, Scale};
use futures_util::future::try_join_all;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::connection::Listed;
use super::http::json;
use super::loaders::CreditTypes;
use super::scalar::Decimal;

/// Said of a request whose answer is written by `http::json`, and whose document asks for no object
/// or list twice: the library would have to put two of them together, which it can not with text.
pub struct AsText;

/// The rows of a list.
pub struct Rows<'a, T>(pub Vec<&'a T>);

/// One row on its own.
pub struct Row<'a, T>(pub &'a T);

/// `None`: the field has to be resolved, and nothing was written.
pub type Told = Option<()>;

/// What rows tell their fields to: writes them down, one after the other.
pub struct Teller<'a> {
    text: Vec<u8>,
    units: Option<&'a CreditTypes>,
    /// The unit that was last asked for: most rows of a list are in one.
    last: Option<(CreditTypeId, Scale)>,
}

/// A field that is not written yet.
struct Gap {
    /// Where in the text.
    at: usize,
    row: usize,
    field: usize,
}

/// Bytes to begin with for each field of each row.
const FIELD_BYTES: usize = 40;

impl Teller<'_> {
    /// A text.
    pub fn text(&mut self, text: &str) -> Told {
        json::text(&mut self.text, text);
        Some(())
    }

    /// A text that need not be there.
    pub fn maybe(&mut self, text: Option<&str>) -> Told {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// An amount; not told while its unit has not been read yet.
    pub fn amount(&mut self, minor: Amount, unit: CreditTypeId) -> Told {
        let scale = match self.last {
            Some((last, scale)) if last == unit => scale,
            _ => {
                let row = self.units?.get(unit)?;
                let scale = Scale::try_from(row.scale).ok()?;
                self.last = Some((unit, scale));
                scale
            }
        };
        self.quoted(Decimal::minor(minor, scale).0)
    }

    /// An id.
    pub fn id(&mut self, id: Uuid) -> Told {
        let mut buffer = Uuid::encode_buffer();
        self.quoted(id.hyphenated().encode_lower(&mut buffer))
    }

    /// An instant.
    pub fn instant(&mut self, at: Instant) -> Told {
        self.quoted(at)
    }

    /// An instant that need not be there.
    pub fn maybe_instant(&mut self, at: Option<Instant>) -> Told {
        match at {
            Some(at) => self.instant(at),
            None => self.null(),
        }
    }

    /// Something in quotes that holds nothing to escape.
    pub fn quoted(&mut self, plain: impl fmt::Display) -> Told {
        // Writing to a Vec does not fail.
        let _ = write!(self.text, "\"{plain}\"");
        Some(())
    }

    /// One of an enum.
    pub fn one_of(&mut self, value: impl EnumType) -> Told {
        json::value(&mut self.text, &enum_value(value));
        Some(())
    }

    /// A number.
    pub fn number(&mut self, number: f64) -> Told {
        json::value(&mut self.text, &Value::from(number));
        Some(())
    }

    /// JSON as it stands in a row; not told if it is none.
    pub fn json(&mut self, stored: &str) -> Told {
        let json: &RawValue = serde_json::from_str(stored).ok()?;
        self.text.extend_from_slice(json.get().as_bytes());
        Some(())
    }

    fn null(&mut self) -> Told {
        self.text.extend_from_slice(b"null");
        Some(())
    }
}

/// The fields of a selection, if all that is in it can be told or resolved one by one.
fn plain<'a, T: ContainerType>(
    ctx: &ContextSelectionSet<'a>,
) -> Option<Vec<&'a Positioned<Field>>> {
    ctx.data_opt::<AsText>()?;
    let (mut names, mut fields) = (HashSet::new(), Vec::new());
    let is_plain = gather(ctx, &ctx.item.node, &T::type_name(), &mut |field| {
        // What is asked for twice is no object: it comes to the same.
        if names.insert(&field.node.response_key().node) {
            fields.push(field);
        }
    });
    is_plain.then_some(fields)
}

/// Passes on the fields of a selection on a type, fragments spread out, which the limits of the
/// document hold to a number. Answers whether those are all that is in it.
fn gather<'a>(
    ctx: &ContextSelectionSet<'a>,
    set: &'a SelectionSet,
    of: &str,
    pass: &mut impl FnMut(&'a Positioned<Field>),
) -> bool {
    let on = |condition: &TypeCondition| condition.on.node == *of;
    set.items.iter().all(|item| match &item.node {
        Selection::Field(field) => {
            pass(field);
            field.node.directives.is_empty()
        }
        Selection::InlineFragment(fragment) => {
            let fragment = &fragment.node;
            let condition = fragment.type_condition.as_ref();
            fragment.directives.is_empty()
                && condition.is_none_or(|condition| on(&condition.node))
                && gather(ctx, &fragment.selection_set.node, of, pass)
        }
        Selection::FragmentSpread(spread) => {
            let fragment = ctx.query_env.fragments.get(&spread.node.fragment_name.node);
            spread.node.directives.is_empty()
                && fragment.is_some_and(|fragment| {
                    let fragment = &fragment.node;
                    fragment.directives.is_empty()
                        && on(&fragment.type_condition.node)
                        && gather(ctx, &fragment.selection_set.node, of, pass)
                })
        }
    })
}

/// One field of one row, the library's way.
async fn resolve<'a, T: ContainerType>(
    ctx: &'a ContextSelectionSet<'a>,
    row: &'a T,
    field: &'a Positioned<Field>,
    index: Option<usize>,
) -> ServerResult<Value> {
    let ctx_row = match index {
        Some(index) => ctx.with_index(index),
        None => ctx.clone(),
    };
    let value = T::resolve_field(row, &ctx_row.with_field(field)).await;
    let value = value.map_err(|error| ctx_row.set_error_path(error))?;
    Ok(value.unwrap_or_default())
}

/// Writes down what can be told; and where the gaps are.
fn tell<T: Listed>(
    ctx: &ContextSelectionSet<'_>,
    rows: &[&T],
    fields: &[&Positioned<Field>],
    is_list: bool,
) -> (Vec<u8>, Vec<Gap>) {
    let room = rows.len() * fields.len() * FIELD_BYTES;
    let mut teller = Teller {
        text: Vec::with_capacity(room),
        units: ctx.data_opt::<CreditTypes>(),
        last: None,
    };
    // Names hold nothing to escape.
    let names = fields
        .iter()
        .map(|field| format!("\"{}\":", field.node.response_key().node));
    let names: Vec<String> = names.collect();
    let mut gaps = Vec::new();
    teller.text.extend(is_list.then_some(b'['));
    for (index, row) in rows.iter().enumerate() {
        teller.text.extend((index > 0).then_some(b','));
        for (place, (field, name)) in fields.iter().zip(&names).enumerate() {
            teller.text.push(if place == 0 { b'{' } else { b',' });
            teller.text.extend_from_slice(name.as_bytes());
            let told = match field.node.name.node.as_str() {
                "__typename" => teller.quoted(T::type_name()),
                field => row.told(field, &mut teller),
            };
            if told.is_none() {
                gaps.push(Gap {
                    at: teller.text.len(),
                    row: index,
                    field: place,
                });
            }
        }
        teller.text.push(b'}');
    }
    teller.text.extend(is_list.then_some(b']'));
    (teller.text, gaps)
}

/// Puts values into the gaps of a text.
fn filled(text: Vec<u8>, gaps: &[Gap], values: &[Value]) -> Vec<u8> {
    if gaps.is_empty() {
        return text;
    }
    let more: usize = values.iter().map(json::room).sum();
    let mut filled = Vec::with_capacity(text.len() + more);
    let mut from = 0;
    for (gap, value) in gaps.iter().zip(values) {
        filled.extend_from_slice(text.get(from..gap.at).unwrap_or_default());
        json::value(&mut filled, value);
        from = gap.at;
    }
    filled.extend_from_slice(text.get(from..).unwrap_or_default());
    filled
}

/// The rows as text: a list, or one object.
async fn write<T: Listed + ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    rows: &[&T],
    fields: &[&Positioned<Field>],
    is_list: bool,
) -> ServerResult<Value> {
    let (text, gaps) = tell(ctx, rows, fields, is_list);
    let open = gaps.iter().filter_map(|gap| {
        let (row, field) = (rows.get(gap.row)?, fields.get(gap.field)?);
        Some(resolve(ctx, *row, field, is_list.then_some(gap.row)))
    });
    let values = try_join_all(open).await?;
    Ok(Value::Binary(filled(text, &gaps, &values).into()))
}

impl<T: Listed + ContainerType> OutputType for Rows<'_, T> {
    fn type_name() -> Cow<'static, str> {
        <Vec<&T>>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<&T>>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<&T>>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        match plain::<T>(ctx) {
            Some(fields) => write(ctx, &self.0, &fields, true).await,
            None => resolve_list(ctx, field, self.0.iter().copied(), Some(self.0.len())).await,
        }
    }
}

impl<T: Listed + ContainerType> OutputType for Row<'_, T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        match plain::<T>(ctx) {
            Some(fields) => write(ctx, &[self.0], &fields, false).await,
            None => self.0.resolve(ctx, field).await,
        }
    }
}
