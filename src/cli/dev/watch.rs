//! What was saved in the folders of a project.
//!
//! They are looked at every half second, as `stepgate fn dev` does it. A file that was written again as it was is no news:
//! compilers do so with every run.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::functions::SourceFolder;

/// How often the folders are looked at.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// Folders that tools fill.
const LEFT_OUT: &[&str] = &[".aws-sam", ".serverless", "cdk.out", "node_modules"];

/// Folders as they were when they were last looked at.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: BTreeMap<PathBuf, SourceFolder>,
    contents: BTreeMap<PathBuf, u64>,
}

impl Watch {
    /// Looks at everything below `roots`; whether anything is not as it was. Blocks.
    ///
    /// # Errors
    /// If a folder can't be read, or has too many files.
    pub(super) fn look(&mut self, roots: &[PathBuf]) -> anyhow::Result<bool> {
        let mut is_news = false;
        for root in roots {
            let now = SourceFolder::look_without(root, LEFT_OUT);
            let now = now.with_context(|| format!("cannot look at {}", root.display()))?;
            let earlier = self.seen.remove(root).unwrap_or_default();
            for path in now.differing(&earlier) {
                is_news |= self.is_other(&path);
            }
            self.seen.insert(root.clone(), now);
        }
        Ok(is_news)
    }

    /// Whether a file's content isn't what it was.
    fn is_other(&mut self, path: &Path) -> bool {
        // One that can't be read any more is as good as gone.
        let now = std::fs::read(path).ok().map(|bytes| {
            let mut hasher = DefaultHasher::new();
            hasher.write(&bytes);
            hasher.finish()
        });
        let was = match now {
            Some(now) => self.contents.insert(path.to_owned(), now),
            None => self.contents.remove(path),
        };
        now != was
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_as_it_was_is_no_news() {
        let root = std::env::temp_dir().join(format!("stepgate-watch-{}", std::process::id()));
        let write = |file: &str, text: &str| {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            // As a new file: its time may be the old one's.
            let _ = std::fs::remove_file(&path);
            std::fs::write(path, text).unwrap();
        };
        let mut watch = Watch::default();
        let mut look = || watch.look(std::slice::from_ref(&root)).unwrap();
        write("a", "1");
        assert!(look());
        assert!(!look());
        for tool in LEFT_OUT {
            write(&format!("{tool}/made"), "1");
        }
        assert!(!look());
        write("a", "1");
        assert!(!look());
        write("a", "22");
        assert!(look());
        write("deep/er/b", "1");
        assert!(look());
        std::fs::remove_file(root.join("a")).unwrap();
        assert!(look());
        assert!(!look());
        std::fs::remove_dir_all(&root).unwrap();
        assert!(watch.look(&[root]).is_err());
    }
}
