//! Room `id`.
