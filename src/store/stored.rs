//! Records: what is stored as one text, each kind of it in versions of its own.
//!
//! A room says with [`record!`](crate::record) how each of its models is stored, member by member, and with
//! [`records!`](crate::records) which version of which kind that is. Models can change as they like: what is stored
//! changes where a record is declared, and nowhere else.
//!
//! A stored record is `{"v":VERSION,"r":FORM}`. Text without that is of the time before records had versions; it is the
//! first version's form.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Error;
use crate::clock::Timestamp;

/// What a record begins with, before the number of its version.
const BEFORE_VERSION: &[u8] = b"{\"v\":";
/// What stands between that number and the form.
const BEFORE_FORM: &[u8] = b",\"r\":";
/// What records from before there were versions are.
const FIRST: u64 = 1;

/// A kind of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordKind {
    /// What it is called, in the store and in errors. Never changes.
    pub name: &'static str,
    /// The version that is written.
    pub version: u64,
}

/// A model that is stored as a record; [`records!`](crate::records) makes it one.
pub trait Record: Sized {
    /// Its kind.
    const KIND: RecordKind;

    /// The text that is stored.
    ///
    /// # Errors
    /// [`Error::Record`] if a text can't say it.
    fn encode(&self) -> Result<String, Error>;

    /// Reads what any version up to this one has stored.
    ///
    /// # Errors
    /// [`Error::NewerRecord`] for a version that this one doesn't know, [`Error::Record`] for what is no record.
    fn decode(text: &[u8]) -> Result<Self, Error>;
}

/// A value that stands in records as an `F`: itself, or whatever simple value says all of it.
pub trait Stored<F>: Sized {
    /// What is stored.
    fn to_stored(&self) -> F;

    /// The value that was stored as `form`.
    ///
    /// # Errors
    /// [`Unreadable`] if no value is stored like that.
    fn from_stored(form: F) -> Result<Self, Unreadable>;
}

/// What stands in a record and is none of the values that may be there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is no {what}")]
pub struct Unreadable {
    /// What should be there.
    pub what: &'static str,
    /// What is.
    pub value: String,
}

impl RecordKind {
    /// The version that `text` is a record of.
    ///
    /// # Errors
    /// [`Error::NewerRecord`] if it is newer than this one.
    pub fn version_of(self, text: &[u8]) -> Result<u64, Error> {
        let found = split(text).map_or(FIRST, |(version, _)| version);
        let known = self.version;
        if found <= known { Ok(found) } else { Err(Error::NewerRecord { name: self.name, found, known }) }
    }

    /// Writes a record in the newest version, whose form is `F`.
    ///
    /// # Errors
    /// [`Error::Record`] if a text can't say it.
    pub fn write<F: Serialize, M: Stored<F>>(self, model: &M) -> Result<String, Error> {
        let mut text = format!("{{\"v\":{},\"r\":", self.version);
        let form = serde_json::to_string(&model.to_stored()).map_err(|error| self.unreadable(&error))?;
        // Writing into a text never fails.
        let _ = write!(text, "{form}}}");
        Ok(text)
    }

    /// Reads a record whose form is `F`.
    ///
    /// # Errors
    /// [`Error::Record`] for what is no such record.
    pub fn read<F: DeserializeOwned, M: Stored<F>>(self, text: &[u8]) -> Result<M, Error> {
        let form = split(text).map_or(text, |(_, form)| form);
        let form: F = serde_json::from_slice(form).map_err(|error| self.unreadable(&error))?;
        M::from_stored(form).map_err(|error| self.unreadable(&error))
    }

    /// A record of a version that there never was.
    pub fn unknown(self, version: u64) -> Error {
        self.unreadable(&format_args!("there is no version {version}"))
    }

    fn unreadable(self, reason: &dyn std::fmt::Display) -> Error {
        Error::Record { name: self.name, reason: reason.to_string() }
    }
}

/// Version and form of a record; `None` for a bare form.
fn split(text: &[u8]) -> Option<(u64, &[u8])> {
    let rest = text.strip_prefix(BEFORE_VERSION)?;
    let n_digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(n_digits).filter(|(digits, _)| !digits.is_empty())?;
    // A number too large for a version is newer than any.
    let version = std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX);
    // Newer versions may have another envelope: all that is read of theirs is the number.
    let form = rest.strip_prefix(BEFORE_FORM).and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default();
    Some((version, form))
}

