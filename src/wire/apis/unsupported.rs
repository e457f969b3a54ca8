//! Inputs of operations that aren't supported: what their paths name, for a request has to be routed before it
//! can be refused.

use crate::wire::{Location, Member, Shape, Structure, required};

const fn label(name: &'static str, label: &'static str) -> Member {
    required(name, Shape::TEXT).at(Location::Uri(label))
}

const fn labels(members: &'static [Member]) -> Structure {
    Structure::new("Labels", members)
}

pub(super) static OF_AUTHORIZER: Structure =
    labels(&[label("restApiId", "restapi_id"), label("authorizerId", "authorizer_id")]);
