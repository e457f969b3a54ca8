//! User pools and their clients.

use super::ANYTHING;
use crate::cognito::patterns::{
    ARN, CLIENT, CONFIGURATION_SET, EMAIL, MESSAGE, MESSAGE_WITH_CODE, MESSAGE_WITH_LINK, NAME, NO_BLANKS,
    PRINTED, PROVIDER_LABEL, SCOPE, SMS_WITH_CODE, SUBJECT, USER_POOL,
};
use crate::wire::{Limits, Shape, Structure, optional, required};

pub(in super::super) static NUMBER_ATTRIBUTE_CONSTRAINTS_TYPE: Structure = Structure::new(
    "NumberAttributeConstraintsType",
    &[optional("MinValue", Shape::string(0, 131072)), optional("MaxValue", Shape::string(0, 131072))],
);
pub(in super::super) static STRING_ATTRIBUTE_CONSTRAINTS_TYPE: Structure = Structure::new(
    "StringAttributeConstraintsType",
    &[optional("MinLength", Shape::string(0, 131072)), optional("MaxLength", Shape::string(0, 131072))],
);
pub(in super::super) static SCHEMA_ATTRIBUTE_TYPE: Structure = Structure::new(
    "SchemaAttributeType",
    &[
        optional("Name", Shape::pattern(1, 20, &PRINTED)),
        optional("AttributeDataType", Shape::Enum(&["String", "Number", "DateTime", "Boolean"])),
        optional("DeveloperOnlyAttribute", Shape::Boolean),
        optional("Mutable", Shape::Boolean),
        optional("Required", Shape::Boolean),
        optional("NumberAttributeConstraints", Shape::Structure(&NUMBER_ATTRIBUTE_CONSTRAINTS_TYPE)),
        optional("StringAttributeConstraints", Shape::Structure(&STRING_ATTRIBUTE_CONSTRAINTS_TYPE)),
    ],
);
pub(in super::super) static ADD_CUSTOM_ATTRIBUTES_REQUEST: Structure = Structure::new(
    "AddCustomAttributesRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required(
            "CustomAttributes",
            Shape::List(&Shape::Structure(&SCHEMA_ATTRIBUTE_TYPE), Limits { min: 1, max: 25 }),
        ),
    ],
);
pub(in super::super) static PASSWORD_POLICY_TYPE: Structure = Structure::new(
    "PasswordPolicyType",
    &[
        optional("MinimumLength", Shape::integer(6, 99)),
        optional("RequireUppercase", Shape::Boolean),
        optional("RequireLowercase", Shape::Boolean),
        optional("RequireNumbers", Shape::Boolean),
        optional("RequireSymbols", Shape::Boolean),
        optional("PasswordHistorySize", Shape::integer(0, 24)),
        optional("TemporaryPasswordValidityDays", Shape::integer(0, 365)),
    ],
);
pub(in super::super) static SIGN_IN_POLICY_TYPE: Structure = Structure::new(
    "SignInPolicyType",
    &[optional(
        "AllowedFirstAuthFactors",
        Shape::List(
            &Shape::Enum(&["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"]),
            Limits { min: 1, max: 4 },
        ),
    )],
);
pub(in super::super) static USER_POOL_POLICY_TYPE: Structure = Structure::new(
    "UserPoolPolicyType",
    &[
        optional("PasswordPolicy", Shape::Structure(&PASSWORD_POLICY_TYPE)),
        optional("SignInPolicy", Shape::Structure(&SIGN_IN_POLICY_TYPE)),
    ],
);
pub(in super::super) static VERIFICATION_MESSAGE_TEMPLATE_TYPE: Structure = Structure::new(
    "VerificationMessageTemplateType",
    &[
        optional("SmsMessage", Shape::pattern(6, 140, &SMS_WITH_CODE)),
        optional("EmailMessage", Shape::pattern(6, 20000, &MESSAGE_WITH_CODE)),
        optional("EmailSubject", Shape::pattern(1, 140, &SUBJECT)),
        optional("EmailMessageByLink", Shape::pattern(6, 20000, &MESSAGE_WITH_LINK)),
        optional("EmailSubjectByLink", Shape::pattern(1, 140, &SUBJECT)),
        optional("DefaultEmailOption", Shape::Enum(&["CONFIRM_WITH_LINK", "CONFIRM_WITH_CODE"])),
    ],
);
pub(in super::super) static USER_ATTRIBUTE_UPDATE_SETTINGS_TYPE: Structure = Structure::new(
    "UserAttributeUpdateSettingsType",
    &[optional(
        "AttributesRequireVerificationBeforeUpdate",
        Shape::list(&Shape::Enum(&["phone_number", "email"])),
    )],
);
pub(in super::super) static EMAIL_CONFIGURATION_TYPE: Structure = Structure::new(
    "EmailConfigurationType",
    &[
        optional("SourceArn", Shape::pattern(20, 2048, &ARN)),
        optional("ReplyToEmailAddress", Shape::pattern(0, 131072, &EMAIL)),
        optional("EmailSendingAccount", Shape::Enum(&["COGNITO_DEFAULT", "DEVELOPER"])),
        optional("From", Shape::string(0, 131072)),
        optional("ConfigurationSet", Shape::pattern(1, 64, &CONFIGURATION_SET)),
    ],
);
pub(in super::super) static MESSAGE_TEMPLATE_TYPE: Structure = Structure::new(
    "MessageTemplateType",
    &[
        optional("SMSMessage", Shape::string(6, 140)),
        optional("EmailMessage", Shape::pattern(6, 20000, &MESSAGE)),
        optional("EmailSubject", Shape::pattern(1, 140, &SUBJECT)),
    ],
);
pub(in super::super) static ADMIN_CREATE_USER_CONFIG_TYPE: Structure = Structure::new(
    "AdminCreateUserConfigType",
    &[
        optional("AllowAdminCreateUserOnly", Shape::Boolean),
        optional("UnusedAccountValidityDays", Shape::integer(0, 365)),
        optional("InviteMessageTemplate", Shape::Structure(&MESSAGE_TEMPLATE_TYPE)),
    ],
);
pub(in super::super) static USERNAME_CONFIGURATION_TYPE: Structure =
    Structure::new("UsernameConfigurationType", &[required("CaseSensitive", Shape::Boolean)]);
