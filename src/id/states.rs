//! ARNs of Step Functions resources.

use std::fmt;
use std::sync::Arc;

use super::arn::ArnParts;
use super::{AccountRegion, ArnError, account};

/// Why a text is not an ARN of Step Functions; `Display` is the part of the `InvalidArn` message after `Invalid Arn: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatesArnError {
    /// Not an ARN at all.
    #[error(transparent)]
    Syntax(#[from] ArnError),
    /// An ARN of a different resource type than the operation takes.
    #[error("Resource type not valid in this context: {0}")]
    ResourceType(String),
    /// An ARN of another service, or with a malformed resource part.
    #[error("Invalid ARN: {0}")]
    Malformed(String),
}

/// The part after the name in a qualified state machine ARN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Qualifier {
    /// All digits: a published version.
    Version(u64),
    /// Anything else: an alias.
    Alias(String),
}

/// `arn:aws:states:R:A:stateMachine:NAME[:QUALIFIER]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StateMachineArn {
    /// Account and region.
    pub home: AccountRegion,
    /// The state machine's name.
    pub name: Arc<str>,
    /// For the state machine of a Distributed Map's children, which is called `NAME/LABEL`: the label.
    pub label: Option<String>,
    /// The version or alias; `None` for an unqualified ARN.
    pub qualifier: Option<Qualifier>,
}

/// `arn:aws:states:R:A:execution:MACHINE:NAME`, or `arn:aws:states:R:A:express:MACHINE:NAME:RUN` of an Express workflow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExecutionArn {
    /// Account and region.
    pub home: AccountRegion,
    /// The state machine's name, with the label if this is a Map Run's child.
    pub machine: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// Of an Express workflow: which of the executions of this name.
    pub run: Option<Arc<str>>,
}

/// `arn:aws:states:R:A:activity:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActivityArn {
    /// Account and region.
    pub home: AccountRegion,
    /// The activity's name.
    pub name: Arc<str>,
}

/// `arn:aws:states:R:A:mapRun:MACHINE/LABEL:RUN`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MapRunArn {
    /// Account and region.
    pub home: AccountRegion,
    /// The name of the state machine with the Map state.
    pub machine: Arc<str>,
    /// The Map state's label.
    pub label: String,
    /// The run's id, the last part of the ARN.
    pub run: String,
}

/// Any ARN of Step Functions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StatesArn {
    /// A state machine, a version or an alias.
    StateMachine(StateMachineArn),
    /// A Standard execution.
    Execution(ExecutionArn),
    /// An Express execution, with its run.
    Express(ExecutionArn),
    /// An activity.
    Activity(ActivityArn),
    /// A Map Run.
    MapRun(MapRunArn),
}

impl StatesArn {
    /// Parses any ARN of Step Functions.
    pub fn parse(text: &str) -> Result<Self, StatesArnError> {
        let arn = ArnParts::parse(text)?;
        let malformed = || StatesArnError::Malformed(text.to_owned());
        if arn.service != "states" {
            return Err(malformed());
        }
        let home = AccountRegion {
            account: account::AccountId::parse(arn.account).ok_or_else(malformed)?,
            region: account::Region::parse(arn.region).ok_or_else(malformed)?,
        };
        // A resource's ARN names its region's own partition, so an ARN with another one doesn't exist.
        if arn.partition != home.region.partition() {
            return Err(malformed());
        }
        let parts: Vec<&str> = arn.resource.split(':').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(malformed());
        }
        match parts.as_slice() {
            ["stateMachine", name] => Ok(Self::StateMachine(state_machine(home, name, None))),
            ["stateMachine", name, qualifier] => {
                let qualifier = match qualifier.parse() {
                    Ok(version) => Qualifier::Version(version),
                    Err(_) => Qualifier::Alias((*qualifier).to_owned()),
                };
                Ok(Self::StateMachine(state_machine(home, name, Some(qualifier))))
            }
            ["execution", machine, name] => Ok(Self::Execution(execution(home, machine, name))),
            ["express", machine, name, run] => {
                let arn = execution(home, machine, name);
                Ok(Self::Express(ExecutionArn { run: Some((*run).into()), ..arn }))
            }
            ["activity", name] => Ok(Self::Activity(ActivityArn { home, name: (*name).into() })),
            ["mapRun", labelled, run] => {
                let (machine, label) = labelled.split_once('/').ok_or_else(malformed)?;
                Ok(Self::MapRun(MapRunArn {
                    home,
                    machine: machine.into(),
                    label: label.to_owned(),
                    run: (*run).to_owned(),
                }))
            }
            _ => Err(malformed()),
        }
    }

    /// The account and region in the ARN.
    pub fn home(&self) -> &AccountRegion {
        match self {
            Self::StateMachine(arn) => &arn.home,
            Self::Execution(arn) | Self::Express(arn) => &arn.home,
            Self::Activity(arn) => &arn.home,
            Self::MapRun(arn) => &arn.home,
        }
    }

    /// The resource type as AWS names it in errors.
    pub fn resource_type(&self) -> &'static str {
        match self {
            Self::StateMachine(_) => "stateMachine",
            Self::Execution(_) => "execution",
            Self::Express(..) => "express",
            Self::Activity(_) => "activity",
            Self::MapRun(_) => "mapRun",
        }
    }
}

