//! The credentials of an identity: a session of one of its pool's roles. The enhanced flow.
//!
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::logins::UNAUTHENTICATED;
use super::{PROVIDER, identities, mapping};
use crate::cognito::Cognito;
use crate::cognito::error::Error;
use crate::identity::{SessionError, WebIdentity, WebRole};
use crate::wire::{ApiError, Call};

/// The sessions' name.
const SESSION_NAME: &str = "CognitoIdentityCredentials";
/// What bounds sessions of identities without a login: one of the two has to allow as well. AWS's policies; the first is
/// given with each session, the second is `AmazonCognitoUnAuthedIdentitiesSessionPolicy`.
///
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html>
const GUESTS: [&str; 2] = [
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudwatch:*","logs:*","dynamodb:*","kinesis:*","mobileanalytics:*","s3:*","ses:*","sns:*","sqs:*","lambda:*","machinelearning:*","execute-api:*","iot:*","gamelift:*","cognito-identity:*","cognito-idp:*","lex:*","polly:*","comprehend:*","translate:*","transcribe:*","rekognition:*","mobiletargeting:*","firehose:*","appsync:*","personalize:*","sagemaker:InvokeEndpoint","cognito-sync:*","codewhisperer:*","textract:DetectDocumentText","textract:AnalyzeDocument","sdb:*"],"Resource":["*"]}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"CognitoUnAuthedIdentitiesSessionPolicy","Effect":"Allow","Action":["rum:PutRumEvents","sagemaker:InvokeEndpoint","polly:*","comprehend:*","translate:*","transcribe:*","rekognition:*","mobiletargeting:*","firehose:*","personalize:*","geo:GetMap*","geo:SearchPlaceIndex*","geo:GetPlace","geo:CalculateRoute*","geo:*Geofence","geo:*Geofences","geo:*DevicePosition*","kms:Encrypt","kms:Decrypt","kms:ReEncryptTo","kms:ReEncryptFrom","kms:GenerateDataKey","kms:GenerateDataKeyPair","kms:GenerateDataKeyPairWithoutPlaintext","kms:GenerateDataKeyWithoutPlaintext"],"Resource":"*"}]}"#,
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ForIdentity {
    identity_id: String,
    #[serde(default)]
    logins: BTreeMap<String, String>,
    custom_role_arn: Option<String>,
}

pub(super) async fn for_identity(call: &Call, input: ForIdentity) -> Result<Value, ApiError> {
    let cognito = call.state::<Cognito>();
    let id = input.identity_id;
    let admitted = identities::admit(cognito, &id, input.logins, call.time).await?;
    let role_arn = mapping::role(&admitted.pool, &admitted.verified, input.custom_role_arn.as_deref())?;
    let (methods, policies) = match admitted.verified.is_empty() {
        true => (vec![UNAUTHENTICATED.to_owned()], GUESTS.map(str::to_owned).to_vec()),
        false => (admitted.verified.methods(), Vec::new()),
    };
    let web = WebIdentity {
        provider: PROVIDER.to_owned(),
        prefix: PROVIDER.to_owned(),
        audience: admitted.pool_id,
        subject: id.clone(),
        methods,
    };
    // A role of another account would have to trust this one's pool, which AWS doesn't let pools do.
    let is_own = role_arn.split(':').nth(4) == Some(admitted.home.account.as_str());
    let role =
        WebRole { role_arn, session_name: SESSION_NAME.to_owned(), web, policies, ..WebRole::default() };
    if !is_own {
        return Err(mapping::bad_roles().into());
    }
    let mut decisions = Vec::new();
    let session = cognito.0.sessions.assume_role_with_web_identity(role, &mut decisions).await;
    call.decided(decisions);
    let session = session.map_err(|error| match error {
        SessionError::NotForBearer | SessionError::RoleArn(_) => mapping::bad_roles(),
        other => Error::Session(other),
    })?;
    Ok(json!({
        "IdentityId": id,
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": session.expires.as_seconds_f64(),
        },
    }))
}
