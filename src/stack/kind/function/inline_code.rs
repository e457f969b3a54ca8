//! Code that stands in a template (`ZipFile`): packed as CloudFormation packs it.
//!
//! The source becomes the file `index` of its language. A source that asks for the module `cfn-response` (Node.js) or
//! `cfnresponse` (Python), with which functions answer custom resources, gets it beside itself:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html>

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A language of inline code.
struct Language {
    runtime_prefix: &'static str,
    source: &'static str,
    /// What a source says that asks for the module.
    asks: &'static str,
    module: (&'static str, &'static str),
}

const LANGUAGES: &[Language] = &[
    Language {
        runtime_prefix: "nodejs",
        source: "index.js",
        asks: "cfn-response",
        module: ("cfn-response.js", include_str!("cfn-response.js")),
    },
    Language {
        runtime_prefix: "python",
        source: "index.py",
        asks: "cfnresponse",
        module: ("cfnresponse.py", include_str!("cfnresponse.py")),
    },
];

/// The archive of `source` in base64. The same source gives the same archive.
///
/// # Errors
/// Why there is none, in words for the template's author.
pub(super) fn packed(source: &str, runtime: &str) -> Result<String, String> {
    let language = LANGUAGES.iter().find(|language| runtime.starts_with(language.runtime_prefix));
    let Some(language) = language else {
        return Err(format!(
            "ZipFile can only be used when Runtime is set to one of nodejs* and python*, not to {runtime:?}."
        ));
    };
    let module = source.contains(language.asks).then_some(language.module);
    archive([(language.source, source)].into_iter().chain(module)).map_err(|error| error.to_string())
}

fn archive<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> zip::result::ZipResult<String> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    for (name, text) in files {
        zip.start_file(name, options)?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(STANDARD.encode(zip.finish()?.into_inner()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// The archive's files, each with its text.
    fn files(archive: &str) -> Vec<(String, String)> {
        let bytes = STANDARD.decode(archive).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut files = Vec::new();
        for index in 0..zip.len() {
            let mut entry = zip.by_index(index).unwrap();
            let (name, mut text) = (entry.name().unwrap().to_string(), String::new());
            entry.read_to_string(&mut text).unwrap();
            files.push((name, text));
        }
        files
    }

    #[test]
    fn a_source_is_the_index_of_its_language() {
        let check = |runtime: &str, source: &str, names: &[&str]| {
            let packed = packed(source, runtime).unwrap();
            let files = files(&packed);
            assert_eq!(files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
            assert_eq!(files[0].1, source);
        };
        check("python3.12", "def handler(e, c): return 'ä'", &["index.py"]);
        check("python3.12", "import cfnresponse", &["index.py", "cfnresponse.py"]);
        check("nodejs22.x", "exports.handler = async () => 1", &["index.js"]);
        check("nodejs22.x", "require('cfn-response')", &["index.js", "cfn-response.js"]);
        // The other language's module is none.
        check("nodejs22.x", "// cfnresponse", &["index.js"]);
    }

    #[test]
    fn the_same_source_gives_the_same_archive() {
        assert_eq!(packed("x = 1", "python3.12"), packed("x = 1", "python3.13"));
    }

    #[test]
    fn programs_cannot_stand_in_a_template() {
        let error = packed("x", "provided.al2023").unwrap_err();
        assert!(error.starts_with("ZipFile can only be used"), "{error}");
    }
}
