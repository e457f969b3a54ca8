//! The AWS services of this server: one line each. `ARCHITECTURE.md` has the recipe for another.

use std::sync::Arc;

use crate::assets::{ecr, logs, s3, ssm};
use crate::cognito::{Cognito, identity_pools, user_pools};
use crate::engine::Engine;
use crate::functions::Functions;
use crate::identity::Sessions;
use crate::identity::iam::Iam;
use crate::stack::service::cloud_control;
use crate::stack::{self, Stacks};
use crate::wire::{Registration, Service, Services, apigateway, iam, lambda, states, sts};

/// What services work on.
pub(super) struct Rooms {
    pub(super) engine: Engine,
    pub(super) apis: apigateway::Apis,
    pub(super) functions: Functions,
    pub(super) iam: Iam,
    pub(super) sessions: Sessions,
    pub(super) stacks: Arc<Stacks>,
    pub(super) cognito: Cognito,
    pub(super) buckets: s3::Buckets,
    pub(super) parameters: ssm::Parameters,
    pub(super) log_groups: logs::LogGroups,
}

/// Makes a service of the room it works on.
type Register = fn(&Rooms) -> Registration;

/// Every service, in the order of the documents.
const SERVICES: &[(&Service, Register)] = &[
    (&states::SERVICE, |rooms| states::service(rooms.engine.clone())),
    (&apigateway::SERVICE, |rooms| apigateway::service(rooms.apis.clone())),
    (&lambda::SERVICE, |rooms| lambda::service(rooms.functions.clone())),
    (&iam::SERVICE, |rooms| iam::service(rooms.iam.clone())),
    (&sts::SERVICE, |rooms| sts::service(rooms.sessions.clone(), Arc::new(rooms.cognito.clone()))),
    (&stack::service::SERVICE, |rooms| stack::service::service(rooms.stacks.clone())),
    (&cloud_control::SERVICE, |rooms| cloud_control::service(rooms.stacks.clone())),
    (&identity_pools::SERVICE, |rooms| identity_pools::service(rooms.cognito.clone())),
    (&user_pools::SERVICE, |rooms| user_pools::service(rooms.cognito.clone())),
    (&s3::SERVICE, |rooms| s3::service(rooms.buckets.clone())),
    (&ssm::SERVICE, |rooms| ssm::service(rooms.parameters.clone())),
    (&logs::SERVICE, |rooms| logs::service(rooms.log_groups.clone())),
    (&ecr::SERVICE, |_| ecr::service()),
];

/// What every service of this server says of itself.
pub fn services() -> impl Iterator<Item = &'static Service> {
    SERVICES.iter().map(|(service, _)| *service)
}

/// The services, working on `rooms`.
pub(super) fn registered(rooms: &Rooms) -> Services {
    SERVICES.iter().map(|(_, register)| register(rooms)).collect()
}
