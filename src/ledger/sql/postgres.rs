//! Rows as PostgreSQL takes them: as they are by `COPY`, where the connection can; else one array a
//! column, however many rows there are; a row alone as parameters, which costs half.

use sea_orm::sea_query::{ArrayType, ColumnType};
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, Iterable, Value};

use super::super::blind::Guard;
use super::{NAMED_MAX, OnConflict, conflict_clause, keys, names};

/// Inserts rows.
pub(super) fn insert<E: EntityTrait>(
    rows: Vec<Vec<Value>>,
    on_conflict: OnConflict,
    binds_nulls: bool,
) -> (String, Vec<Value>) {
    let (what, values) = match one(rows) {
        Ok(row) => {
            let marks: Vec<String> = (1..=row.len()).map(|place| format!("${place}")).collect();
            (format!("VALUES ({})", marks.join(", ")), row)
        }
        Err(rows) => {
            let (arrays, values) = arrays::<E>(rows, &names::<E>(), binds_nulls);
            (format!("SELECT * FROM unnest({arrays})"), values)
        }
    };
    let text = format!(
        "INSERT INTO {} ({}) {what}{}",
        E::default().table_name(),
        names::<E>().join(", "),
        conflict_clause(on_conflict)
    );
    (text, values)
}

/// Adds rows that follow.
pub(super) fn copy<E: EntityTrait>() -> String {
    let table = E::default();
    let names = names::<E>().join(", ");
    format!(
        "COPY {} ({names}) FROM STDIN (FORMAT binary)",
        table.table_name()
    )
}

/// The row, if it is alone; else the rows.
fn one(mut rows: Vec<Vec<Value>>) -> Result<Vec<Value>, Vec<Vec<Value>>> {
    match rows.pop() {
        Some(row) if rows.is_empty() => Ok(row),
        Some(row) => {
            rows.push(row);
            Err(rows)
        }
        None => Err(rows),
    }
}

/// Writes over some columns of rows that are there. The rows have all of them. What a guard says of a
/// row stands in its column `revision`, what it says of all in the condition.
pub(super) fn update<E: EntityTrait>(
    rows: Vec<Vec<Value>>,
    columns: &[&str],
    binds_nulls: bool,
    guard: Option<&Guard>,
) -> (String, Vec<Value>) {
    let keys = keys::<E>();
    let all = names::<E>();
    let names = all.iter().copied();
    let names = names.filter(|name| keys.contains(name) || columns.contains(name));
    let names: Vec<&str> = names.collect();
    let table = E::default().table_name().to_owned();
    let rows = match one(rows) {
        Ok(row) => {
            let row = all.iter().zip(row);
            let row = row.filter(|(name, _)| names.contains(name));
            let mut row = row.map(|(_, value)| value).collect();
            return (update_one(&table, &names, &keys, guard, &mut row), row);
        }
        Err(rows) => rows,
    };
    let customer = if table == "customer" {
        "id"
    } else {
        "customer_id"
    };
    // Names the customers outright, so that a sharded database finds the one shard. Of many it would
    // have to ask nearly all, and PostgreSQL goes through the list for each row.
    let place = all.iter().position(|name| *name == customer);
    let named = place.is_some_and(|place| are_few(&rows, place));
    let (mut arrays, mut values) = arrays::<E>(rows, &names, binds_nulls);
    let mut told = names.join(", ");
    if let Some(guard) = guard {
        let written = Box::new(guard.written.clone());
        values.push(Value::Array(ArrayType::Bytes, Some(written)));
        arrays.push_str(&format!(", CAST(${} AS bytea[])", values.len()));
        told.push_str(", was");
    }
    let sets: Vec<String> = names
        .iter()
        .filter(|name| !keys.contains(name))
        .map(|name| match guard.filter(|_| *name == "revision") {
            Some(_) => format!("{name} = {}", revision("u.revision", "u.was")),
            None => format!("{name} = u.{name}"),
        })
        .collect();
    let mut wheres: Vec<String> = keys
        .iter()
        .map(|key| format!("{table}.{key} = u.{key}"))
        .collect();
    let index = names.iter().position(|name| *name == customer);
    if let Some(index) = index.filter(|_| named) {
        let parameter = index.saturating_add(1);
        wheres.push(format!("{table}.{customer} = ANY(${parameter}::uuid[])"));
    }
    if let Some(guard) = guard {
        wheres.push(guard.holds(&all_there(&names), &mut values));
    }
    let text = format!(
        "UPDATE {table} SET {} FROM unnest({arrays}) AS u({}) WHERE {}",
        sets.join(", "),
        told,
        wheres.join(" AND ")
    );
    (text, values)
}

