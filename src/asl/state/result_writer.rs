//! `ResultWriter`: what becomes of the results of a distributed Map.

use super::super::fields::Fields;
use super::super::template::Template;
use crate::id::Arn;

/// How the results of a distributed Map are put, and where.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>
#[derive(Clone, Debug)]
pub struct ResultWriter {
    /// Where they are written, if they aren't the Map's own result.
    pub export: Option<Export>,
    /// `WriterConfig.Transformation`.
    pub transformation: Transformation,
    /// `WriterConfig.OutputType`.
    pub output_type: OutputType,
}

/// `s3:putObject` with its `Parameters`, or `Arguments`: bucket and prefix.
#[derive(Clone, Debug)]
pub struct Export {
    /// They make the bucket and the prefix.
    pub parameters: Option<Template>,
}

/// How a child's result is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transformation {
    /// As the child's output, with what is known of its execution.
    None,
    /// As the child's output.
    #[default]
    Compact,
    /// As the child's output; the members of one that is an array stand for it.
    Flatten,
}

/// How results stand in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputType {
    /// As an array.
    #[default]
    Json,
    /// A line each.
    JsonLines,
}

const TRANSFORMATIONS: &[(&str, Transformation)] = &[
    ("NONE", Transformation::None),
    ("COMPACT", Transformation::Compact),
    ("FLATTEN", Transformation::Flatten),
];

const OUTPUT_TYPES: &[(&str, OutputType)] = &[("JSON", OutputType::Json), ("JSONL", OutputType::JsonLines)];

impl ResultWriter {
    pub(super) fn read(writer: &Fields<'_>) -> Option<Self> {
        writer.allow_in_language(&["Resource", "WriterConfig"], &["Parameters"], &["Arguments"]);
        let config = writer.object("WriterConfig");
        let parameters = writer.template(if writer.is_jsonata() { "Arguments" } else { "Parameters" });
        // AWS: either of the two, or both. Its wordings are not recorded.
        if !writer.has("Resource") && (parameters.is_some() || config.is_none()) {
            if parameters.is_some() {
                writer.require(&["Resource"]);
            } else if !writer.has("WriterConfig") {
                writer.problem(
                    "This object should have only one of the following fields: [Resource, WriterConfig]",
                );
            }
            return None;
        }
        let export = match writer.has("Resource") {
            false => None,
            true => {
                let resource = writer.string("Resource")?;
                let arn = Arn::parse(resource).ok().filter(|arn| arn.service == "states");
                if arn.is_none_or(|arn| arn.resource != "s3:putObject") {
                    let problem = format!("The resource '{resource}' can't be written to");
                    writer.field_problem("Resource", problem);
                    return None;
                }
                Some(Export { parameters })
            }
        };
        // As AWS has it where nothing is said: files tell of the executions, a result is the outputs alone.
        let unsaid = if export.is_some() { Transformation::None } else { Transformation::Compact };
        let Some(config) = config else {
            return Some(Self { export, transformation: unsaid, output_type: OutputType::Json });
        };
        config.allow(&["Transformation", "OutputType"]);
        let transformation = match config.has("Transformation") {
            true => config.word("Transformation", TRANSFORMATIONS),
            false => Some(unsaid),
        };
        let output_type = match config.has("OutputType") {
            true => config.word("OutputType", OUTPUT_TYPES),
            false => Some(OutputType::Json),
        };
        Some(Self { export, transformation: transformation?, output_type: output_type? })
    }
}
