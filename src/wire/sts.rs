//! AWS Security Token Service: the table of its operations.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

use serde::{Deserialize, Serialize};

use super::{
    ApiError, Call, Handler, Operation, Route, Service, Shape, Structure, handler, optional, required,
};

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: Service::Sts, name, route: Route::Action, input, handler }
}

/// Every operation.
pub(crate) static OPERATIONS: &[Operation] = &[
    row("GetCallerIdentity", &NO_INPUT, handler!(get_caller_identity)),
    row("AssumeRole", &ASSUME_ROLE, Handler::Unsupported),
    row("GetSessionToken", &GET_SESSION_TOKEN, Handler::Unsupported),
];

static NO_INPUT: Structure = Structure::new("GetCallerIdentityRequest", &[]);
static ASSUME_ROLE: Structure = Structure::new(
    "AssumeRoleRequest",
    &[
        required("RoleArn", Shape::string(20, 2048)),
        required("RoleSessionName", Shape::string(2, 64)),
        optional("DurationSeconds", Shape::integer(900, 43_200)),
    ],
);
static GET_SESSION_TOKEN: Structure =
    Structure::new("GetSessionTokenRequest", &[optional("DurationSeconds", Shape::integer(900, 129_600))]);

#[derive(Deserialize)]
struct NoInput {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CallerIdentity {
    user_id: String,
    account: String,
    arn: String,
}

async fn get_caller_identity(call: &Call, _: NoInput) -> Result<CallerIdentity, ApiError> {
    let caller = &call.caller;
    Ok(CallerIdentity {
        user_id: caller.user_id.to_string(),
        account: caller.account.to_string(),
        arn: caller.arn.to_string(),
    })
}
