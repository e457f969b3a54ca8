//! Runtimes whose interface client, AWS's program between a handler and the Runtime API, is in the package: Java, .NET and
//! Ruby. There is no bootstrap of ours for them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Language {
    Java,
    Dotnet,
    Ruby,
}

/// How deep in a package a client is looked for.
const DEPTH_MAX: usize = 12;
/// How many of its files are looked at.
const FILES_MAX: usize = 50_000;

const JAVA_CLASS: &str = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";

impl Language {
    /// The language of a runtime, such as `java21`, and the version that it names.
    pub(super) fn of(runtime: &str) -> Option<(Self, &str)> {
        let is_version = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_digit())
                && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        };
        // `java8.al2` says what AWS runs it on.
        let plain = runtime.strip_suffix(".al2").unwrap_or(runtime);
        [(Self::Java, "java"), (Self::Dotnet, "dotnet"), (Self::Ruby, "ruby")]
            .into_iter()
            .find_map(|(language, name)| Some((language, plain.strip_prefix(name)?)))
            .filter(|(_, version)| is_version(version))
    }

    /// What runs it.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Java => "java",
            Self::Dotnet => "dotnet",
            Self::Ruby => "ruby",
        }
    }

    /// What must be in the package, as its documents call it.
    pub(super) fn client(self) -> &'static str {
        match self {
            Self::Java => "aws-lambda-java-runtime-interface-client",
            Self::Dotnet => "Amazon.Lambda.RuntimeSupport",
            Self::Ruby => "aws_lambda_ric",
        }
    }

    /// Whether the file of a package or a layer with this path is the client.
    pub(super) fn is_client(self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match self {
            Self::Java => {
                // A jar of its own, or its classes among the package's.
                (name.starts_with("aws-lambda-java-runtime-interface-client") && has_extension(name, "jar"))
                    || path == format!("{}.class", JAVA_CLASS.replace('.', "/"))
            }
            Self::Dotnet => folder.is_empty() && name == "Amazon.Lambda.RuntimeSupport.dll",
            Self::Ruby => name == "aws_lambda_ric" && gem_of(path).is_some(),
        }
    }

    /// The arguments that run `handler` of the package in `code`, with layers in `layers`; `None` if there is no client.
    pub(super) fn arguments(
        self,
        handler: &str,
        code: &Path,
        layers: Option<&Path>,
        memory_mb: u32,
    ) -> io::Result<Option<Vec<String>>> {
        let mut found = None;
        for root in [Some(code), layers].into_iter().flatten() {
            found = found.or(self.find(root, PathBuf::new(), &mut 0)?.map(|path| (root, path)));
        }
        let Some((root, path)) = found else { return Ok(None) };
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        Ok(Some(match self {
            Self::Java => {
                let of_layers = layers.map(|layers| text(layers.join("java/lib/*")));
                let paths = [Some(text(code.to_owned())), Some(text(code.join("lib/*"))), of_layers];
                let paths: Vec<String> = paths.into_iter().flatten().collect();
                // As much as of Node.js: the rest is for what isn't on the heap.
                let heap = format!("-Xmx{}m", (memory_mb * 8 / 10).max(32));
                let quick =
                    ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"].map(str::to_owned);
                let rest = ["-cp".to_owned(), paths.join(":"), JAVA_CLASS.to_owned(), handler.to_owned()];
                [heap].into_iter().chain(quick).chain(rest).collect()
            }
            Self::Dotnet => {
                // `Assembly`, or `Assembly::Type::Method`, whose assembly has the client's main method as well.
                let assembly = handler.split("::").next().unwrap_or_default();
                vec![text(code.join(format!("{assembly}.dll"))), handler.to_owned()]
            }
            Self::Ruby => {
                let lib = gem_of(&path.to_string_lossy()).map(|gem| text(root.join(gem).join("lib")));
                vec!["-I".to_owned(), lib.unwrap_or_default(), text(root.join(path)), handler.to_owned()]
            }
        }))
    }

    /// Looks for the client below `root`.
    fn find(self, root: &Path, below: PathBuf, n_seen: &mut usize) -> io::Result<Option<PathBuf>> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(root.join(&below))? {
            let entry = entry?;
            *n_seen += 1;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if self.is_client(&path.to_string_lossy()) {
                return Ok(Some(path));
            }
        }
        folders.sort();
        for folder in folders {
            if DEPTH_MAX <= folder.components().count() || FILES_MAX < *n_seen {
                continue;
            }
            if let Some(found) = self.find(root, folder, n_seen)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn has_extension(name: &str, wanted: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// The folder of the gem with the client, if the path is the client's in one: `…/gems/aws_lambda_ric-3.0.0/bin/…`.
fn gem_of(path: &str) -> Option<String> {
    let (before, after) = path.split_once("gems/aws_lambda_ric-")?;
    let (version, rest) = after.split_once('/')?;
    let is_program = rest == "bin/aws_lambda_ric" || rest == "exe/aws_lambda_ric";
    is_program.then(|| format!("{before}gems/aws_lambda_ric-{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_name_a_language_and_a_version() {
        assert_eq!(Language::of("java21"), Some((Language::Java, "21")));
        assert_eq!(Language::of("java8.al2"), Some((Language::Java, "8")));
        assert_eq!(Language::of("dotnet8"), Some((Language::Dotnet, "8")));
        assert_eq!(Language::of("ruby3.3"), Some((Language::Ruby, "3.3")));
        for other in ["java", "javascript", "ruby", "ruby.3", "dotnetcore3.1", "nodejs20.x", "java21x"] {
            assert_eq!(Language::of(other), None, "{other}");
        }
    }

    #[test]
    fn clients_are_known_by_their_paths() {
        use Language::{Dotnet, Java, Ruby};
        for (language, path) in [
            (Java, "lib/aws-lambda-java-runtime-interface-client-2.6.0-linux-x86_64.jar"),
            (Java, "java/lib/aws-lambda-java-runtime-interface-client.jar"),
            (Java, "com/amazonaws/services/lambda/runtime/api/client/AWSLambda.class"),
            (Dotnet, "Amazon.Lambda.RuntimeSupport.dll"),
            (Ruby, "vendor/bundle/ruby/3.3.0/gems/aws_lambda_ric-3.0.0/bin/aws_lambda_ric"),
        ] {
            assert!(language.is_client(path), "{path}");
        }
        for (language, path) in [
            (Java, "lib/aws-lambda-java-core-1.2.3.jar"),
            (Java, "lib/aws-lambda-java-runtime-interface-client.txt"),
            (Dotnet, "ref/Amazon.Lambda.RuntimeSupport.dll"),
            (Ruby, "bin/aws_lambda_ric"),
            (Ruby, "gems/aws_lambda_ric-3.0.0/lib/aws_lambda_ric.rb"),
        ] {
            assert!(!language.is_client(path), "{path}");
        }
    }

    #[test]
    fn each_language_s_client_is_given_the_handler() {
        let root = std::env::temp_dir().join(format!("stepgate-clients-{}", std::process::id()));
        let with = |file: &str| {
            let _ = fs::remove_dir_all(&root);
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        let at = |path: &str| root.join(path).to_string_lossy().into_owned();
        let arguments =
            |language: Language, handler: &str| language.arguments(handler, &root, None, 256).unwrap();
        with("bin/aws_lambda_ric");
        assert_eq!(arguments(Language::Ruby, "app.handler"), None);
        let gem = "vendor/bundle/ruby/3.3.0/gems/aws_lambda_ric-3.0.0";
        with(&format!("{gem}/bin/aws_lambda_ric"));
        let (lib, program) = (at(&format!("{gem}/lib")), at(&format!("{gem}/bin/aws_lambda_ric")));
        let wanted = vec!["-I".into(), lib, program, "app.handler".into()];
        assert_eq!(arguments(Language::Ruby, "app.handler"), Some(wanted));
        with("Amazon.Lambda.RuntimeSupport.dll");
        let wanted = vec![at("Orders.dll"), "Orders::Orders.Function::Handle".into()];
        assert_eq!(arguments(Language::Dotnet, "Orders::Orders.Function::Handle"), Some(wanted));
        with("lib/aws-lambda-java-runtime-interface-client-2.6.0.jar");
        let java = arguments(Language::Java, "example.Handler::handle").unwrap();
        let paths = format!("{}:{}", at(""), at("lib/*")).replace("/:", ":");
        assert!(java.contains(&"-Xmx204m".to_owned()), "{java:?}");
        assert_eq!(
            java[java.len() - 4..],
            ["-cp".into(), paths, JAVA_CLASS.into(), "example.Handler::handle".into()]
        );
        fs::remove_dir_all(&root).unwrap();
    }
}
