//! API enumerations as tables: each variant with AWS's word for it.

/// Declares an enum whose variants are AWS's words, in the order in which AWS prints them in validation messages.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in the order AWS prints them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// AWS's words, in the same order as `ALL`.
            pub const WORDS: &'static [&'static str] = &[$($text),+];

            /// AWS's word for the value.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }

            /// The value for AWS's word `text`; case-sensitive.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl crate::store::Stored<String> for $name {
            fn to_stored(&self) -> String {
                self.as_str().to_owned()
            }

            fn from_stored(form: String) -> Result<Self, crate::store::Unreadable> {
                Self::parse(&form)
                    .ok_or_else(|| crate::store::Unreadable { what: stringify!($name), value: form })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;
