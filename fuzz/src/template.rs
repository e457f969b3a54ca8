//! CloudFormation templates: any text is a template or an error; the functions of a template resolve, or report where
//! they don't.

use stepgate::stack::{Template, check};

pub(crate) fn execute(text: &str) {
    match Template::parse(text) {
        Ok(template) => {
            assert!(template.resources().count() <= 500);
            if let Err(error) = check(&template) {
                assert!(!error.to_string().is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ": ",
    ", ",
    "\n",
    "  ",
    "- ",
    "&a ",
    "*a",
    "!Ref ",
    "!GetAtt ",
    "!Sub ",
    "!Join ",
    "!Select ",
    "!Split ",
    "!If ",
    "!Equals ",
    "!Or ",
    "!And ",
    "!Not ",
    "!Base64 ",
    "!FindInMap ",
    "!ImportValue ",
    "!Transform ",
    "'Fn::Sub'",
    "'Fn::ToJsonString'",
    "'Fn::Length'",
    "'Fn::Cidr'",
    "Condition: ",
    "Ref: ",
    "AWS::NoValue",
    "AWS::Region",
    "AWS::StackName",
    "${",
    "}",
    "${!",
    "${A.B}",
    "Resources:",
    "Parameters:",
    "Conditions:",
    "Mappings:",
    "Rules:",
    "Outputs:",
    "Type: 'AWS::ApiGateway::RestApi'",
    "Type: 'AWS::ApiGateway::Method'",
    "Type: 'AWS::StepFunctions::StateMachine'",
    "Properties:",
    "DependsOn: ",
    "Default: ",
    "Value: ",
    "DeletionPolicy: Retain",
    "Transform: ",
    "true",
    "null",
    "0",
    "-1",
    "é",
];
