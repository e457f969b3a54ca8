//! What is fuzzed, and with what: each target takes any bytes and panics if a promise is broken.
//!
//! `docs/testing.md` tells how to run it.

mod address;
mod asl;
mod canary;
mod corpus;
mod csv;
mod generate;
mod http1;
mod journal;
mod jsonata;
mod jsonpath;
mod jwt;
mod openapi;
mod patch;
mod policy;
pub mod runner;
mod schema;
mod sigv4;
mod template;
mod vtl;

/// A promise that any input is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Mapping templates over a request: `template NUL body`.
    Vtl,
    /// Paths over a document: `path NUL document`.
    Jsonpath,
    /// JSONata over a state's input: `expression NUL document`.
    Jsonata,
    /// Definitions of state machines.
    Asl,
    /// Patch operations on a stage: a line each, `op TAB path TAB value`.
    Patch,
    /// Where a request goes: `host NUL path`.
    Address,
    /// Bytes of a connection of HTTP/1.1.
    Http1,
    /// JSON Web Tokens, and sets of keys.
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
    /// Records of the journal.
    Journal,
    /// Nothing of the product: breaks every promise, to see that the runner notices.
    Canary,
}

impl Target {
    /// All targets.
    pub const ALL: [Self; 16] = [
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
        Self::Journal,
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
            Self::Journal => "journal",
            Self::Canary => "canary",
        }
    }

    /// The target of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Runs one input.
    ///
    /// # Panics
    /// When the product panics or breaks a promise.
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
            Self::Journal => journal::execute(&text),
            Self::Canary => canary::execute(&text),
        }
    }

    /// Inputs to begin with: everything that the tests know.
    pub fn seeds(self) -> Vec<Vec<u8>> {
        corpus::seeds(self)
    }

    /// Words of the language, to be thrown in.
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
            Self::Journal => journal::WORDS,
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

    /// Whoever changes what a target looks at sees at once whether all that was ever of interest still holds.
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