/// Declares how models are stored: the form of a record, and the way there and back.
///
/// `"name" member: Type` stores `member` of the model under `name` as a `Type`. What an earlier release has written is read
/// for ever: names don't change, and a member that a later version has more is `#[serde(default)]`. For what can't be said
/// like that there is a form of its own, with its own [`Stored`](crate::Stored).
#[macro_export]
macro_rules! record {
    ($(
        $(#[$about:meta])*
        $vis:vis struct $form:ident of $model:ty {
            $($(#[$how:meta])* $name:literal $member:ident: $kind:ty),+ $(,)?
        }
    )+) => {$(
        $(#[$about])*
        #[derive(::serde::Serialize, ::serde::Deserialize)]
        $vis struct $form {
            $($(#[$how])* #[serde(rename = $name)] $member: $kind),+
        }

        impl $crate::Stored<$form> for $model {
            fn to_stored(&self) -> $form {
                $form { $($member: $crate::Stored::to_stored(&self.$member)),+ }
            }

            fn from_stored(form: $form) -> Result<Self, $crate::Unreadable> {
                Ok(Self { $($member: $crate::Stored::from_stored(form.$member)?),+ })
            }
        }
    )+};
}

/// Declares kinds of records, with the form of each version there has been, the newest last:
/// `Model, "name": 1 => FormV1, now 2 => FormV2;`. All of them are in the list, which the room declares when it opens
/// ([`Store::declare`](crate::Store::declare)).
#[macro_export]
macro_rules! records {
    (
        $(#[$about:meta])*
        $vis:vis const $list:ident;
        $($model:ty, $name:literal: $($old:literal => $old_form:ty,)* now $version:literal => $form:ty;)+
    ) => {
        $(#[$about])*
        $vis const $list: &[$crate::RecordKind] = &[$(<$model as $crate::Record>::KIND),+];

        $(impl $crate::Record for $model {
            const KIND: $crate::RecordKind = $crate::RecordKind { name: $name, version: $version };

            fn encode(&self) -> Result<String, $crate::Error> {
                Self::KIND.write::<$form, Self>(self)
            }

            fn decode(text: &[u8]) -> Result<Self, $crate::Error> {
                match Self::KIND.version_of(text)? {
                    $($old => Self::KIND.read::<$old_form, Self>(text),)*
                    $version => Self::KIND.read::<$form, Self>(text),
                    other => Err(Self::KIND.unknown(other)),
                }
            }
        })+
    };
}

// === values that are in records as they are ===

macro_rules! as_it_is {
    ($($kind:ty),+) => {$(
        impl Stored<Self> for $kind {
            fn to_stored(&self) -> Self {
                Self::clone(self)
            }

            fn from_stored(form: Self) -> Result<Self, Unreadable> {
                Ok(form)
            }
        }
    )+};
}

as_it_is!(bool, u8, i32, u32, i64, u64, f64, String, Map<String, Value>);

impl Stored<i64> for Timestamp {
    fn to_stored(&self) -> i64 {
        self.as_millis()
    }

    fn from_stored(form: i64) -> Result<Self, Unreadable> {
        Ok(Self::from_millis(form))
    }
}

impl<T: Stored<F>, F> Stored<Option<F>> for Option<T> {
    fn to_stored(&self) -> Option<F> {
        self.as_ref().map(T::to_stored)
    }

    fn from_stored(form: Option<F>) -> Result<Self, Unreadable> {
        form.map(T::from_stored).transpose()
    }
}

impl<T: Stored<F>, F> Stored<Vec<F>> for Vec<T> {
    fn to_stored(&self) -> Vec<F> {
        self.iter().map(T::to_stored).collect()
    }

    fn from_stored(form: Vec<F>) -> Result<Self, Unreadable> {
        form.into_iter().map(T::from_stored).collect()
    }
}

impl<T: Stored<F> + Ord, F: Ord> Stored<BTreeSet<F>> for BTreeSet<T> {
    fn to_stored(&self) -> BTreeSet<F> {
        self.iter().map(T::to_stored).collect()
    }

    fn from_stored(form: BTreeSet<F>) -> Result<Self, Unreadable> {
        form.into_iter().map(T::from_stored).collect()
    }
}

impl<K: Stored<FK> + Ord, V: Stored<FV>, FK: Ord, FV> Stored<BTreeMap<FK, FV>> for BTreeMap<K, V> {
    fn to_stored(&self) -> BTreeMap<FK, FV> {
        self.iter().map(|(key, value)| (key.to_stored(), value.to_stored())).collect()
    }

    fn from_stored(form: BTreeMap<FK, FV>) -> Result<Self, Unreadable> {
        form.into_iter().map(|(key, value)| Ok((K::from_stored(key)?, V::from_stored(value)?))).collect()
    }
}
