//! What a client may take: rates today; keys, usage plans and quotas belong here.

pub(crate) mod throttle;

pub use throttle::Rate;
