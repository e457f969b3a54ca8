//! The events of Lambda authorizers.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html>

use serde_json::{Map, Value, json};

use crate::gateway::context::Context;
use crate::gateway::proxy_event::{self, Absent};

/// The event of a TOKEN authorizer.
pub(super) fn token(token: &str, method_arn: &str) -> Value {
    json!({ "type": "TOKEN", "methodArn": method_arn, "authorizationToken": token })
}

/// The event of a REQUEST authorizer: the request without its body.
pub(super) fn request(context: &Context, method_arn: &str) -> Value {
    let mut event = Map::new();
    event.insert("type".to_owned(), "REQUEST".into());
    event.insert("methodArn".to_owned(), method_arn.into());
    proxy_event::put_request(&mut event, context, Absent::Empty);
    event.insert("requestContext".to_owned(), proxy_event::request_context(context).into());
    event.into()
}
