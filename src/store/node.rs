//! The store on a database server, as one of its nodes.
//!
//! Each node has a row that says who it is, and until when by the database's time: its [`lease`], which it keeps moving on.
//! Whoever takes over what a node was responsible for raises that node's fencing number in the same transaction. Every group
//! of jobs checks its own node's number in its transaction: a node that was paused and comes back writes nothing. Beside it
//! stands the number of the node's last group, by which it learns after a broken connection whether its commit counted.
//!
//! What is to be done later is divided into [`shards`]. A row that means that somebody has to do something has the number of a
//! shard of whoever wrote it, and the owner of the shard does it. When a node ends, others take its shards; when one comes,
//! others give it some of theirs.
//!
//! What a node keeps in memory of what is stored, it drops or reads again when another node changes it ([`feed`]). That is a
//! row for each node and topic with a counter, which every node looks at four times a second. There is no LISTEN: not every
//! database that speaks the protocol has it, a notification may be lost, and each would wait for those of others.

pub(super) mod feed;
mod keeper;
mod lease;
pub(super) mod list;
mod readers;
pub(super) mod shards;
mod writer;

pub(super) use self::lease::Lease;
pub use self::lease::Nodes;
pub use self::list::NodeRow;
pub(super) use self::readers::start as start_readers;
pub use self::shards::Shards;
pub(super) use self::writer::start as start_writer;