fn state_machine(home: AccountRegion, name: &str, qualifier: Option<Qualifier>) -> StateMachineArn {
    match name.split_once('/') {
        Some((name, label)) => {
            StateMachineArn { home, name: name.into(), label: Some(label.to_owned()), qualifier }
        }
        None => StateMachineArn { home, name: name.into(), label: None, qualifier },
    }
}

fn execution(home: AccountRegion, machine: &str, name: &str) -> ExecutionArn {
    ExecutionArn { home, machine: machine.into(), name: name.into(), run: None }
}

/// Gives a typed ARN its own parser, which refuses other resource types as AWS does.
macro_rules! typed_arn {
    ($type:ident, $variant:ident) => {
        impl $type {
            /// Parses an ARN of this kind.
            pub fn parse(text: &str) -> Result<Self, StatesArnError> {
                match StatesArn::parse(text)? {
                    StatesArn::$variant(arn) => Ok(arn),
                    other => Err(StatesArnError::ResourceType(other.resource_type().to_owned())),
                }
            }
        }
    };
}
typed_arn!(StateMachineArn, StateMachine);
typed_arn!(ExecutionArn, Execution);
typed_arn!(ActivityArn, Activity);
typed_arn!(MapRunArn, MapRun);

impl StateMachineArn {
    /// The ARN of a state machine without version, alias or label.
    pub fn new(home: &AccountRegion, name: &str) -> Self {
        state_machine(home.clone(), name, None)
    }

    /// The name as it appears in the ARNs of executions: `NAME`, or `NAME/LABEL`.
    pub fn full_name(&self) -> Arc<str> {
        match &self.label {
            None => self.name.clone(),
            Some(label) => format!("{}/{label}", self.name).into(),
        }
    }

    /// The same machine without version, alias or label.
    pub fn unqualified(&self) -> Self {
        Self { home: self.home.clone(), name: self.name.clone(), label: None, qualifier: None }
    }
}

impl ExecutionArn {
    /// The ARN of an execution of `machine`.
    pub fn new(home: &AccountRegion, machine: &str, name: &str) -> Self {
        execution(home.clone(), machine, name)
    }

    /// Parses the ARN of an execution that is kept: one of a Standard workflow, or the Express child of a Map Run.
    ///
    /// # Errors
    /// For another kind of resource as well.
    pub fn parse_kept(text: &str) -> Result<Self, StatesArnError> {
        match StatesArn::parse(text)? {
            StatesArn::Express(arn) if arn.machine.contains('/') => Ok(arn),
            StatesArn::Execution(arn) => Ok(arn),
            other => Err(StatesArnError::ResourceType(other.resource_type().to_owned())),
        }
    }

    /// Parses the ARN of an Express execution.
    ///
    /// # Errors
    /// For another kind of resource as well.
    pub fn parse_express(text: &str) -> Result<Self, StatesArnError> {
        match StatesArn::parse(text)? {
            StatesArn::Express(arn) => Ok(arn),
            other => Err(StatesArnError::ResourceType(other.resource_type().to_owned())),
        }
    }

    /// Names the execution among those of its machine: `NAME`, or `NAME:RUN`.
    pub fn full_name(&self) -> Arc<str> {
        match &self.run {
            None => self.name.clone(),
            Some(run) => format!("{}:{run}", self.name).into(),
        }
    }

    /// The ARN of the execution of `machine` that is named so among its executions.
    pub fn of(home: &AccountRegion, machine: &str, full_name: &str) -> Self {
        match full_name.split_once(':') {
            None => Self::new(home, machine, full_name),
            Some((name, run)) => Self { run: Some(run.into()), ..Self::new(home, machine, name) },
        }
    }
}

impl MapRunArn {
    /// The state machine of the run's children.
    pub fn state_machine(&self) -> StateMachineArn {
        StateMachineArn {
            home: self.home.clone(),
            name: self.machine.clone(),
            label: Some(self.label.clone()),
            qualifier: None,
        }
    }
}

