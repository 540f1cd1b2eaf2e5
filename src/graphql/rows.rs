//! Rows of a list as values, without a future for every scalar field.
//!
//! The library resolves each field of each object in a boxed future, which is most of what a nested
//! list costs. A field that a row can tell at once ([`Listed::told`]) is put into the answer
//! directly, the others are resolved as ever, all rows together. Selections that are more than
//! plain fields, each once, go the library's way.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::resolve_list;
use async_graphql::{
    ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
};
use domain::{Amount, CreditTypeId, Instant, Scale};
use futures_util::future::try_join_all;

use super::connection::Listed;
use super::loaders::CreditTypes;
use super::scalar::{DateTime, Decimal};
use uuid::Uuid;

/// The rows of a list.
pub struct Rows<'a, T>(pub Vec<&'a T>);

/// One row on its own.
pub struct Row<'a, T>(pub &'a T);

/// What rows need to tell a field at once.
pub struct Teller<'a> {
    units: Option<&'a CreditTypes>,
    /// The unit that was last asked for: most rows of a list are in one.
    last: Cell<Option<(CreditTypeId, Scale)>>,
}

/// Values of a row, each under the name it is asked for by.
type Values = Vec<Value>;

impl Teller<'_> {
    /// An amount; `None` while its unit has not been read yet.
    pub fn amount(&self, minor: Amount, unit: CreditTypeId) -> Option<Value> {
        let scale = match self.last.get() {
            Some((last, scale)) if last == unit => scale,
            _ => {
                let row = self.units?.get(unit)?;
                let scale = Scale::try_from(row.scale).ok()?;
                self.last.set(Some((unit, scale)));
                scale
            }
        };
        text(Decimal::minor(minor, scale).0.to_string())
    }
}

/// A text.
#[expect(clippy::unnecessary_wraps, reason = "told, as all the others")]
pub fn text(text: impl Into<String>) -> Option<Value> {
    Some(Value::String(text.into()))
}

/// A text that need not be there.
pub fn maybe(value: Option<&str>) -> Option<Value> {
    Some(value.map_or(Value::Null, |value| Value::String(value.to_owned())))
}

/// An id.
pub fn id(id: Uuid) -> Option<Value> {
    let mut buffer = Uuid::encode_buffer();
    text(&*id.hyphenated().encode_lower(&mut buffer))
}

/// An instant.
pub fn instant(at: Instant) -> Option<Value> {
    text(DateTime(at).0.to_string())
}

/// An instant that need not be there.
pub fn maybe_instant(at: Option<Instant>) -> Option<Value> {
    at.map_or(Some(Value::Null), instant)
}

/// The fields of a selection, if it is plain: no fragments, no directives, no name twice.
fn plain<'a>(ctx: &ContextSelectionSet<'a>) -> Option<Vec<&'a Positioned<Field>>> {
    let mut names = HashSet::new();
    let fields = ctx.item.node.items.iter().map(|item| match &item.node {
        Selection::Field(field) if field.node.directives.is_empty() => names
            .insert(&field.node.response_key().node)
            .then_some(field),
        _ => None,
    });
    fields.collect()
}

/// One field of one row, the library's way.
async fn resolve<'a, T: ContainerType>(
    ctx: &'a ContextSelectionSet<'a>,
    row: &'a T,
    field: &'a Positioned<Field>,
    (index, place): (Option<usize>, usize),
) -> ServerResult<(usize, usize, Value)> {
    let ctx_row = match index {
        Some(index) => ctx.with_index(index),
        None => ctx.clone(),
    };
    let value = T::resolve_field(row, &ctx_row.with_field(field)).await;
    let value = value.map_err(|error| ctx_row.set_error_path(error))?;
    Ok((index.unwrap_or_default(), place, value.unwrap_or_default()))
}

/// Tells what can be told; answers the places that are still open, too.
fn tell<T: Listed>(
    ctx: &ContextSelectionSet<'_>,
    rows: &[&T],
    fields: &[&Positioned<Field>],
) -> (Vec<Values>, Vec<(usize, usize)>) {
    let teller = Teller {
        units: ctx.data_opt::<CreditTypes>(),
        last: Cell::new(None),
    };
    let mut open = Vec::new();
    let tell = |(index, row): (usize, &&T)| {
        let fields = fields.iter().enumerate().map(|(place, field)| {
            let told = match field.node.name.node.as_str() {
                "__typename" => text(T::type_name()),
                name => row.told(name, &teller),
            };
            told.unwrap_or_else(|| {
                open.push((index, place));
                Value::Null
            })
        });
        fields.collect()
    };
    let told = rows.iter().enumerate().map(tell).collect();
    (told, open)
}

async fn fill<T: Listed + ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    rows: &[&T],
    fields: &[&Positioned<Field>],
    in_list: bool,
) -> ServerResult<Vec<Value>> {
    let (mut told, open) = tell(ctx, rows, fields);
    let open = open.into_iter().filter_map(|(index, place)| {
        let (row, field) = (rows.get(index)?, fields.get(place)?);
        let index = in_list.then_some(index);
        Some(resolve(ctx, *row, field, (index, place)))
    });
    for (index, place, value) in try_join_all(open).await? {
        if let Some(open) = told.get_mut(index).and_then(|row| row.get_mut(place)) {
            *open = value;
        }
    }
    let keys: Vec<&Name> = fields
        .iter()
        .map(|field| &field.node.response_key().node)
        .collect();
    let objects = told.into_iter().map(|values| {
        let mut object = IndexMap::with_capacity(keys.len());
        object.extend(keys.iter().map(|key| (*key).clone()).zip(values));
        Value::Object(object)
    });
    Ok(objects.collect())
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
        match plain(ctx) {
            Some(fields) => fill(ctx, &self.0, &fields, true).await.map(Value::List),
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
        let Some(fields) = plain(ctx) else {
            return self.0.resolve(ctx, field).await;
        };
        let row = fill(ctx, &[self.0], &fields, false).await?;
        Ok(row.into_iter().next().unwrap_or_default())
    }
}