/// That each of the accounts is there whose keys stand in the arrays: an update of one that is not
/// finds no row, and says nothing.
fn all_there(names: &[&str]) -> String {
    let key = |key: &str| {
        let place = names.iter().position(|name| *name == key);
        format!(
            "${}::uuid[]",
            place.map_or(0, |place| place.saturating_add(1))
        )
    };
    let (customers, units) = (key("customer_id"), key("credit_type_id"));
    format!(
        "(SELECT count(*) FROM unnest({customers}, {units}) AS k(customer_id, credit_type_id) \
         JOIN account a ON a.customer_id = k.customer_id \
         AND a.credit_type_id = k.credit_type_id) = cardinality({customers})"
    )
}

/// The new revision of an account, or an error (22012) where its digest is not what it was.
fn revision(new: &str, was: &str) -> String {
    format!("{new} / CASE WHEN account.digest = {was} THEN 1 ELSE 0 END")
}

/// Whether a column has few different values.
fn are_few(rows: &[Vec<Value>], place: usize) -> bool {
    let mut found: Vec<&Value> = Vec::new();
    for value in rows.iter().filter_map(|row| row.get(place)) {
        if !found.contains(&value) {
            found.push(value);
        }
        if found.len() > NAMED_MAX {
            return false;
        }
    }
    true
}

/// Writes over one row, by its key.
fn update_one(
    table: &str,
    names: &[&str],
    keys: &[&str],
    guard: Option<&Guard>,
    values: &mut Vec<Value>,
) -> String {
    let (mut sets, mut wheres) = (Vec::new(), Vec::new());
    for (name, place) in names.iter().zip(1..) {
        if keys.contains(name) {
            wheres.push(format!("{table}.{name} = ${place}"));
            continue;
        }
        sets.push(match guard.filter(|_| *name == "revision") {
            Some(guard) => {
                values.extend(guard.written.first().cloned());
                let was = format!("CAST(${} AS bytea)", values.len());
                let new = format!("CAST(${place} AS bigint)");
                format!("{name} = {}", revision(&new, &was))
            }
            None => format!("{name} = ${place}"),
        });
    }
    if let Some(guard) = guard {
        let there = format!(
            "EXISTS (SELECT 1 FROM account WHERE {})",
            wheres.join(" AND ")
        );
        wheres.push(guard.holds(&there, values));
    }
    format!(
        "UPDATE {table} SET {} WHERE {}",
        sets.join(", "),
        wheres.join(" AND ")
    )
}

/// One array parameter for each of the columns. Arrays with NULLs go as array literals where the
/// driver binds none.
fn arrays<E: EntityTrait>(
    rows: Vec<Vec<Value>>,
    names: &[&str],
    binds_nulls: bool,
) -> (String, Vec<Value>) {
    let mut columns: Vec<Vec<Value>> = E::Column::iter().map(|_| Vec::new()).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let mut texts = Vec::new();
    let mut values = Vec::new();
    let columns = E::Column::iter().zip(columns);
    let columns = columns.filter(|(column, _)| names.contains(&column.as_str()));
    for (index, (column, all)) in columns.enumerate() {
        let definition = column.def();
        let (kind, sql_type) = array_type(definition.get_column_type());
        texts.push(format!(
            "CAST(${} AS {sql_type}[])",
            index.saturating_add(1)
        ));
        values.push(if definition.is_null() && !binds_nulls {
            Value::from(array_literal(&all))
        } else {
            Value::Array(kind, Some(Box::new(all)))
        });
    }
    (texts.join(", "), values)
}

fn array_type(column: &ColumnType) -> (ArrayType, &'static str) {
    match column {
        ColumnType::Uuid => (ArrayType::Uuid, "uuid"),
        ColumnType::BigInteger => (ArrayType::BigInt, "bigint"),
        ColumnType::Integer => (ArrayType::Int, "integer"),
        ColumnType::Boolean => (ArrayType::Bool, "boolean"),
        ColumnType::Double => (ArrayType::Double, "double precision"),
        ColumnType::VarBinary(_) | ColumnType::Binary(_) | ColumnType::Blob => {
            (ArrayType::Bytes, "bytea")
        }
        _ => (ArrayType::String, "text"),
    }
}

fn array_literal(values: &[Value]) -> String {
    let mut literal = String::from("{");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            literal.push(',');
        }
        match value {
            Value::Uuid(Some(id)) => literal.push_str(&id.to_string()),
            Value::BigInt(Some(number)) => literal.push_str(&number.to_string()),
            Value::Int(Some(number)) => literal.push_str(&number.to_string()),
            Value::Double(Some(number)) => literal.push_str(&format!("{number:e}")),
            Value::String(Some(text)) => {
                literal.push('"');
                for character in text.chars() {
                    if matches!(character, '"' | '\\') {
                        literal.push('\\');
                    }
                    literal.push(character);
                }
                literal.push('"');
            }
            _ => literal.push_str("NULL"),
        }
    }
    literal.push('}');
    literal
}
