//! Deployment packages: ZIP archives, checked before anything of them is kept, and unpacked where instances read them.
//!
//! Quotas: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>. Links are refused, which AWS keeps:
//! one could lead out of the package.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

/// The largest archive that a call may carry.
pub const ZIPPED_BYTES_MAX: usize = 50 * 1024 * 1024;
/// The most that a package and its layers may have unpacked.
pub const UNZIPPED_BYTES_MAX: u64 = 250 * 1024 * 1024;
/// The most files of a package.
const ENTRIES_MAX: usize = 50_000;
/// The longest path within a package.
const PATH_BYTES_MAX: usize = 1024;
/// The deepest folder.
const DEPTH_MAX: usize = 64;
/// Read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Why an archive is no package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// It isn't a ZIP archive, or a damaged one.
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    NotZip,
    /// It has nothing in it.
    #[error("Uploaded file must be a non-empty zip")]
    Empty,
    /// It is too large as it is.
    #[error("Zipped size must be smaller than {ZIPPED_BYTES_MAX} bytes")]
    Zipped,
    /// It is too large unpacked.
    #[error("Unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes")]
    Unzipped,
    /// It has too many files.
    #[error("Uploaded file must have at most {ENTRIES_MAX} entries")]
    Entries,
    /// One of its files would be outside of the package, or is none.
    #[error("Could not unzip uploaded file: {0:?} {1}")]
    Entry(String, &'static str),
}

/// A checked archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// SHA-256 in base64, as AWS shows it.
    pub sha256: String,
    /// Bytes of the archive.
    pub size: u64,
    /// Bytes of what is in it.
    pub unzipped: u64,
}

/// Checks an archive without unpacking it anywhere: every entry is inflated and counted, as sizes that archives tell of
/// themselves are not to be trusted.
pub(crate) fn check(bytes: &[u8]) -> Result<Package, PackageError> {
    if ZIPPED_BYTES_MAX < bytes.len() {
        return Err(PackageError::Zipped);
    }
    let mut archive = open(bytes)?;
    let (mut unzipped, mut seen) = (0, HashSet::new());
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|_| PackageError::NotZip)?;
        let told = entry_of(&entry)?;
        if UNZIPPED_BYTES_MAX < entry.size() {
            return Err(PackageError::Unzipped);
        }
        let Some(FileEntry { path, .. }) = told else { continue };
        let name = path.display().to_string();
        if !seen.insert(path) {
            return Err(PackageError::Entry(name, "is there twice"));
        }
        unzipped += count(&mut entry, UNZIPPED_BYTES_MAX - unzipped)?;
    }
    if seen.is_empty() {
        return Err(PackageError::Empty);
    }
    let sha256 = STANDARD.encode(Sha256::digest(bytes));
    Ok(Package { sha256, size: bytes.len() as u64, unzipped })
}

/// The paths of an archive's files.
pub(crate) fn paths(bytes: &[u8]) -> Result<Vec<String>, PackageError> {
    let mut archive = open(bytes)?;
    let mut paths = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|_| PackageError::NotZip)?;
        paths.extend(entry_of(&entry)?.map(|told| told.path.display().to_string()));
    }
    Ok(paths)
}

/// Unpacks a checked archive into `folder`, which is made or added to. Files can be read and run, not written.
pub(crate) fn unpack(bytes: &[u8], folder: &Path) -> io::Result<()> {
    let mut archive = open(bytes).map_err(io::Error::other)?;
    fs::create_dir_all(folder)?;
    let mut left = UNZIPPED_BYTES_MAX;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(io::Error::other)?;
        let Some(FileEntry { path, is_executable }) = entry_of(&entry).map_err(io::Error::other)? else {
            continue;
        };
        let to = folder.join(path);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        // A later layer's file takes the place of an earlier one's.
        if to.symlink_metadata().is_ok() {
            fs::remove_file(&to)?;
        }
        let mut file = fs::File::create_new(&to)?;
        left -= io::copy(&mut (&mut entry).take(left), &mut file)?;
        let mode = if is_executable { 0o555 } else { 0o444 };
        fs::set_permissions(&to, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, PackageError> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| PackageError::NotZip)?;
    if ENTRIES_MAX < archive.len() {
        return Err(PackageError::Entries);
    }
    Ok(archive)
}

/// A file of an archive.
struct FileEntry {
    path: PathBuf,
    is_executable: bool,
}

