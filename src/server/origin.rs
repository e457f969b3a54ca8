//! Where settings come from.

/// Where a setting comes from that is not the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The settings file.
    File,
    /// An environment variable.
    Environment,
    /// An argument.
    Argument,
}
