//! Room `asl`.

pub mod intrinsic;
