//! The store on a database server, as one of its nodes.
//!
//! One node at a time has the database: its name is in a row, until a time that it keeps moving on ([`lease`]). Whoever
//! takes the row over raises a fencing number, which every group of jobs checks in its transaction: a node that was paused
//! and comes back writes nothing. Beside it stands the number of the last group, by which a node learns after a broken
//! connection whether its commit counted.

mod lease;
mod readers;
mod writer;

pub(super) use self::lease::Lease;
pub(super) use self::readers::start as start_readers;
pub(super) use self::writer::start as start_writer;
