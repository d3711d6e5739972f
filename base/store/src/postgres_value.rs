//! PostgreSQL: our five kinds of value on the wire, and what the server's errors mean.

use crate::error::{Cause, Failure};
use crate::{Row, StoreError, Value, sql};
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

type BoxError = Box<dyn Error + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        match (self, kind) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Integer(number), &Type::INT8) => number.to_sql(kind, out),
            (Value::Integer(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Value::Integer(number), &Type::INT2) => i16::try_from(*number)?.to_sql(kind, out),
            #[expect(clippy::cast_precision_loss, reason = "the column holds a double, as it would on SQLite")]
            (Value::Integer(number), &Type::FLOAT8) => (*number as f64).to_sql(kind, out),
            (Value::Real(number), &Type::FLOAT8) => number.to_sql(kind, out),
            (Value::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::UNKNOWN | &Type::NAME | &Type::BPCHAR) => {
                text.as_ref().to_sql(kind, out)
            }
            (Value::Bytes(bytes), &Type::BYTEA) => bytes.as_ref().to_sql(kind, out),
            _ => Err(format!("{} was given where the statement wants {kind}", self.describe()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// One row in our own form.
pub(crate) fn row(row: &tokio_postgres::Row) -> Result<Row, BoxError> {
    let values: Result<Vec<_>, BoxError> =
        row.columns().iter().enumerate().map(|(at, column)| value(row, at, column.type_())).collect();
    Ok(Row { values: values? })
}

fn value(row: &tokio_postgres::Row, at: usize, kind: &Type) -> Result<Value<'static>, BoxError> {
    let value = match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Value::Integer),
        Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map(|n| Value::Integer(n.into())),
        Type::INT2 => row.try_get::<_, Option<i16>>(at)?.map(|n| Value::Integer(n.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.map(|b| Value::Integer(b.into())),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(at)?.map(Value::Real),
        Type::FLOAT4 => row.try_get::<_, Option<f32>>(at)?.map(|n| Value::Real(n.into())),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
            row.try_get::<_, Option<String>>(at)?.map(|text| Value::Text(Cow::Owned(text)))
        }
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at)?.map(|bytes| Value::Bytes(Cow::Owned(bytes))),
        ref other => {
            return Err(
                format!("column {at} is of type {other}: write cast(... as bigint), or another portable type").into()
            );
        }
    };
    Ok(value.unwrap_or(Value::Null))
}

/// What an error of the server means for the transaction. `doing` is the statement.
pub(crate) fn failure(doing: &str, error: tokio_postgres::Error) -> Failure {
    let state = error.code().cloned();
    let of_catalogue = error.as_db_error().and_then(|e| e.constraint()).is_some_and(|name| name.starts_with("pg_"));
    let making = doing.contains("if not exists");
    let closed = error.is_closed();
    let text = sql::excerpt(doing);
    let source: Cause = Arc::new(error);
    match state {
        Some(SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED) => Failure::Again(source),
        // Two nodes make the same table at once: the second finds it there when it tries anew.
        Some(SqlState::DUPLICATE_TABLE | SqlState::DUPLICATE_SCHEMA | SqlState::DUPLICATE_OBJECT) if making => {
            Failure::Again(source)
        }
        Some(SqlState::UNIQUE_VIOLATION) if of_catalogue && making => Failure::Again(source),
        Some(SqlState::DISK_FULL) => Failure::Final(StoreError::disk_full(text, source)),
        Some(state) if state.code().starts_with("23") => Failure::Final(StoreError::Constraint { sql: text, source }),
        // Class 08: connection exception; 57P: operator intervention (a server that stops).
        Some(state) if state.code().starts_with("08") || state.code().starts_with("57P") => {
            Failure::Final(StoreError::disconnected(text, source))
        }
        Some(_) => Failure::Final(StoreError::Statement { sql: text, source }),
        None if closed => Failure::Final(StoreError::disconnected(text, source)),
        None => Failure::Final(StoreError::Statement { sql: text, source }),
    }
}

/// An error of ours while reading an answer.
pub(crate) fn decoding(doing: &str, error: BoxError) -> Failure {
    Failure::Final(StoreError::Statement { sql: sql::excerpt(doing), source: Arc::from(error) })
}
