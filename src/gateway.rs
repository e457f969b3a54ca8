//! REST APIs: what is defined (`api`), how it is changed (`patch`) and how deployed APIs are served.
//!
//! The control side writes working copies and immutable deployments into the store; the data side compiles
//! a deployment once and serves requests from it. They meet in [`api::DeploymentSnapshot`].

pub mod api;
