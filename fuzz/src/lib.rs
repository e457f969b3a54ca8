//! The fuzz targets: each accepts any bytes and panics if a property does not hold.
//!
//! `docs/testing.md` says how to run them.

mod address;
mod asl;
mod canary;
mod corpus;
mod csv;
mod generate;
mod http1;
mod items;
mod journal;
mod jsonata;
mod jsonpath;
mod jwt;
mod openapi;
mod patch;
mod policy;
pub mod runner;
mod runtime;
mod schema;
mod sigv4;
mod template;
mod vtl;

/// A property that has to hold for any input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Mapping templates for a request: `template NUL body`.
    Vtl,
    /// Paths in a document: `path NUL document`.
    Jsonpath,
    /// JSONata over a state's input: `expression NUL document`.
    Jsonata,
    /// Definitions of state machines.
    Asl,
    /// Patch operations on a stage, one per line: `op TAB path TAB value`.
    Patch,
    /// Addresses of requests: `host NUL path`.
    Address,
    /// The bytes of an HTTP/1.1 connection.
    Http1,
    /// JSON Web Tokens and key sets.
    Jwt,
    /// Signed requests: `method NUL uri NUL header lines`.
    Sigv4,
    /// IAM policies.
    Policy,
    /// OpenAPI documents.
    Openapi,
    /// CloudFormation templates.
    Template,
    /// JSON Schema: `schema NUL value`.
    Schema,
    /// Items of a distributed Map, and files of API keys.
    Csv,
    /// Objects with items of a distributed Map: `pointer NUL object`.
    Items,
    /// Journal records.
    Journal,
    /// The bytes of a connection to the Runtime API of a Lambda function.
    Runtime,
    /// Not part of the product: violates every property, to test the runner.
    Canary,
}

impl Target {
    /// All targets.
    pub const ALL: [Self; 18] = [
        Self::Vtl,
        Self::Jsonpath,
        Self::Jsonata,
        Self::Asl,
        Self::Patch,
        Self::Address,
        Self::Http1,
        Self::Jwt,
        Self::Sigv4,
        Self::Policy,
        Self::Openapi,
        Self::Template,
        Self::Schema,
        Self::Csv,
        Self::Items,
        Self::Journal,
        Self::Runtime,
        Self::Canary,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vtl => "vtl",
            Self::Jsonpath => "jsonpath",
            Self::Jsonata => "jsonata",
            Self::Asl => "asl",
            Self::Patch => "patch",
            Self::Address => "address",
            Self::Http1 => "http1",
            Self::Jwt => "jwt",
            Self::Sigv4 => "sigv4",
            Self::Policy => "policy",
            Self::Openapi => "openapi",
            Self::Template => "template",
            Self::Schema => "schema",
            Self::Csv => "csv",
            Self::Items => "items",
            Self::Journal => "journal",
            Self::Runtime => "runtime",
            Self::Canary => "canary",
        }
    }

    /// The target with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Runs one input.
    ///
    /// # Panics
    /// If the product panics or a property does not hold.
    pub fn execute(self, input: &[u8]) {
        let text = String::from_utf8_lossy(input);
        match self {
            Self::Vtl => vtl::execute(&text),
            Self::Jsonpath => jsonpath::execute(&text),
            Self::Jsonata => jsonata::execute(&text),
            Self::Asl => asl::execute(&text),
            Self::Patch => patch::execute(&text),
            Self::Address => address::execute(&text),
            Self::Http1 => http1::execute(&text),
            Self::Jwt => jwt::execute(&text),
            Self::Sigv4 => sigv4::execute(&text),
            Self::Policy => policy::execute(&text),
            Self::Openapi => openapi::execute(&text),
            Self::Template => template::execute(&text),
            Self::Schema => schema::execute(&text),
            Self::Csv => csv::execute(&text),
            Self::Items => items::execute(&text),
            Self::Journal => journal::execute(&text),
            Self::Runtime => runtime::execute(&text),
            Self::Canary => canary::execute(&text),
        }
    }

    /// The initial inputs: everything that the tests contain.
    pub fn seeds(self) -> Vec<Vec<u8>> {
        corpus::seeds(self)
    }

    /// Keywords of the language, to be inserted.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Vtl => vtl::WORDS,
            Self::Jsonpath => jsonpath::WORDS,
            Self::Jsonata => jsonata::WORDS,
            Self::Asl => asl::WORDS,
            Self::Patch => patch::WORDS,
            Self::Address => address::WORDS,
            Self::Http1 => http1::WORDS,
            Self::Jwt => jwt::WORDS,
            Self::Sigv4 => sigv4::WORDS,
            Self::Policy => policy::WORDS,
            Self::Openapi => openapi::WORDS,
            Self::Template => template::WORDS,
            Self::Schema => schema::WORDS,
            Self::Csv => csv::WORDS,
            Self::Items => items::WORDS,
            Self::Journal => journal::WORDS,
            Self::Runtime => runtime::WORDS,
            Self::Canary => canary::WORDS,
        }
    }
}

/// The two parts of an input.
fn parts<'a>(text: &'a str, default: &'a str) -> (&'a str, &'a str) {
    text.split_once('\0').unwrap_or((text, default))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the seeds and inputs near them, so that a change of the product shows at once whether everything that was
    /// ever of interest still holds.
    #[test]
    fn every_seed_and_what_is_near_it_keeps_the_promises() {
        for target in Target::ALL.into_iter().filter(|target| *target != Target::Canary) {
            for seed in target.seeds() {
                target.execute(&seed);
            }
            let generator = generate::Generator::new(target, 1);
            for number in 0..500 {
                target.execute(&generator.input(number));
            }
        }
    }
}