pub(in super::super) static RECOVERY_OPTION_TYPE: Structure = Structure::new(
    "RecoveryOptionType",
    &[
        required("Priority", Shape::integer(1, 2)),
        required("Name", Shape::Enum(&["verified_email", "verified_phone_number", "admin_only"])),
    ],
);
pub(in super::super) static ACCOUNT_RECOVERY_SETTING_TYPE: Structure = Structure::new(
    "AccountRecoverySettingType",
    &[optional(
        "RecoveryMechanisms",
        Shape::List(&Shape::Structure(&RECOVERY_OPTION_TYPE), Limits { min: 1, max: 2 }),
    )],
);
pub(in super::super) static CREATE_USER_POOL_REQUEST: Structure = Structure::new(
    "CreateUserPoolRequest",
    &[
        required("PoolName", Shape::pattern(1, 128, &NAME)),
        optional("Policies", Shape::Structure(&USER_POOL_POLICY_TYPE)),
        optional("DeletionProtection", Shape::Enum(&["ACTIVE", "INACTIVE"])),
        optional("LambdaConfig", Shape::Structure(&ANYTHING)),
        optional("AutoVerifiedAttributes", Shape::list(&Shape::Enum(&["phone_number", "email"]))),
        optional(
            "AliasAttributes",
            Shape::list(&Shape::Enum(&["phone_number", "email", "preferred_username"])),
        ),
        optional("UsernameAttributes", Shape::list(&Shape::Enum(&["phone_number", "email"]))),
        optional("SmsVerificationMessage", Shape::pattern(6, 140, &SMS_WITH_CODE)),
        optional("EmailVerificationMessage", Shape::pattern(6, 20000, &MESSAGE_WITH_CODE)),
        optional("EmailVerificationSubject", Shape::pattern(1, 140, &SUBJECT)),
        optional("VerificationMessageTemplate", Shape::Structure(&VERIFICATION_MESSAGE_TEMPLATE_TYPE)),
        optional("SmsAuthenticationMessage", Shape::pattern(6, 140, &SMS_WITH_CODE)),
        optional("MfaConfiguration", Shape::Enum(&["OFF", "ON", "OPTIONAL"])),
        optional("UserAttributeUpdateSettings", Shape::Structure(&USER_ATTRIBUTE_UPDATE_SETTINGS_TYPE)),
        optional("DeviceConfiguration", Shape::Structure(&ANYTHING)),
        optional("EmailConfiguration", Shape::Structure(&EMAIL_CONFIGURATION_TYPE)),
        optional("SmsConfiguration", Shape::Structure(&ANYTHING)),
        optional("UserPoolTags", Shape::map(&Shape::string(1, 128), &Shape::string(0, 256))),
        optional("AdminCreateUserConfig", Shape::Structure(&ADMIN_CREATE_USER_CONFIG_TYPE)),
        optional(
            "Schema",
            Shape::List(&Shape::Structure(&SCHEMA_ATTRIBUTE_TYPE), Limits { min: 1, max: 50 }),
        ),
        optional("UserPoolAddOns", Shape::Structure(&ANYTHING)),
        optional("UsernameConfiguration", Shape::Structure(&USERNAME_CONFIGURATION_TYPE)),
        optional("AccountRecoverySetting", Shape::Structure(&ACCOUNT_RECOVERY_SETTING_TYPE)),
        optional("UserPoolTier", Shape::Enum(&["LITE", "ESSENTIALS", "PLUS"])),
    ],
);
pub(in super::super) static TOKEN_VALIDITY_UNITS_TYPE: Structure = Structure::new(
    "TokenValidityUnitsType",
    &[
        optional("AccessToken", Shape::Enum(&["seconds", "minutes", "hours", "days"])),
        optional("IdToken", Shape::Enum(&["seconds", "minutes", "hours", "days"])),
        optional("RefreshToken", Shape::Enum(&["seconds", "minutes", "hours", "days"])),
    ],
);
pub(in super::super) static REFRESH_TOKEN_ROTATION_TYPE: Structure = Structure::new(
    "RefreshTokenRotationType",
    &[
        required("Feature", Shape::Enum(&["ENABLED", "DISABLED"])),
        optional("RetryGracePeriodSeconds", Shape::integer(0, 60)),
    ],
);
/// The members of a client's settings, after those that name it.
macro_rules! client_settings {
    ($name:literal: $($member:expr,)*) => {
        Structure::new($name, &[
            $($member,)*
            optional("RefreshTokenValidity", Shape::integer(0, 315360000)),
            optional("AccessTokenValidity", Shape::integer(1, 86400)),
            optional("IdTokenValidity", Shape::integer(1, 86400)),
            optional("TokenValidityUnits", Shape::Structure(&TOKEN_VALIDITY_UNITS_TYPE)),
            optional("ReadAttributes", Shape::list(&Shape::string(1, 2048))),
            optional("WriteAttributes", Shape::list(&Shape::string(1, 2048))),
            optional(
                "ExplicitAuthFlows",
                Shape::list(&Shape::Enum(&[
                    "ADMIN_NO_SRP_AUTH",
                    "CUSTOM_AUTH_FLOW_ONLY",
                    "USER_PASSWORD_AUTH",
                    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
                    "ALLOW_CUSTOM_AUTH",
                    "ALLOW_USER_PASSWORD_AUTH",
                    "ALLOW_USER_SRP_AUTH",
                    "ALLOW_REFRESH_TOKEN_AUTH",
                    "ALLOW_USER_AUTH",
                ])),
            ),
            optional("SupportedIdentityProviders", Shape::list(&Shape::pattern(1, 32, &PROVIDER_LABEL))),
            optional(
                "CallbackURLs",
                Shape::List(&Shape::pattern(1, 1024, &PRINTED), Limits { min: 0, max: 100 }),
            ),
            optional("LogoutURLs", Shape::List(&Shape::pattern(1, 1024, &PRINTED), Limits { min: 0, max: 100 })),
            optional("DefaultRedirectURI", Shape::pattern(1, 1024, &PRINTED)),
            optional(
                "AllowedOAuthFlows",
                Shape::List(&Shape::Enum(&["code", "implicit", "client_credentials"]), Limits { min: 0, max: 3 }),
            ),
            optional(
                "AllowedOAuthScopes",
                Shape::List(&Shape::pattern(1, 256, &SCOPE), Limits { min: 0, max: 50 }),
            ),
            optional("AllowedOAuthFlowsUserPoolClient", Shape::Boolean),
            optional("AnalyticsConfiguration", Shape::Structure(&ANYTHING)),
            optional("PreventUserExistenceErrors", Shape::Enum(&["LEGACY", "ENABLED"])),
            optional("EnableTokenRevocation", Shape::Boolean),
            optional("EnablePropagateAdditionalUserContextData", Shape::Boolean),
            optional("AuthSessionValidity", Shape::integer(3, 15)),
            optional("RefreshTokenRotation", Shape::Structure(&REFRESH_TOKEN_ROTATION_TYPE)),
        ])
    };
}

