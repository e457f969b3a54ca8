//! Room `vtl`.
