//! Parameters and columns in PostgreSQL's binary form.

use std::io;

use bytes::{BufMut, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::DataRowRanges;
use postgres_protocol::message::frontend::{self, BindError};
use sea_orm::sea_query::{ArrayType, ColumnType, ValueType};
use sea_orm::sqlx::error::Error as DriverError;
use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, Iterable, TryGetable, TryIntoModel, Value};
use uuid::Uuid;

use super::Answer;
use crate::ledger::db::Table;
use crate::ledger::read::InOrder;

/// Numbers of types in PostgreSQL's catalogue, the same in every database.
const BOOL: i32 = 16;
const BYTEA: i32 = 17;
const INT8: i32 = 20;
const INT4: i32 = 23;
const TEXT: i32 = 25;
const FLOAT8: i32 = 701;
const UUID: i32 = 2950;

/// Appends the message that binds the values to a prepared statement; all columns are answered in
/// binary form.
pub(super) fn bind<'v>(
    statement: &str,
    values: impl Iterator<Item = &'v Value>,
    buffer: &mut BytesMut,
) -> Result<(), DriverError> {
    let bound = frontend::bind(
        "",
        statement,
        [1],
        values,
        |value, buffer| Ok(put(value, buffer)?),
        [1],
        buffer,
    );
    bound.map_err(|error| match error {
        BindError::Conversion(error) => DriverError::Encode(error),
        BindError::Serialization(error) => DriverError::Io(error),
    })
}

fn put(value: &Value, buffer: &mut BytesMut) -> io::Result<IsNull> {
    match value {
        Value::Bool(Some(truth)) => buffer.put_u8(u8::from(*truth)),
        Value::Int(Some(number)) => buffer.put_i32(*number),
        Value::BigInt(Some(number)) => buffer.put_i64(*number),
        Value::Double(Some(number)) => buffer.put_f64(*number),
        Value::String(Some(text)) => buffer.put_slice(text.as_bytes()),
        Value::Uuid(Some(id)) => buffer.put_slice(id.as_bytes()),
        Value::Bytes(Some(bytes)) => buffer.put_slice(bytes),
        Value::Array(kind, Some(all)) => put_array(kind, all, buffer)?,
        Value::Bool(None)
        | Value::Int(None)
        | Value::BigInt(None)
        | Value::Double(None)
        | Value::String(None)
        | Value::Uuid(None)
        | Value::Bytes(None)
        | Value::Array(_, None) => return Ok(IsNull::Yes),
        other => return Err(unknown(&format!("{other:?}"))),
    }
    Ok(IsNull::No)
}

/// One dimension, counted from 1.
fn put_array(kind: &ArrayType, all: &[Value], buffer: &mut BytesMut) -> io::Result<()> {
    let element = match kind {
        ArrayType::Bool => BOOL,
        ArrayType::Int => INT4,
        ArrayType::BigInt => INT8,
        ArrayType::Double => FLOAT8,
        ArrayType::String => TEXT,
        ArrayType::Uuid => UUID,
        ArrayType::Bytes => BYTEA,
        other => return Err(unknown(&format!("an array of {other:?}"))),
    };
    buffer.put_i32(i32::from(!all.is_empty()));
    buffer.put_i32(1);
    buffer.put_i32(element);
    if all.is_empty() {
        return Ok(());
    }
    buffer.put_i32(length(all.len())?);
    buffer.put_i32(1);
    for value in all {
        let place = buffer.len();
        buffer.put_i32(-1);
        if let IsNull::No = put(value, buffer)? {
            let start = place.saturating_add(4);
            let size = length(buffer.len().saturating_sub(start))?;
            if let Some(prefix) = buffer.get_mut(place..start) {
                prefix.copy_from_slice(&size.to_be_bytes());
            }
        }
    }
    Ok(())
}

fn length(length: usize) -> io::Result<i32> {
    length.try_into().map_err(io::Error::other)
}

fn unknown(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("no binary form for {what}"),
    )
}

/// The rows of a table, whose columns were all asked for in their order.
pub(super) fn models<T: Table>(answer: &Answer) -> Result<Vec<T::Model>, DbErr> {
    let kinds: Vec<Kind> = T::Column::iter()
        .map(|column| Kind::of(column.def().get_column_type()))
        .collect();
    let rows = answer.rows.iter();
    rows.map(|row| {
        T::cells(&mut Cells {
            bytes: row.buffer(),
            ranges: row.ranges(),
            kinds: kinds.iter(),
        })
    })
    .collect()
}

