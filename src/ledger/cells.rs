//! Columns of rows that were not read by SeaORM: each as the type that its table says.

use sea_orm::sea_query::{ColumnType, ValueType};
use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, Iterable, TryGetable, TryIntoModel, Value};
use uuid::Uuid;

use super::db::Table;
use super::read::InOrder;

/// A row as a connection answers it.
pub(super) trait Row {
    /// The next column.
    ///
    /// # Errors
    /// When there is none, or it is not what it should be.
    fn next(&mut self, kind: Kind) -> Result<Value, DbErr>;
}

/// The columns of a row, one after the other.
pub(crate) struct Cells<'r> {
    row: &'r mut dyn Row,
    kinds: std::slice::Iter<'r, Kind>,
}

impl<'r> Cells<'r> {
    /// Those of a row whose columns were all asked for in their order.
    pub(super) fn of(row: &'r mut dyn Row, kinds: &'r [Kind]) -> Self {
        Self {
            row,
            kinds: kinds.iter(),
        }
    }

    fn value(&mut self) -> Result<Value, DbErr> {
        let kind = self.kinds.next();
        self.row
            .next(*kind.ok_or_else(|| broken("a column is missing"))?)
    }

    /// A row of any table.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub(super) fn model<T: Table>(&mut self) -> Result<T::Model, DbErr> {
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

/// An answer of the database that can not be read.
pub(super) fn broken(error: impl std::fmt::Display) -> DbErr {
    DbErr::Type(format!(
        "an answer of the database can not be read: {error}"
    ))
}

/// Whether a parameter is NULL.
pub(super) fn is_null(value: &Value) -> bool {
    matches!(
        value,
        Value::Bool(None)
            | Value::Int(None)
            | Value::BigInt(None)
            | Value::Double(None)
            | Value::String(None)
            | Value::Uuid(None)
            | Value::Bytes(None)
            | Value::Array(_, None)
    )
}

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Bool,
    Int,
    BigInt,
    Double,
    Text,
    Uuid,
    Bytes,
}

impl Kind {
    /// Those of all columns of a table.
    pub(super) fn all<T: Table>() -> Vec<Self> {
        let columns = T::Column::iter();
        columns
            .map(|column| Self::of(column.def().get_column_type()))
            .collect()
    }

    /// That of a column of this type.
    pub(super) fn of(column: &ColumnType) -> Self {
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

    /// Nothing stands there.
    pub(super) fn null(self) -> Value {
        match self {
            Self::Bool => Value::Bool(None),
            Self::Int => Value::Int(None),
            Self::BigInt => Value::BigInt(None),
            Self::Double => Value::Double(None),
            Self::Text => Value::String(None),
            Self::Uuid => Value::Uuid(None),
            Self::Bytes => Value::Bytes(None),
        }
    }

    /// A value in PostgreSQL's binary form.
    pub(super) fn binary(self, bytes: &[u8]) -> Result<Value, DbErr> {
        fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], DbErr> {
            bytes.try_into().map_err(broken)
        }
        Ok(match self {
            Self::Bool => Value::Bool(Some(fixed::<1>(bytes)? != [0])),
            Self::Int => Value::Int(Some(i32::from_be_bytes(fixed(bytes)?))),
            Self::BigInt => Value::BigInt(Some(i64::from_be_bytes(fixed(bytes)?))),
            Self::Double => Value::Double(Some(f64::from_be_bytes(fixed(bytes)?))),
            Self::Text => self.text(bytes)?,
            Self::Uuid => Value::Uuid(Some(Uuid::from_bytes(fixed(bytes)?))),
            Self::Bytes => Value::Bytes(Some(bytes.to_vec())),
        })
    }

    /// A whole number of SQLite.
    pub(super) fn integer(self, number: i64) -> Result<Value, DbErr> {
        match self {
            Self::Bool => Ok(Value::Bool(Some(number != 0))),
            Self::Int => Ok(Value::Int(Some(number.try_into().map_err(broken)?))),
            Self::BigInt => Ok(Value::BigInt(Some(number))),
            _ => Err(broken(format!("a number in a column of {self:?}"))),
        }
    }

    /// A number of SQLite that need not be whole.
    pub(super) fn real(self, number: f64) -> Result<Value, DbErr> {
        match self {
            Self::Double => Ok(Value::Double(Some(number))),
            _ => Err(broken(format!("a fraction in a column of {self:?}"))),
        }
    }

    /// A text.
    pub(super) fn text(self, bytes: &[u8]) -> Result<Value, DbErr> {
        match self {
            Self::Text => {
                let text = std::str::from_utf8(bytes).map_err(broken)?;
                Ok(Value::String(Some(text.to_owned())))
            }
            _ => Err(broken(format!("a text in a column of {self:?}"))),
        }
    }

    /// Bytes of SQLite.
    pub(super) fn blob(self, bytes: &[u8]) -> Result<Value, DbErr> {
        match self {
            Self::Uuid => Ok(Value::Uuid(Some(Uuid::from_slice(bytes).map_err(broken)?))),
            Self::Bytes => Ok(Value::Bytes(Some(bytes.to_vec()))),
            _ => Err(broken(format!("bytes in a column of {self:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_not_as_long_as_its_type_is_refused() {
        assert!(Kind::BigInt.binary(&[0; 8]).is_ok());
        assert!(Kind::BigInt.binary(&[0; 4]).is_err());
        assert!(Kind::Text.binary(&[0xff]).is_err());
        assert_eq!(Kind::Uuid.null(), Value::Uuid(None));
        assert!(Kind::Uuid.blob(&[0; 16]).is_ok() && Kind::Uuid.blob(&[0; 15]).is_err());
    }

    #[test]
    fn what_is_of_another_type_than_its_column_is_refused() {
        assert_eq!(Kind::Bool.integer(1), Ok(Value::Bool(Some(true))));
        assert!(Kind::Int.integer(i64::MAX).is_err());
        assert!(Kind::Text.integer(1).is_err());
        assert!(Kind::BigInt.text(b"1").is_err());
        assert!(Kind::Text.blob(b"1").is_err());
    }
}
