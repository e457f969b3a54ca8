//! A folder of this machine as a package: its files, its archive, and whether it has changed.

use std::fs;
use std::io::{self, Cursor, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zip::write::{SimpleFileOptions, ZipWriter};

/// The most files of a package.
const FILES_MAX: usize = 50_000;
/// The deepest folder.
const DEPTH_MAX: usize = 64;
/// Folders that are nobody's code.
const LEFT_OUT: &[&str] = &[".git", "__pycache__", ".venv", ".pytest_cache", ".idea", ".vscode"];

/// The files of a folder, as far as they can be seen without reading them. Two looks at a folder are equal if nothing
/// was saved between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFolder {
    root: PathBuf,
    files: Vec<Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    path: PathBuf,
    size: u64,
    modified: (i64, i64),
    is_executable: bool,
}

impl SourceFolder {
    /// Looks at all files below `root`. Links are followed to files, not to folders. Blocks.
    ///
    /// # Errors
    /// If a folder can't be read, lies too deep, or there are too many files.
    pub fn look(root: &Path) -> io::Result<Self> {
        Self::look_without(root, &[])
    }

    /// The same, but for what lies in folders of these names. Blocks.
    ///
    /// # Errors
    /// The same.
    pub fn look_without(root: &Path, left_out: &[&str]) -> io::Result<Self> {
        let mut files = Vec::new();
        look_into(root, Path::new(""), left_out, &mut files)?;
        files.sort_unstable();
        Ok(Self { root: root.to_owned(), files })
    }

    /// The files that are new since an earlier look, are gone, or were saved.
    pub fn differing<'a>(&'a self, earlier: &'a Self) -> impl Iterator<Item = PathBuf> + 'a {
        let only = |these: &'a Self, those: &'a Self| {
            these.files.iter().filter(|file| those.files.binary_search(file).is_err())
        };
        only(self, earlier).chain(only(earlier, self)).map(|file| self.root.join(&file.path))
    }

    /// A ZIP archive of the files. The same files give the same archive, whenever they were saved. Blocks.
    ///
    /// # Errors
    /// If a file can't be read.
    pub fn packed(&self) -> io::Result<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for file in &self.files {
            let mode = if file.is_executable { 0o755 } else { 0o644 };
            let options = SimpleFileOptions::default()
                .last_modified_time(zip::DateTime::default())
                .unix_permissions(mode);
            let bytes = match fs::read(self.root.join(&file.path)) {
                Ok(bytes) => bytes,
                // What an editor has just taken away is gone.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            zip.start_file(file.path.to_string_lossy(), options).map_err(io::Error::other)?;
            zip.write_all(&bytes)?;
        }
        Ok(zip.finish().map_err(io::Error::other)?.into_inner())
    }
}

fn look_into(root: &Path, below: &Path, left_out: &[&str], files: &mut Vec<Seen>) -> io::Result<()> {
    let folder = root.join(below);
    if DEPTH_MAX < below.components().count() {
        return Err(io::Error::other(format!("{} lies too deep", folder.display())));
    }
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let path = below.join(&name);
        if LEFT_OUT.iter().chain(left_out).any(|left_out| name == *left_out) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            look_into(root, &path, left_out, files)?;
            continue;
        }
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if !metadata.is_file() {
            continue;
        }
        if files.len() == FILES_MAX {
            return Err(io::Error::other(format!("{} has more than {FILES_MAX} files", root.display())));
        }
        files.push(Seen {
            path,
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            is_executable: metadata.permissions().mode() & 0o111 != 0,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_s_archive_changes_with_its_files_alone() {
        let root = std::env::temp_dir().join(format!("stepgate-source-{}", std::process::id()));
        let write = |file: &str, text: &str| {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("app.py", "1");
        write("lib/a.py", "2");
        write(".git/HEAD", "x");
        let seen = SourceFolder::look(&root).unwrap();
        let paths: Vec<_> = seen.files.iter().map(|file| file.path.display().to_string()).collect();
        assert_eq!(paths, ["app.py", "lib/a.py"]);
        let without = SourceFolder::look_without(&root, &["lib"]).unwrap();
        assert_eq!(without.differing(&seen).collect::<Vec<_>>(), [root.join("lib/a.py")]);
        let archive = seen.packed().unwrap();
        assert_eq!(SourceFolder::look(&root).unwrap(), seen);
        write("lib/a.py", "2");
        assert_eq!(SourceFolder::look(&root).unwrap().packed().unwrap(), archive);
        write("lib/a.py", "longer");
        let after = SourceFolder::look(&root).unwrap();
        assert_ne!(after, seen);
        assert!(after.differing(&seen).all(|path| path == root.join("lib/a.py")));
        assert_ne!(after.packed().unwrap(), archive);
        fs::remove_dir_all(&root).unwrap();
        assert!(SourceFolder::look(&root).is_err());
    }
}
