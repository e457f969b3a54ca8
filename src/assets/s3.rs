//! Amazon S3 as far as tools that deploy, Step Functions and Lambda need it: the table of its operations.
//!
//! See <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>. Objects are files of their own ([`files`]); what
//! is told of them is in the store ([`tables`]).

mod asked;
mod buckets;
mod checksum;
mod codes;
mod conditions;
mod copies;
mod files;
mod listing;
mod objects;
mod operations;
mod permissions;
mod put;
mod receive;
mod settings;
mod shapes;
mod shared;
mod tables;
mod tags;
#[cfg(test)]
mod tests;
mod uploads;

pub use self::operations::{SERVICE, service};
pub use self::shared::{Bounds, Buckets, Ports};