/// The columns of a row, one after the other.
pub(crate) struct Cells<'r> {
    bytes: &'r [u8],
    ranges: DataRowRanges<'r>,
    kinds: std::slice::Iter<'r, Kind>,
}

impl Cells<'_> {
    fn value(&mut self) -> Result<Value, DbErr> {
        let missing = || broken("a column is missing");
        let kind = self.kinds.next().ok_or_else(missing)?;
        let range = self.ranges.next().map_err(broken)?.ok_or_else(missing)?;
        kind.value(range.map(|range| self.bytes.get(range).unwrap_or_default()))
    }

    /// A row of any table.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub(in crate::ledger) fn model<T: Table>(&mut self) -> Result<T::Model, DbErr> {
        let mut made = <T::ActiveModel as ActiveModelTrait>::default();
        for column in T::Column::iter() {
            made.try_set(column, self.value()?)?;
        }
        made.try_into_model()
    }
}

impl InOrder for Cells<'_> {
    fn next<T: TryGetable + ValueType>(&mut self) -> Result<T, DbErr> {
        <T as ValueType>::try_from(self.value()?).map_err(broken)
    }
}

fn broken(error: impl std::fmt::Display) -> DbErr {
    DbErr::Type(format!(
        "an answer of the database can not be read: {error}"
    ))
}

/// What stands in a column.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Int,
    BigInt,
    Double,
    Text,
    Uuid,
    Bytes,
}

impl Kind {
    fn of(column: &ColumnType) -> Self {
        match column {
            ColumnType::Uuid => Self::Uuid,
            ColumnType::BigInteger => Self::BigInt,
            ColumnType::Integer => Self::Int,
            ColumnType::Boolean => Self::Bool,
            ColumnType::Double => Self::Double,
            ColumnType::VarBinary(_) | ColumnType::Binary(_) | ColumnType::Blob => Self::Bytes,
            _ => Self::Text,
        }
    }

    fn value(self, bytes: Option<&[u8]>) -> Result<Value, DbErr> {
        fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], DbErr> {
            bytes.try_into().map_err(broken)
        }
        let read = |bytes: &[u8]| -> Result<Value, DbErr> {
            Ok(match self {
                Self::Bool => Value::Bool(Some(fixed::<1>(bytes)? != [0])),
                Self::Int => Value::Int(Some(i32::from_be_bytes(fixed(bytes)?))),
                Self::BigInt => Value::BigInt(Some(i64::from_be_bytes(fixed(bytes)?))),
                Self::Double => Value::Double(Some(f64::from_be_bytes(fixed(bytes)?))),
                Self::Text => {
                    let text = std::str::from_utf8(bytes).map_err(broken)?;
                    Value::String(Some(text.to_owned()))
                }
                Self::Uuid => Value::Uuid(Some(Uuid::from_bytes(fixed(bytes)?))),
                Self::Bytes => Value::Bytes(Some(bytes.to_vec())),
            })
        };
        bytes.map_or_else(
            || {
                Ok(match self {
                    Self::Bool => Value::Bool(None),
                    Self::Int => Value::Int(None),
                    Self::BigInt => Value::BigInt(None),
                    Self::Double => Value::Double(None),
                    Self::Text => Value::String(None),
                    Self::Uuid => Value::Uuid(None),
                    Self::Bytes => Value::Bytes(None),
                })
            },
            read,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_has_its_type_its_length_and_room_for_nothing() {
        let all = vec![Value::BigInt(Some(7)), Value::BigInt(None)];
        let mut buffer = BytesMut::new();
        put_array(&ArrayType::BigInt, &all, &mut buffer).expect("an array");
        let numbers: Vec<i32> = buffer
            .chunks(4)
            .map(|chunk| i32::from_be_bytes(chunk.try_into().expect("four bytes")))
            .collect();
        // Dimensions, may hold NULL, type, length, first place; 8 bytes: 7; NULL.
        assert_eq!(numbers, [1, 1, INT8, 2, 1, 8, 0, 7, -1]);
    }

    #[test]
    fn a_column_that_is_not_as_long_as_its_type_is_refused() {
        assert!(Kind::BigInt.value(Some(&[0; 8])).is_ok());
        assert!(Kind::BigInt.value(Some(&[0; 4])).is_err());
        assert!(Kind::Text.value(Some(&[0xff])).is_err());
        assert_eq!(Kind::Uuid.value(None), Ok(Value::Uuid(None)));
    }
}