impl ActivityArn {
    /// The ARN of an activity.
    pub fn new(home: &AccountRegion, name: &str) -> Self {
        Self { home: home.clone(), name: name.into() }
    }
}

impl fmt::Display for StateMachineArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AccountRegion { account, region } = &self.home;
        let partition = region.partition();
        write!(f, "arn:{partition}:states:{region}:{account}:stateMachine:{}", self.name)?;
        if let Some(label) = &self.label {
            write!(f, "/{label}")?;
        }
        match &self.qualifier {
            None => Ok(()),
            Some(Qualifier::Version(version)) => write!(f, ":{version}"),
            Some(Qualifier::Alias(alias)) => write!(f, ":{alias}"),
        }
    }
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AccountRegion { account, region } = &self.home;
        let (partition, region, account) = (region.partition(), region.as_str(), account.as_str());
        let (kind, run) = match &self.run {
            None => (":execution:", ["", ""]),
            Some(run) => (":express:", [":", run]),
        };
        let [colon, run] = run;
        // At once, because each execution has one: in ten pieces it takes ten times as long.
        let (machine, name) = (&*self.machine, &*self.name);
        let parts =
            ["arn:", partition, ":states:", region, ":", account, kind, machine, ":", name, colon, run];
        f.write_str(&parts.concat())
    }
}

impl fmt::Display for ActivityArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AccountRegion { account, region } = &self.home;
        let partition = region.partition();
        write!(f, "arn:{partition}:states:{region}:{account}:activity:{}", self.name)
    }
}

impl fmt::Display for MapRunArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AccountRegion { account, region } = &self.home;
        let partition = region.partition();
        let Self { home: _, machine, label, run } = self;
        write!(f, "arn:{partition}:states:{region}:{account}:mapRun:{machine}/{label}:{run}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_arns_round_trip() {
        for text in [
            "arn:aws:states:us-east-1:123456789012:stateMachine:HelloWorld",
            "arn:aws:states:us-east-1:123456789012:stateMachine:HelloWorld:7",
            "arn:aws:states:us-east-1:123456789012:stateMachine:HelloWorld:PROD",
            "arn:aws:states:us-east-1:123456789012:stateMachine:HelloWorld/Label",
        ] {
            assert_eq!(StateMachineArn::parse(text).unwrap().to_string(), text);
        }
        let text = "arn:aws:states:us-east-1:123456789012:execution:HelloWorld:MyExecution";
        assert_eq!(ExecutionArn::parse(text).unwrap().to_string(), text);
        let text = "arn:aws:states:us-east-1:123456789012:mapRun:HelloWorld/Label:run";
        assert_eq!(MapRunArn::parse(text).unwrap().to_string(), text);
        let text = "arn:aws:states:us-east-1:123456789012:activity:Work";
        assert_eq!(ActivityArn::parse(text).unwrap().to_string(), text);
    }

    #[test]
    fn arns_name_their_regions_partition() {
        for (region, partition) in [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")] {
            for rest in ["stateMachine:M", "execution:M:E", "activity:A", "mapRun:M/L:r"] {
                let text = format!("arn:{partition}:states:{region}:123456789012:{rest}");
                let parsed = StatesArn::parse(&text).unwrap();
                let shown = match parsed {
                    StatesArn::StateMachine(arn) => arn.to_string(),
                    StatesArn::Execution(arn) | StatesArn::Express(arn) => arn.to_string(),
                    StatesArn::Activity(arn) => arn.to_string(),
                    StatesArn::MapRun(arn) => arn.to_string(),
                };
                assert_eq!(shown, text);
                assert!(StatesArn::parse(&text.replace(partition, "aws")).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn versions_are_all_digits() {
        let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:M:12";
        assert_eq!(StateMachineArn::parse(arn).unwrap().qualifier, Some(Qualifier::Version(12)));
        let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:M:v12";
        assert_eq!(StateMachineArn::parse(arn).unwrap().qualifier, Some(Qualifier::Alias("v12".into())));
    }

    #[test]
    fn refusals_use_the_words_of_aws() {
        let express = "arn:aws:states:us-east-1:123456789012:express:M:E:run";
        let said = ExecutionArn::parse(express).unwrap_err().to_string();
        assert_eq!(said, "Resource type not valid in this context: express");
        assert_eq!(ExecutionArn::parse("bad").unwrap_err().to_string(), "Invalid ARN prefix: bad");
        for bad in ["arn:aws:iam::123456789012:role/r", "arn:aws:states:us-east-1:12:stateMachine:M"] {
            assert!(matches!(StatesArn::parse(bad), Err(StatesArnError::Malformed(_))), "{bad}");
        }
    }
}
