//! Parameters and rows in PostgreSQL's binary form.

use std::io;

use bytes::{BufMut, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::DataRowRanges;
use postgres_protocol::message::frontend::{self, BindError};
use sea_orm::sea_query::ArrayType;
use sea_orm::sqlx::error::Error as DriverError;
use sea_orm::{DbErr, Value};

use super::Answer;
use crate::ledger::cells::{Cells, Kind, Row, broken, is_null};
use crate::ledger::db::Table;

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

/// What rows in binary form begin with: a signature, no flags, nothing more to tell.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Appends rows for the `COPY` that was just executed, and that they are all.
pub(super) fn copy(rows: &[Vec<Value>], buffer: &mut BytesMut) -> io::Result<()> {
    let mut data = BytesMut::from(HEAD);
    for row in rows {
        data.put_i16(row.len().try_into().map_err(io::Error::other)?);
        row.iter()
            .try_for_each(|value| put_sized(value, &mut data))?;
    }
    data.put_i16(-1);
    frontend::CopyData::new(data)?.write(buffer);
    frontend::copy_done(buffer);
    Ok(())
}

/// A value with its length before it; nothing is -1 long.
fn put_sized(value: &Value, buffer: &mut BytesMut) -> io::Result<()> {
    let place = buffer.len();
    buffer.put_i32(-1);
    if let IsNull::No = put(value, buffer)? {
        let start = place.saturating_add(4);
        let size = length(buffer.len().saturating_sub(start))?;
        if let Some(prefix) = buffer.get_mut(place..start) {
            prefix.copy_from_slice(&size.to_be_bytes());
        }
    }
    Ok(())
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
        null if is_null(null) => return Ok(IsNull::Yes),
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
    all.iter().try_for_each(|value| put_sized(value, buffer))
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
    let kinds = Kind::all::<T>();
    let rows = answer.rows.iter();
    rows.map(|row| {
        let mut row = BinaryRow {
            bytes: row.buffer(),
            ranges: row.ranges(),
        };
        T::cells(&mut Cells::of(&mut row, &kinds))
    })
    .collect()
}

struct BinaryRow<'r> {
    bytes: &'r [u8],
    ranges: DataRowRanges<'r>,
}

impl Row for BinaryRow<'_> {
    fn next(&mut self, kind: Kind) -> Result<Value, DbErr> {
        let range = self.ranges.next().map_err(broken)?;
        match range.ok_or_else(|| broken("a column is missing"))? {
            Some(range) => kind.binary(self.bytes.get(range).unwrap_or_default()),
            None => Ok(kind.null()),
        }
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
    fn rows_are_headed_have_their_number_of_columns_and_are_ended() {
        let rows = [vec![Value::from("ab"), Value::BigInt(None)]];
        let mut buffer = BytesMut::new();
        copy(&rows, &mut buffer).expect("rows");
        let body = [HEAD, b"\0\x02\0\0\0\x02ab\xff\xff\xff\xff\xff\xff"].concat();
        let size = u8::try_from(body.len() + 4).expect("short");
        // Data, its length, the rows; then that these are all.
        let all = [b"d\0\0\0".as_slice(), &[size], &body, b"c\0\0\0\x04"].concat();
        assert_eq!((HEAD.len(), buffer.to_vec()), (19, all));
    }
}
