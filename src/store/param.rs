//! Values passed to and returned from statements, without a driver's types.

use std::error::Error as StdError;

use bytes::BytesMut;
use rusqlite::types::{self, ToSqlOutput, ValueRef};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::Error;

/// What the drivers know of errors.
type Boxed = Box<dyn StdError + Sync + Send>;

/// A value bound to `?1`, `?2`, ….
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Param<'a> {
    /// NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// DOUBLE PRECISION.
    Real(f64),
    /// TEXT.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

/// A value of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl From<&Param<'_>> for Value {
    fn from(param: &Param<'_>) -> Self {
        match *param {
            Param::Null => Self::Null,
            Param::Int(value) => Self::Int(value),
            Param::Real(value) => Self::Real(value),
            Param::Text(text) => Self::Text(text.to_owned()),
            Param::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

impl Value {
    pub(super) fn as_param(&self) -> Param<'_> {
        match self {
            Self::Null => Param::Null,
            Self::Int(value) => Param::Int(*value),
            Self::Real(value) => Param::Real(*value),
            Self::Text(text) => Param::Text(text),
            Self::Blob(bytes) => Param::Blob(bytes),
        }
    }
}

impl Param<'_> {
    /// The approximate size in the database, in bytes.
    pub(super) fn len_bytes(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Int(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(value)
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(types::Value::Null),
            Self::Int(value) => ToSqlOutput::Owned(types::Value::Integer(*value)),
            Self::Real(value) => ToSqlOutput::Owned(types::Value::Real(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *of == Type::INT4 => i32::try_from(*value)?.to_sql(of, out),
            Self::Int(value) => value.to_sql(of, out),
            Self::Real(value) => value.to_sql(of, out),
            Self::Text(text) => text.to_sql(of, out),
            Self::Blob(bytes) => bytes.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Types are declared when the statement is prepared.
        true
    }

    to_sql_checked!();
}

/// A whole number of any width.
struct Int(i64);

impl<'a> FromSql<'a> for Int {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(Self(match *of {
            Type::INT2 => i16::from_sql(of, raw)?.into(),
            Type::INT4 => i32::from_sql(of, raw)?.into(),
            _ => i64::from_sql(of, raw)?,
        }))
    }

    fn accepts(of: &Type) -> bool {
        matches!(*of, Type::INT2 | Type::INT4 | Type::INT8)
    }
}

/// One row of a result; columns count from 0.
pub struct Row<'a>(pub(super) RowOf<'a>);

/// The row of the database that it comes from.
pub(super) enum RowOf<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// A BIGINT.
    ///
    /// # Errors
    /// [`Error::Sql`] if the column has another type. This applies to all accessors.
    pub fn int(&self, column: usize) -> Result<i64, Error> {
        match self.0 {
            RowOf::Sqlite(row) => Ok(row.get(column)?),
            RowOf::Postgres(row) => Ok(row.try_get::<_, Int>(column)?.0),
        }
    }

    /// A BIGINT or NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.0 {
            RowOf::Sqlite(row) => Ok(row.get(column)?),
            RowOf::Postgres(row) => Ok(row.try_get::<_, Option<Int>>(column)?.map(|int| int.0)),
        }
    }

    /// A DOUBLE PRECISION.
    pub fn real(&self, column: usize) -> Result<f64, Error> {
        match self.0 {
            RowOf::Sqlite(row) => Ok(row.get(column)?),
            RowOf::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// A DOUBLE PRECISION or NULL.
    pub(super) fn opt_real(&self, column: usize) -> Result<Option<f64>, Error> {
        match self.0 {
            RowOf::Sqlite(row) => Ok(row.get(column)?),
            RowOf::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// A TEXT.
    pub fn text(&self, column: usize) -> Result<String, Error> {
        match self.0 {
            RowOf::Sqlite(row) => Ok(row.get(column)?),
            RowOf::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// A TEXT or NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, Error> {
        match self.0 {
            RowOf::Sqlite(row) => Ok(row.get(column)?),
            RowOf::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// Bytes.
    pub fn blob(&self, column: usize) -> Result<Vec<u8>, Error> {
        match self.0 {
            RowOf::Sqlite(row) => Ok(row.get(column)?),
            RowOf::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// Bytes or NULL.
    pub fn opt_blob(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        match self.0 {
            RowOf::Sqlite(row) => Ok(row.get(column)?),
            RowOf::Postgres(row) => Ok(row.try_get(column)?),
        }
    }
}