pub(in super::super) static CREATE_USER_POOL_CLIENT_REQUEST: Structure = client_settings! {
    "CreateUserPoolClientRequest":
    required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
    required("ClientName", Shape::pattern(1, 128, &NAME)),
    optional("GenerateSecret", Shape::Boolean),
    optional("ClientSecret", Shape::pattern(24, 64, &CLIENT)).secret(),
};
pub(in super::super) static DELETE_USER_POOL_REQUEST: Structure =
    Structure::new("DeleteUserPoolRequest", &[required("UserPoolId", Shape::pattern(1, 55, &USER_POOL))]);
pub(in super::super) static DELETE_USER_POOL_CLIENT_REQUEST: Structure = Structure::new(
    "DeleteUserPoolClientRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
    ],
);
pub(in super::super) static DESCRIBE_USER_POOL_REQUEST: Structure =
    Structure::new("DescribeUserPoolRequest", &[required("UserPoolId", Shape::pattern(1, 55, &USER_POOL))]);
pub(in super::super) static DESCRIBE_USER_POOL_CLIENT_REQUEST: Structure = Structure::new(
    "DescribeUserPoolClientRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
    ],
);
pub(in super::super) static GET_USER_POOL_MFA_CONFIG_REQUEST: Structure = Structure::new(
    "GetUserPoolMfaConfigRequest",
    &[required("UserPoolId", Shape::pattern(1, 55, &USER_POOL))],
);
pub(in super::super) static LIST_TAGS_FOR_RESOURCE_REQUEST: Structure =
    Structure::new("ListTagsForResourceRequest", &[required("ResourceArn", Shape::pattern(20, 2048, &ARN))]);
