//! Many rows into one table at once: prepared rows on SQLite, arrays through `unnest` on PostgreSQL.

use crate::{StoreError, Value};
use std::fmt::Write as _;
use std::sync::Arc;
use tokio_postgres::types::ToSql;

/// Rows sent in one statement (measured with the store's choice: COPY gains nothing over this).
pub(crate) const PART_ROWS_MAX: usize = 20_000;

/// Bytes sent in one statement, so that a part of long texts stays small in memory too.
pub(crate) const PART_BYTES_MAX: usize = 8 << 20;

/// The type of a column that a bulk write fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `bigint`
    Bigint,
    /// `smallint`
    Smallint,
    /// `double precision`
    Double,
    /// `text`
    Text,
    /// `bytea`
    Bytea,
}

impl Column {
    const fn word(self) -> &'static str {
        match self {
            Self::Bigint => "bigint",
            Self::Smallint => "smallint",
            Self::Double => "double precision",
            Self::Text => "text",
            Self::Bytea => "bytea",
        }
    }
}

/// A bulk write.
///
/// ```
/// use sipar_store::{Bulk, Column, Tx, StoreError, values};
///
/// fn remember(tx: &mut Tx, names: &[(i64, String)]) -> Result<u64, StoreError> {
///     let bulk = Bulk {
///         into: "insert into name(number, name)",
///         columns: &[Column::Bigint, Column::Text],
///         then: "on conflict (number) do update set name = excluded.name",
///     };
///     tx.bulk(&bulk, names.iter().map(|(number, name)| values![*number, name]))
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bulk<'a> {
    /// `insert into TABLE(COLUMN, ...)`.
    pub into: &'a str,
    /// The types of these columns, in the same order.
    pub columns: &'a [Column],
    /// `on conflict ...`, or nothing.
    pub then: &'a str,
}

impl Bulk<'_> {
    /// The statement for one row.
    pub(crate) fn for_rows(&self) -> String {
        let mut text = format!("{} values (", self.into);
        for number in 1..=self.columns.len() {
            let comma = if number > 1 { ", " } else { "" };
            let _ = write!(text, "{comma}?{number}");
        }
        let _ = write!(text, ") {}", self.then);
        text
    }

    /// PostgreSQL's statement for arrays of columns.
    pub(crate) fn for_arrays(&self) -> String {
        let mut text = format!("{} select * from unnest(", self.into);
        for (at, column) in self.columns.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            let _ = write!(text, "{comma}${}::{}[]", at + 1, column.word());
        }
        let _ = write!(text, ") {}", self.then);
        text
    }

    /// The columns of `rows`.
    pub(crate) fn arrays<'r, 'v, R: AsRef<[Value<'v>]>>(&self, rows: &'r [R]) -> Result<Vec<Array<'r>>, StoreError>
    where
        'v: 'r,
    {
        self.columns.iter().enumerate().map(|(at, column)| self.array(*column, at, rows)).collect()
    }

    fn array<'r, 'v, R: AsRef<[Value<'v>]>>(
        &self,
        column: Column,
        at: usize,
        rows: &'r [R],
    ) -> Result<Array<'r>, StoreError>
    where
        'v: 'r,
    {
        let cells = rows.iter().map(|row| row.as_ref().get(at).unwrap_or(&Value::Null));
        let refused = |value: &Value<'_>| StoreError::Statement {
            sql: self.into.to_owned(),
            source: Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(format!(
                "{} was given where column {at} wants {}",
                value.describe(),
                column.word()
            ))),
        };
        macro_rules! gather {
            ($into:path, $value:ident => { $($pattern:pat => $result:expr),+ $(,)? }) => {{
                let mut out = Vec::with_capacity(rows.len());
                for $value in cells {
                    out.push(match $value {
                        Value::Null => None,
                        $($pattern => Some($result),)+
                        other => return Err(refused(other)),
                    });
                }
                Ok($into(out))
            }};
        }
        match column {
            Column::Bigint => gather!(Array::Bigint, value => { Value::Integer(number) => *number }),
            Column::Smallint => gather!(Array::Smallint, value => {
                Value::Integer(number) => i16::try_from(*number).map_err(|_| refused(value))?
            }),
            #[expect(clippy::cast_precision_loss, reason = "the column holds a double, as it would on SQLite")]
            Column::Double => gather!(Array::Double, value => {
                Value::Real(number) => *number,
                Value::Integer(number) => *number as f64,
            }),
            Column::Text => gather!(Array::Text, value => { Value::Text(text) => text.as_ref() }),
            Column::Bytea => gather!(Array::Bytea, value => { Value::Bytes(bytes) => bytes.as_ref() }),
        }
    }
}

/// One column of a part.
#[derive(Debug)]
pub(crate) enum Array<'a> {
    Bigint(Vec<Option<i64>>),
    Smallint(Vec<Option<i16>>),
    Double(Vec<Option<f64>>),
    Text(Vec<Option<&'a str>>),
    Bytea(Vec<Option<&'a [u8]>>),
}

impl Array<'_> {
    pub(crate) fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Bigint(cells) => cells,
            Self::Smallint(cells) => cells,
            Self::Double(cells) => cells,
            Self::Text(cells) => cells,
            Self::Bytea(cells) => cells,
        }
    }
}

/// The next part of `rows`, within both bounds.
pub(crate) fn next_part<'v, R: AsRef<[Value<'v>]>>(rows: &mut impl Iterator<Item = R>) -> Vec<R> {
    let mut part = Vec::new();
    let mut bytes = 0;
    while part.len() < PART_ROWS_MAX && bytes < PART_BYTES_MAX {
        let Some(row) = rows.next() else { break };
        bytes += row.as_ref().iter().map(Value::size_bytes).sum::<usize>();
        part.push(row);
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values;

    const BULK: Bulk<'_> = Bulk {
        into: "insert into t(a, b)",
        columns: &[Column::Smallint, Column::Text],
        then: "on conflict (a) do nothing",
    };

    #[test]
    fn both_texts() {
        assert_eq!(BULK.for_rows(), "insert into t(a, b) values (?1, ?2) on conflict (a) do nothing");
        assert_eq!(
            BULK.for_arrays(),
            "insert into t(a, b) select * from unnest($1::smallint[], $2::text[]) on conflict (a) do nothing"
        );
    }

    #[test]
    fn a_value_that_does_not_fit_its_column_is_refused() {
        assert!(BULK.arrays(&[values![1, "x"], values![Option::<i64>::None, "y"]]).is_ok());
        assert!(BULK.arrays(&[values![70_000, "x"]]).is_err());
        assert!(BULK.arrays(&[values!["1", "x"]]).is_err());
    }

    #[test]
    fn parts_are_bounded_in_rows_and_bytes() {
        let mut rows = (0..PART_ROWS_MAX + 5).map(|n| values![n]);
        assert_eq!(next_part(&mut rows).len(), PART_ROWS_MAX);
        assert_eq!(next_part(&mut rows).len(), 5);
        let long = "x".repeat(PART_BYTES_MAX / 2);
        let mut rows = (0..3).map(|_| values![&long]);
        assert_eq!(next_part(&mut rows).len(), 2);
        assert_eq!(next_part(&mut rows).len(), 1);
    }
}
