//! Users, groups and what they sign in with.

use crate::cognito::patterns::{
    ARN, CLIENT, DEVICE, NO_BLANKS, PRINTED, PRINTED_OR_BLANK, SECRET_HASH, TOKEN, USER_POOL,
};
use crate::wire::{Shape, Structure, optional, required};

pub(in super::super) static ADMIN_ADD_USER_TO_GROUP_REQUEST: Structure = Structure::new(
    "AdminAddUserToGroupRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        required("GroupName", Shape::pattern(1, 128, &PRINTED)),
    ],
);
pub(in super::super) static ADMIN_CONFIRM_SIGN_UP_REQUEST: Structure = Structure::new(
    "AdminConfirmSignUpRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static ATTRIBUTE_TYPE: Structure = Structure::new(
    "AttributeType",
    &[
        required("Name", Shape::pattern(1, 32, &PRINTED_OR_BLANK)),
        optional("Value", Shape::string(0, 2048)).secret(),
    ],
);
pub(in super::super) static ADMIN_CREATE_USER_REQUEST: Structure = Structure::new(
    "AdminCreateUserRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        optional("UserAttributes", Shape::list(&Shape::Structure(&ATTRIBUTE_TYPE))),
        optional("ValidationData", Shape::list(&Shape::Structure(&ATTRIBUTE_TYPE))),
        optional("TemporaryPassword", Shape::pattern(0, 256, &NO_BLANKS)).secret(),
        optional("ForceAliasCreation", Shape::Boolean),
        optional("MessageAction", Shape::Enum(&["RESEND", "SUPPRESS"])),
        optional("DesiredDeliveryMediums", Shape::list(&Shape::Enum(&["SMS", "EMAIL"]))),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static ADMIN_DELETE_USER_REQUEST: Structure = Structure::new(
    "AdminDeleteUserRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
    ],
);
pub(in super::super) static ADMIN_DELETE_USER_ATTRIBUTES_REQUEST: Structure = Structure::new(
    "AdminDeleteUserAttributesRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        required("UserAttributeNames", Shape::list(&Shape::pattern(1, 32, &PRINTED_OR_BLANK))),
    ],
);
pub(in super::super) static ADMIN_DISABLE_USER_REQUEST: Structure = Structure::new(
    "AdminDisableUserRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
    ],
);
pub(in super::super) static ADMIN_ENABLE_USER_REQUEST: Structure = Structure::new(
    "AdminEnableUserRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
    ],
);
pub(in super::super) static ADMIN_GET_USER_REQUEST: Structure = Structure::new(
    "AdminGetUserRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
    ],
);
pub(in super::super) static ADMIN_INITIATE_AUTH_REQUEST: Structure = Structure::new(
    "AdminInitiateAuthRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        required(
            "AuthFlow",
            Shape::Enum(&[
                "USER_SRP_AUTH",
                "REFRESH_TOKEN_AUTH",
                "REFRESH_TOKEN",
                "CUSTOM_AUTH",
                "ADMIN_NO_SRP_AUTH",
                "USER_PASSWORD_AUTH",
                "ADMIN_USER_PASSWORD_AUTH",
                "USER_AUTH",
            ]),
        ),
        optional("AuthParameters", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))).secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
        optional("Session", Shape::string(20, 2048)).secret(),
    ],
);
pub(in super::super) static ADMIN_LIST_GROUPS_FOR_USER_REQUEST: Structure = Structure::new(
    "AdminListGroupsForUserRequest",
    &[
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        optional("Limit", Shape::integer(0, 60)),
        optional("NextToken", Shape::pattern(1, 131072, &NO_BLANKS)),
    ],
);
pub(in super::super) static ADMIN_REMOVE_USER_FROM_GROUP_REQUEST: Structure = Structure::new(
    "AdminRemoveUserFromGroupRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        required("GroupName", Shape::pattern(1, 128, &PRINTED)),
    ],
);
pub(in super::super) static ADMIN_RESET_USER_PASSWORD_REQUEST: Structure = Structure::new(
    "AdminResetUserPasswordRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static ADMIN_RESPOND_TO_AUTH_CHALLENGE_REQUEST: Structure = Structure::new(
    "AdminRespondToAuthChallengeRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        required(
            "ChallengeName",
            Shape::Enum(&[
                "SMS_MFA",
                "EMAIL_OTP",
                "SOFTWARE_TOKEN_MFA",
                "SELECT_MFA_TYPE",
                "MFA_SETUP",
                "PASSWORD_VERIFIER",
                "CUSTOM_CHALLENGE",
                "SELECT_CHALLENGE",
                "DEVICE_SRP_AUTH",
                "DEVICE_PASSWORD_VERIFIER",
                "ADMIN_NO_SRP_AUTH",
                "NEW_PASSWORD_REQUIRED",
                "SMS_OTP",
                "PASSWORD",
                "WEB_AUTHN",
                "PASSWORD_SRP",
            ]),
        ),
        optional("ChallengeResponses", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072)))
            .secret(),
        optional("Session", Shape::string(20, 2048)).secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static ADMIN_SET_USER_PASSWORD_REQUEST: Structure = Structure::new(
    "AdminSetUserPasswordRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        required("Password", Shape::pattern(0, 256, &NO_BLANKS)).secret(),
        optional("Permanent", Shape::Boolean),
    ],
);
pub(in super::super) static ADMIN_UPDATE_USER_ATTRIBUTES_REQUEST: Structure = Structure::new(
    "AdminUpdateUserAttributesRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        required("UserAttributes", Shape::list(&Shape::Structure(&ATTRIBUTE_TYPE))),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static ADMIN_USER_GLOBAL_SIGN_OUT_REQUEST: Structure = Structure::new(
    "AdminUserGlobalSignOutRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
    ],
);
pub(in super::super) static CHANGE_PASSWORD_REQUEST: Structure = Structure::new(
    "ChangePasswordRequest",
    &[
        optional("PreviousPassword", Shape::pattern(0, 256, &NO_BLANKS)).secret(),
        required("ProposedPassword", Shape::pattern(0, 256, &NO_BLANKS)).secret(),
        required("AccessToken", Shape::pattern(0, 131072, &TOKEN)).secret(),
    ],
);
pub(in super::super) static CONFIRM_FORGOT_PASSWORD_REQUEST: Structure = Structure::new(
    "ConfirmForgotPasswordRequest",
    &[
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        optional("SecretHash", Shape::pattern(1, 128, &SECRET_HASH)).secret(),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        required("ConfirmationCode", Shape::pattern(1, 2048, &NO_BLANKS)),
        required("Password", Shape::pattern(0, 256, &NO_BLANKS)).secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static CONFIRM_SIGN_UP_REQUEST: Structure = Structure::new(
    "ConfirmSignUpRequest",
    &[
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        optional("SecretHash", Shape::pattern(1, 128, &SECRET_HASH)).secret(),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        required("ConfirmationCode", Shape::pattern(1, 2048, &NO_BLANKS)),
        optional("ForceAliasCreation", Shape::Boolean),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
        optional("Session", Shape::string(20, 2048)).secret(),
    ],
);
pub(in super::super) static CREATE_GROUP_REQUEST: Structure = Structure::new(
    "CreateGroupRequest",
    &[
        required("GroupName", Shape::pattern(1, 128, &PRINTED)),
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        optional("Description", Shape::string(0, 2048)),
        optional("RoleArn", Shape::pattern(20, 2048, &ARN)),
        optional("Precedence", Shape::integer(0, i32::MAX as i64)),
    ],
);
pub(in super::super) static DELETE_GROUP_REQUEST: Structure = Structure::new(
    "DeleteGroupRequest",
    &[
        required("GroupName", Shape::pattern(1, 128, &PRINTED)),
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
    ],
);
pub(in super::super) static DELETE_USER_REQUEST: Structure = Structure::new(
    "DeleteUserRequest",
    &[required("AccessToken", Shape::pattern(0, 131072, &TOKEN)).secret()],
);
pub(in super::super) static DELETE_USER_ATTRIBUTES_REQUEST: Structure = Structure::new(
    "DeleteUserAttributesRequest",
    &[
        required("UserAttributeNames", Shape::list(&Shape::pattern(1, 32, &PRINTED_OR_BLANK))),
        required("AccessToken", Shape::pattern(0, 131072, &TOKEN)).secret(),
    ],
);
pub(in super::super) static FORGOT_PASSWORD_REQUEST: Structure = Structure::new(
    "ForgotPasswordRequest",
    &[
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        optional("SecretHash", Shape::pattern(1, 128, &SECRET_HASH)).secret(),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static GET_GROUP_REQUEST: Structure = Structure::new(
    "GetGroupRequest",
    &[
        required("GroupName", Shape::pattern(1, 128, &PRINTED)),
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
    ],
);
pub(in super::super) static GET_TOKENS_FROM_REFRESH_TOKEN_REQUEST: Structure = Structure::new(
    "GetTokensFromRefreshTokenRequest",
    &[
        required("RefreshToken", Shape::pattern(0, 131072, &TOKEN)).secret(),
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        optional("ClientSecret", Shape::pattern(24, 64, &CLIENT)).secret(),
        optional("DeviceKey", Shape::pattern(1, 55, &DEVICE)),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static GET_USER_REQUEST: Structure =
    Structure::new("GetUserRequest", &[required("AccessToken", Shape::pattern(0, 131072, &TOKEN)).secret()]);
pub(in super::super) static GET_USER_ATTRIBUTE_VERIFICATION_CODE_REQUEST: Structure = Structure::new(
    "GetUserAttributeVerificationCodeRequest",
    &[
        required("AccessToken", Shape::pattern(0, 131072, &TOKEN)).secret(),
        required("AttributeName", Shape::pattern(1, 32, &PRINTED_OR_BLANK)),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static GLOBAL_SIGN_OUT_REQUEST: Structure = Structure::new(
    "GlobalSignOutRequest",
    &[required("AccessToken", Shape::pattern(0, 131072, &TOKEN)).secret()],
);
pub(in super::super) static INITIATE_AUTH_REQUEST: Structure = Structure::new(
    "InitiateAuthRequest",
    &[
        required(
            "AuthFlow",
            Shape::Enum(&[
                "USER_SRP_AUTH",
                "REFRESH_TOKEN_AUTH",
                "REFRESH_TOKEN",
                "CUSTOM_AUTH",
                "ADMIN_NO_SRP_AUTH",
                "USER_PASSWORD_AUTH",
                "ADMIN_USER_PASSWORD_AUTH",
                "USER_AUTH",
            ]),
        ),
        optional("AuthParameters", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))).secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        optional("Session", Shape::string(20, 2048)).secret(),
    ],
);
pub(in super::super) static LIST_GROUPS_REQUEST: Structure = Structure::new(
    "ListGroupsRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        optional("Limit", Shape::integer(0, 60)),
        optional("NextToken", Shape::pattern(1, 131072, &NO_BLANKS)),
    ],
);
pub(in super::super) static LIST_USERS_REQUEST: Structure = Structure::new(
    "ListUsersRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        optional("AttributesToGet", Shape::list(&Shape::pattern(1, 32, &PRINTED_OR_BLANK))),
        optional("Limit", Shape::integer(0, 60)),
        optional("PaginationToken", Shape::pattern(1, 131072, &NO_BLANKS)),
        optional("Filter", Shape::string(0, 256)),
    ],
);
pub(in super::super) static LIST_USERS_IN_GROUP_REQUEST: Structure = Structure::new(
    "ListUsersInGroupRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("GroupName", Shape::pattern(1, 128, &PRINTED)),
        optional("Limit", Shape::integer(0, 60)),
        optional("NextToken", Shape::pattern(1, 131072, &NO_BLANKS)),
    ],
);
pub(in super::super) static RESEND_CONFIRMATION_CODE_REQUEST: Structure = Structure::new(
    "ResendConfirmationCodeRequest",
    &[
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        optional("SecretHash", Shape::pattern(1, 128, &SECRET_HASH)).secret(),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static RESPOND_TO_AUTH_CHALLENGE_REQUEST: Structure = Structure::new(
    "RespondToAuthChallengeRequest",
    &[
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        required(
            "ChallengeName",
            Shape::Enum(&[
                "SMS_MFA",
                "EMAIL_OTP",
                "SOFTWARE_TOKEN_MFA",
                "SELECT_MFA_TYPE",
                "MFA_SETUP",
                "PASSWORD_VERIFIER",
                "CUSTOM_CHALLENGE",
                "SELECT_CHALLENGE",
                "DEVICE_SRP_AUTH",
                "DEVICE_PASSWORD_VERIFIER",
                "ADMIN_NO_SRP_AUTH",
                "NEW_PASSWORD_REQUIRED",
                "SMS_OTP",
                "PASSWORD",
                "WEB_AUTHN",
                "PASSWORD_SRP",
            ]),
        ),
        optional("Session", Shape::string(20, 2048)).secret(),
        optional("ChallengeResponses", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072)))
            .secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static REVOKE_TOKEN_REQUEST: Structure = Structure::new(
    "RevokeTokenRequest",
    &[
        required("Token", Shape::pattern(0, 131072, &TOKEN)).secret(),
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        optional("ClientSecret", Shape::pattern(24, 64, &CLIENT)).secret(),
    ],
);
pub(in super::super) static SIGN_UP_REQUEST: Structure = Structure::new(
    "SignUpRequest",
    &[
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
        optional("SecretHash", Shape::pattern(1, 128, &SECRET_HASH)).secret(),
        required("Username", Shape::pattern(1, 128, &PRINTED)).secret(),
        optional("Password", Shape::pattern(0, 256, &NO_BLANKS)).secret(),
        optional("UserAttributes", Shape::list(&Shape::Structure(&ATTRIBUTE_TYPE))),
        optional("ValidationData", Shape::list(&Shape::Structure(&ATTRIBUTE_TYPE))),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static UPDATE_GROUP_REQUEST: Structure = Structure::new(
    "UpdateGroupRequest",
    &[
        required("GroupName", Shape::pattern(1, 128, &PRINTED)),
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        optional("Description", Shape::string(0, 2048)),
        optional("RoleArn", Shape::pattern(20, 2048, &ARN)),
        optional("Precedence", Shape::integer(0, i32::MAX as i64)),
    ],
);
pub(in super::super) static UPDATE_USER_ATTRIBUTES_REQUEST: Structure = Structure::new(
    "UpdateUserAttributesRequest",
    &[
        required("UserAttributes", Shape::list(&Shape::Structure(&ATTRIBUTE_TYPE))),
        required("AccessToken", Shape::pattern(0, 131072, &TOKEN)).secret(),
        optional("ClientMetadata", Shape::map(&Shape::string(0, 131072), &Shape::string(0, 131072))),
    ],
);
pub(in super::super) static VERIFY_USER_ATTRIBUTE_REQUEST: Structure = Structure::new(
    "VerifyUserAttributeRequest",
    &[
        required("AccessToken", Shape::pattern(0, 131072, &TOKEN)).secret(),
        required("AttributeName", Shape::pattern(1, 32, &PRINTED_OR_BLANK)),
        required("Code", Shape::pattern(1, 2048, &NO_BLANKS)),
    ],
);