/// What an entry tells of itself; `None` for a folder.
fn entry_of<R: Read + ?Sized>(entry: &zip::read::ZipFile<'_, R>) -> Result<Option<FileEntry>, PackageError> {
    let name = entry.name().map_err(|_| PackageError::NotZip)?;
    let name = name.as_ref();
    let refused = |why| Err(PackageError::Entry(name.chars().take(200).collect(), why));
    if entry.encrypted() {
        return refused("is encrypted");
    }
    let mode = entry.unix_mode().unwrap_or(0o100_644);
    // S_IFMT: a file, a folder, or nothing said.
    if !matches!(mode & 0o170_000, 0 | 0o100_000 | 0o040_000) {
        return refused("is a link or something else that is no file");
    }
    if PATH_BYTES_MAX < name.len() || name.contains(['\0', '\\']) {
        return refused("has no path that can be kept");
    }
    let path = Path::new(name);
    let mut kept = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => kept.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return refused("leads out of the package");
            }
        }
    }
    if DEPTH_MAX < kept.components().count() {
        return refused("is in too many folders");
    }
    if entry.is_dir() || kept.as_os_str().is_empty() {
        return Ok(None);
    }
    Ok(Some(FileEntry { path: kept, is_executable: mode & 0o111 != 0 }))
}

/// The bytes of an entry, which may be `max` at most.
fn count(entry: &mut impl Read, max: u64) -> Result<u64, PackageError> {
    let (mut buffer, mut total) = (vec![0; CHUNK_BYTES], 0);
    loop {
        let n = entry.read(&mut buffer).map_err(|_| PackageError::NotZip)?;
        if n == 0 {
            return Ok(total);
        }
        total += n as u64;
        if max < total {
            return Err(PackageError::Unzipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::CompressionMethod;
    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    fn zipped(entries: &[(&str, &[u8], u32)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content, mode) in entries {
            let options = SimpleFileOptions::default().unix_permissions(*mode);
            zip.start_file(*name, options.compression_method(CompressionMethod::Deflated)).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_package_is_counted_and_named_by_its_bytes() {
        let bytes = zipped(&[("app.py", b"x = 1\n", 0o644), ("bin/run", b"#!/bin/sh\n", 0o755)]);
        let package = check(&bytes).unwrap();
        assert_eq!((package.size, package.unzipped), (bytes.len() as u64, 16));
        assert_eq!(paths(&bytes).unwrap(), ["app.py", "bin/run"]);
        assert_eq!(STANDARD.decode(package.sha256).unwrap().len(), 32);
    }

    #[test]
    fn what_leads_out_is_refused() {
        for name in ["../x", "/etc/x", "a/../../x", "a\\..\\x"] {
            let refused = check(&zipped(&[(name, b"x", 0o644)])).unwrap_err();
            assert!(matches!(refused, PackageError::Entry(..)), "{name}: {refused}");
        }
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let refused = check(&zip.finish().unwrap().into_inner()).unwrap_err();
        assert_eq!(
            refused,
            PackageError::Entry("link".into(), "is a link or something else that is no file")
        );
    }

    #[test]
    fn what_is_no_package_is_refused() {
        assert_eq!(check(b"").unwrap_err(), PackageError::NotZip);
        assert_eq!(check(b"PK\x03\x04 no zip").unwrap_err(), PackageError::NotZip);
        assert_eq!(check(&zipped(&[])).unwrap_err(), PackageError::Empty);
        let mut damaged = zipped(&[("a", &[7; 10_000], 0o644)]);
        damaged[40] ^= 0xff;
        assert_eq!(check(&damaged).unwrap_err(), PackageError::NotZip);
        assert_eq!(check(&vec![0; ZIPPED_BYTES_MAX + 1]).unwrap_err(), PackageError::Zipped);
    }

    #[test]
    fn a_bomb_is_refused_whatever_it_says_of_its_size() {
        let piece = vec![0; 1 << 20];
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for index in 0..26 {
            zip.start_file(format!("zeros{index}"), SimpleFileOptions::default()).unwrap();
            (0..10).for_each(|_| zip.write_all(&piece).unwrap());
        }
        let bytes = zip.finish().unwrap().into_inner();
        assert!(bytes.len() < 1 << 20, "{}", bytes.len());
        assert_eq!(check(&bytes).unwrap_err(), PackageError::Unzipped);
    }

    #[test]
    fn unpacked_files_are_those_of_the_archive() {
        let folder = std::env::temp_dir().join(format!("stepgate-package-{}", std::process::id()));
        let bytes = zipped(&[("app.py", b"x = 1\n", 0o600), ("bin/run", b"#!/bin/sh\n", 0o755)]);
        unpack(&bytes, &folder).unwrap();
        let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("app.py"), mode("bin/run")), (0o444, 0o555));
        assert_eq!(fs::read(folder.join("app.py")).unwrap(), b"x = 1\n");
        // A layer over it.
        unpack(&zipped(&[("app.py", b"x = 2\n", 0o644)]), &folder).unwrap();
        assert_eq!(fs::read(folder.join("app.py")).unwrap(), b"x = 2\n");
        fs::remove_dir_all(folder).unwrap();
    }
}
