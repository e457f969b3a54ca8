//! What runs in a folder: the runtime and the handler that its files tell of.

use std::fs;
use std::path::Path;

use anyhow::bail;

/// What runs a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Runs {
    pub(super) runtime: String,
    pub(super) handler: String,
}

/// A file that says what runs, and what it says.
const SIGNS: &[(&str, &str, &str)] = &[
    ("lambda_function.py", "python3.12", "lambda_function.lambda_handler"),
    ("app.py", "python3.12", "app.handler"),
    ("index.py", "python3.12", "index.handler"),
    ("index.mjs", "nodejs22.x", "index.handler"),
    ("index.js", "nodejs22.x", "index.handler"),
    ("index.cjs", "nodejs22.x", "index.handler"),
    ("bootstrap", "provided.al2023", "bootstrap"),
];

/// What runs in `folder`, unless something else was asked for.
pub(super) fn runs(folder: &Path, runtime: Option<&str>, handler: Option<&str>) -> anyhow::Result<Runs> {
    if let (Some(runtime), Some(handler)) = (runtime, handler) {
        return Ok(Runs { runtime: runtime.to_owned(), handler: handler.to_owned() });
    }
    let sign = SIGNS.iter().find(|(file, ..)| folder.join(file).is_file());
    let Some((file, known_runtime, known_handler)) = sign else {
        let files: Vec<&str> = SIGNS.iter().map(|(file, ..)| *file).collect();
        bail!(
            "{} has none of {}: say what runs with --runtime and --handler",
            folder.display(),
            files.join(", ")
        );
    };
    let mut known_handler = (*known_handler).to_owned();
    if *file == "app.py" {
        // What AWS's own tools make is called `lambda_handler`.
        let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
        if text.contains("def lambda_handler(") {
            known_handler = "app.lambda_handler".to_owned();
        }
    }
    Ok(Runs {
        runtime: runtime.unwrap_or(known_runtime).to_owned(),
        handler: handler.map_or(known_handler, str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A folder that is removed in the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("stepgate-folder-{name}-{}", std::process::id()));
            let folder = Self(path);
            files.iter().for_each(|(file, text)| folder.write(file, text));
            folder
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.0.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_runs_follows_from_the_files() {
        let check = |files: &[(&str, &str)], runtime: Option<&str>, want: (&str, &str)| {
            let folder = Folder::new("runs", files);
            let found = runs(&folder.0, runtime, None).unwrap();
            assert_eq!((found.runtime.as_str(), found.handler.as_str()), want, "{files:?}");
        };
        check(&[("index.mjs", "")], None, ("nodejs22.x", "index.handler"));
        check(&[("index.mjs", "")], Some("nodejs20.x"), ("nodejs20.x", "index.handler"));
        check(&[("app.py", "def lambda_handler(e, c): pass")], None, ("python3.12", "app.lambda_handler"));
        check(&[("app.py", "def handler(e, c): pass")], None, ("python3.12", "app.handler"));
        check(&[("bootstrap", "")], None, ("provided.al2023", "bootstrap"));
        let folder = Folder::new("nothing", &[("main.rb", "")]);
        assert!(runs(&folder.0, None, None).unwrap_err().to_string().contains("--runtime"));
        assert_eq!(runs(&folder.0, Some("r"), Some("h")).unwrap().handler, "h");
    }
}
