//! The host functions and variables that expressions are rewritten with. No expression can contain such a name.

/// Charges for a value that was created.
pub(crate) const CREATED: &str = "\u{1}created";
/// Charges for a value that is kept, which may have been there before.
pub(crate) const KEPT: &str = "\u{1}kept";
/// Charges for a value that passes through a step of a path.
pub(crate) const PASSED: &str = "\u{1}passed";
/// Charges for a value whose items become tuples, with what is bound to them.
pub(crate) const TUPLES: &str = "\u{1}tuples";
/// Charges for an item of an array.
pub(crate) const SPREAD: &str = "\u{1}spread";
/// Charges for text that replaces other text.
pub(crate) const COPIED: &str = "\u{1}copied";
/// Charges for what values are sorted by.
pub(crate) const SORT_KEY: &str = "\u{1}sort key";

/// Refuses excessive lengths before anything that long is created.
pub(crate) const LENGTH: &str = "\u{1}length";
/// Refuses long pictures of numbers and dates.
pub(crate) const PICTURE: &str = "\u{1}picture";
/// Remembers the number for the picture.
pub(crate) const INTEGER: &str = "\u{1}integer";
/// Refuses long pictures, and numbers that are too long in them.
pub(crate) const INTEGER_PICTURE: &str = "\u{1}integer picture";
/// Remembers how many items are joined.
pub(crate) const JOINED: &str = "\u{1}joined";
/// Refuses what would become too long with this between.
pub(crate) const SEPARATOR: &str = "\u{1}separator";
/// Refuses what would become too long indented.
pub(crate) const PRETTY: &str = "\u{1}pretty";
/// Leaves only what is distinct.
pub(crate) const DISTINCT: &str = "\u{1}distinct";
/// One object with the keys of all.
pub(crate) const KEYS: &str = "\u{1}keys";
/// Refuses transforms that would take too long.
pub(crate) const TARGETS: &str = "\u{1}targets";
/// Refuses text that is too long for a pattern.
pub(crate) const SUBJECT: &str = "\u{1}subject";

/// The last of several values; the others were only looked at.
pub(crate) const LAST: &str = "\u{1}last";
/// Picks the function that charges for a built-in one.
pub(crate) const PICKED: &str = "\u{1}picked";
/// Whether a call is one of plain text and patterns, which this room does itself.
pub(crate) const IS_PLAIN: &str = "\u{1}is plain";
/// Whether a value is a function.
pub(crate) const IS_FUNCTION: &str = "\u{1}is function";
/// `$match` of plain text.
pub(crate) const MATCH: &str = "\u{1}match";
/// `$split` of plain text.
pub(crate) const SPLIT: &str = "\u{1}split";
/// `$replace` in plain text.
pub(crate) const REPLACE: &str = "\u{1}replace";
/// What a replacement makes of a match.
pub(crate) const EXPANDED: &str = "\u{1}expanded";
/// A limit that is there.
pub(crate) const LIMIT: &str = "\u{1}limit";

/// The variable that holds the evaluation's time, in milliseconds.
pub(crate) const NOW: &str = "\u{1}now";