pub(in super::super) static LIST_USER_POOL_CLIENTS_REQUEST: Structure = Structure::new(
    "ListUserPoolClientsRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        optional("MaxResults", Shape::integer(1, 60)),
        optional("NextToken", Shape::pattern(1, 131072, &NO_BLANKS)),
    ],
);
pub(in super::super) static LIST_USER_POOLS_REQUEST: Structure = Structure::new(
    "ListUserPoolsRequest",
    &[
        optional("NextToken", Shape::pattern(1, 131072, &NO_BLANKS)),
        required("MaxResults", Shape::integer(1, 60)),
    ],
);
pub(in super::super) static SET_USER_POOL_MFA_CONFIG_REQUEST: Structure = Structure::new(
    "SetUserPoolMfaConfigRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        optional("SmsMfaConfiguration", Shape::Structure(&ANYTHING)),
        optional("SoftwareTokenMfaConfiguration", Shape::Structure(&ANYTHING)),
        optional("EmailMfaConfiguration", Shape::Structure(&ANYTHING)),
        optional("MfaConfiguration", Shape::Enum(&["OFF", "ON", "OPTIONAL"])),
        optional("WebAuthnConfiguration", Shape::Structure(&ANYTHING)),
    ],
);
pub(in super::super) static TAG_RESOURCE_REQUEST: Structure = Structure::new(
    "TagResourceRequest",
    &[
        required("ResourceArn", Shape::pattern(20, 2048, &ARN)),
        required("Tags", Shape::map(&Shape::string(1, 128), &Shape::string(0, 256))),
    ],
);
pub(in super::super) static UNTAG_RESOURCE_REQUEST: Structure = Structure::new(
    "UntagResourceRequest",
    &[
        required("ResourceArn", Shape::pattern(20, 2048, &ARN)),
        required("TagKeys", Shape::list(&Shape::string(1, 128))),
    ],
);
pub(in super::super) static UPDATE_USER_POOL_REQUEST: Structure = Structure::new(
    "UpdateUserPoolRequest",
    &[
        required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
        optional("Policies", Shape::Structure(&USER_POOL_POLICY_TYPE)),
        optional("DeletionProtection", Shape::Enum(&["ACTIVE", "INACTIVE"])),
        optional("LambdaConfig", Shape::Structure(&ANYTHING)),
        optional("AutoVerifiedAttributes", Shape::list(&Shape::Enum(&["phone_number", "email"]))),
        optional("SmsVerificationMessage", Shape::pattern(6, 140, &SMS_WITH_CODE)),
        optional("EmailVerificationMessage", Shape::pattern(6, 20000, &MESSAGE_WITH_CODE)),
        optional("EmailVerificationSubject", Shape::pattern(1, 140, &SUBJECT)),
        optional("VerificationMessageTemplate", Shape::Structure(&VERIFICATION_MESSAGE_TEMPLATE_TYPE)),
        optional("SmsAuthenticationMessage", Shape::pattern(6, 140, &SMS_WITH_CODE)),
        optional("UserAttributeUpdateSettings", Shape::Structure(&USER_ATTRIBUTE_UPDATE_SETTINGS_TYPE)),
        optional("MfaConfiguration", Shape::Enum(&["OFF", "ON", "OPTIONAL"])),
        optional("DeviceConfiguration", Shape::Structure(&ANYTHING)),
        optional("EmailConfiguration", Shape::Structure(&EMAIL_CONFIGURATION_TYPE)),
        optional("SmsConfiguration", Shape::Structure(&ANYTHING)),
        optional("UserPoolTags", Shape::map(&Shape::string(1, 128), &Shape::string(0, 256))),
        optional("AdminCreateUserConfig", Shape::Structure(&ADMIN_CREATE_USER_CONFIG_TYPE)),
        optional("UserPoolAddOns", Shape::Structure(&ANYTHING)),
        optional("AccountRecoverySetting", Shape::Structure(&ACCOUNT_RECOVERY_SETTING_TYPE)),
        optional("PoolName", Shape::pattern(1, 128, &NAME)),
        optional("UserPoolTier", Shape::Enum(&["LITE", "ESSENTIALS", "PLUS"])),
    ],
);
pub(in super::super) static UPDATE_USER_POOL_CLIENT_REQUEST: Structure = client_settings! {
    "UpdateUserPoolClientRequest":
    required("UserPoolId", Shape::pattern(1, 55, &USER_POOL)),
    required("ClientId", Shape::pattern(1, 128, &CLIENT)).secret(),
    optional("ClientName", Shape::pattern(1, 128, &NAME)),
};
