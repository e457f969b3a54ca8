//! Room `asl`.
