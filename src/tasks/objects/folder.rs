//! Buckets that are folders: a key is the path of a file below its bucket's.
//!
//! Names lead nowhere else: no part of a key may be `.` or `..` or empty, and links are not followed, whatever they
//! lead to. A file is written beside its place and moved there, so that nobody sees half of one.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use crate::clock::Timestamp;
use crate::engine::event::Failure;
use crate::engine::{ListedObject, ObjectListing, ObjectName, ObjectPart};

/// Longest key, as on AWS.
const KEY_BYTES_MAX: usize = 1024;
/// What files are called that are being written.
const BEING_WRITTEN: &str = ".stepgate-writes-";

fn no_such_bucket() -> Failure {
    let cause = "The specified bucket does not exist (Service: S3, Status Code: 404, Request ID: null)";
    Failure::new("S3.NoSuchBucketException", cause)
}

fn no_such_key() -> Failure {
    let cause = "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: null)";
    Failure::new("S3.NoSuchKeyException", cause)
}

fn refused(object: &ObjectName, why: &str) -> Failure {
    Failure::new("S3.SdkClientException", format!("s3://{}/{} {why}", object.bucket, object.key))
}

fn unreadable(object: &ObjectName, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => no_such_key(),
        _ => refused(object, &format!("can't be had: {error}")),
    }
}

fn is_name(part: &str) -> bool {
    let mut components = Path::new(part).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
        && !part.contains(['/', '\\', '\0'])
}

/// The folder of a bucket.
fn bucket(root: &Path, object: &ObjectName) -> Result<PathBuf, Failure> {
    if !is_name(&object.bucket) {
        return Err(refused(object, "is no name of a file"));
    }
    let path = root.join(&object.bucket);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_symlink() => Err(refused(object, "is behind a link")),
        Ok(found) if found.is_dir() => Ok(path),
        Ok(_) | Err(_) => Err(no_such_bucket()),
    }
}

/// The file of an object, with what stands before it: links are refused, what isn't there is not.
fn file(root: &Path, object: &ObjectName) -> Result<PathBuf, Failure> {
    let mut path = bucket(root, object)?;
    if KEY_BYTES_MAX < object.key.len() || !object.key.split('/').all(is_name) {
        return Err(refused(object, "is no name of a file"));
    }
    for part in object.key.split('/') {
        path.push(part);
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
            return Err(refused(object, "is behind a link"));
        }
    }
    Ok(path)
}

/// The bytes of `range`, as far as there are any.
pub(super) fn read(root: &Path, object: &ObjectName, range: Range<u64>) -> Result<ObjectPart, Failure> {
    let path = file(root, object)?;
    let read = || -> io::Result<Option<ObjectPart>> {
        let mut file = File::open(&path)?;
        let found = file.metadata()?;
        if !found.is_file() {
            return Ok(None);
        }
        let total = found.len();
        let start = range.start.min(total);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(range.end.min(total).saturating_sub(start)).read_to_end(&mut bytes)?;
        Ok(Some(ObjectPart { bytes: bytes.into(), total }))
    };
    match read() {
        Ok(Some(part)) => Ok(part),
        Ok(None) => Err(no_such_key()),
        Err(error) => Err(unreadable(object, &error)),
    }
}

/// What a listing says of a file. A tag of its contents would have to read it: this is one of its length and time.
fn listed(key: String, found: &Metadata) -> ListedObject {
    let modified =
        found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    ListedObject {
        key,
        etag: Some(tag(found)),
        size: Some(found.len()),
        modified: i64::try_from(modified.as_millis()).ok().map(Timestamp::from_millis),
        storage_class: Some("STANDARD".to_owned()),
    }
}

fn tag(found: &Metadata) -> String {
    let modified =
        found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("\"{:016x}{:016x}\"", modified.as_nanos() & u128::from(u64::MAX), found.len())
}

/// What is told of one file.
pub(super) fn look(root: &Path, object: &ObjectName) -> Result<ListedObject, Failure> {
    let path = file(root, object)?;
    match fs::metadata(&path) {
        Ok(found) if found.is_file() => Ok(listed(object.key.clone(), &found)),
        Ok(_) => Err(no_such_key()),
        Err(error) => Err(unreadable(object, &error)),
    }
}

/// The files whose keys begin with that of `prefix` and follow `after`, in the order of their keys.
pub(super) fn list(
    root: &Path,
    prefix: &ObjectName,
    after: Option<&str>,
    most: usize,
) -> Result<ObjectListing, Failure> {
    let bucket = bucket(root, prefix)?;
    let mut walk = Walk { prefix: &prefix.key, after: after.unwrap_or_default(), most, found: Vec::new() };
    walk.folder(&bucket, "").map_err(|error| unreadable(prefix, &error))?;
    let has_more = most < walk.found.len();
    walk.found.truncate(most);
    let next = has_more.then(|| walk.found.last().map(|object| object.key.clone())).flatten();
    Ok(ObjectListing { objects: walk.found, next })
}

/// A walk through a bucket, in the order of keys.
struct Walk<'a> {
    prefix: &'a str,
    after: &'a str,
    most: usize,
    found: Vec<ListedObject>,
}

impl Walk<'_> {
    /// `base` is what the folder's keys begin with. Goes on until there is one more than wanted.
    fn folder(&mut self, path: &Path, base: &str) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            // What has a name that no key has is no object.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type()?;
            if kind.is_symlink() || name.starts_with(BEING_WRITTEN) {
                continue;
            }
            let slash = if kind.is_dir() { "/" } else { "" };
            let key = format!("{base}{name}{slash}");
            let is_wanted = match kind.is_dir() {
                true => {
                    (key.starts_with(self.prefix) || self.prefix.starts_with(&key))
                        && (self.after < key.as_str() || self.after.starts_with(&key))
                }
                false => kind.is_file() && key.starts_with(self.prefix) && self.after < key.as_str(),
            };
            if is_wanted && key.len() <= KEY_BYTES_MAX {
                entries.push((key, entry));
            }
        }
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (key, entry) in entries {
            if self.most < self.found.len() {
                return Ok(());
            }
            match key.ends_with('/') {
                true => self.folder(&entry.path(), &key)?,
                false => self.found.push(listed(key, &entry.metadata()?)),
            }
        }
        Ok(())
    }
}

/// Writes a file, with the folders before it.
pub(super) fn write(root: &Path, object: &ObjectName, body: &[u8]) -> Result<(), Failure> {
    static NEXT: AtomicU64 = AtomicU64::new(0);

    let path = file(root, object)?;
    let write = || -> io::Result<()> {
        let Some(folder) = path.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
        fs::create_dir_all(folder)?;
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let beside = folder.join(format!("{BEING_WRITTEN}{}-{n}", std::process::id()));
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(body)?;
            file.sync_all()
        });
        let moved =
            written.and_then(|()| fs::rename(&beside, &path)).and_then(|()| File::open(folder)?.sync_all());
        if moved.is_err() {
            // It may never have been there.
            let _ = fs::remove_file(&beside);
        }
        moved
    };
    write().map_err(|error| refused(object, &format!("can't be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, AccountRegion, Region};

    /// A folder with the bucket `b`, and one of the test's own beside the root.
    struct Root(PathBuf);

    impl Root {
        fn new() -> Self {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            let dir = std::env::temp_dir().join(format!("stepgate-folder-{}-{n}", std::process::id()));
            fs::create_dir_all(dir.join("root/b")).unwrap();
            fs::create_dir_all(dir.join("outside")).unwrap();
            fs::write(dir.join("outside/secret"), "secret").unwrap();
            Self(dir)
        }

        fn root(&self) -> PathBuf {
            self.0.join("root")
        }

        fn read(&self, bucket: &str, key: &str) -> Result<String, String> {
            let part = read(&self.root(), &name(bucket, key), 0..1000);
            part.map(|part| String::from_utf8(part.bytes.to_vec()).unwrap())
                .map_err(|failure| failure.error.unwrap().to_string())
        }

        fn write(&self, key: &str, body: &str) {
            write(&self.root(), &name("b", key), body.as_bytes()).unwrap();
        }

        fn keys(&self, prefix: &str, after: Option<&str>, most: usize) -> (Vec<String>, Option<String>) {
            let listing = list(&self.root(), &name("b", prefix), after, most).unwrap();
            (listing.objects.into_iter().map(|object| object.key).collect(), listing.next)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn name(bucket: &str, key: &str) -> ObjectName {
        ObjectName {
            home: AccountRegion {
                account: AccountId::parse("123456789012").unwrap(),
                region: Region::parse("us-east-1").unwrap(),
            },
            acting: None,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version: None,
            owner: None,
        }
    }

    #[test]
    fn what_is_written_is_read_in_parts() {
        let root = Root::new();
        root.write("a/b.txt", "hello");
        assert_eq!(root.read("b", "a/b.txt"), Ok("hello".to_owned()));
        let part = |range| read(&root.root(), &name("b", "a/b.txt"), range).unwrap();
        assert_eq!((&part(1..3).bytes[..], part(1..3).total), (&b"el"[..], 5));
        assert_eq!(&part(4..9).bytes[..], b"o");
        assert_eq!(&part(9..12).bytes[..], b"");
        root.write("a/b.txt", "bye");
        assert_eq!(root.read("b", "a/b.txt"), Ok("bye".to_owned()));
        assert_eq!(root.read("b", "a"), Err("S3.NoSuchKeyException".to_owned()));
        assert_eq!(root.read("b", "a/b.txt/c"), Err("S3.NoSuchKeyException".to_owned()));
        assert_eq!(root.read("c", "a"), Err("S3.NoSuchBucketException".to_owned()));
    }

    #[test]
    fn names_lead_nowhere_else() {
        let root = Root::new();
        let refused = Err("S3.SdkClientException".to_owned());
        for (bucket, key) in [
            ("..", "outside/secret"),
            (".", "b/a"),
            ("", "a"),
            ("b/..", "a"),
            ("/etc", "passwd"),
            ("b", ""),
            ("b", "../../outside/secret"),
            ("b", "a/../../c"),
            ("b", "/etc/passwd"),
            ("b", "a//b"),
            ("b", "a/"),
            ("b", "./a"),
            ("b", "a\\b"),
            ("b", &"k".repeat(1025)),
        ] {
            assert_eq!(root.read(bucket, key), refused, "{bucket} {key}");
            assert!(write(&root.root(), &name(bucket, key), b"x").is_err(), "{bucket} {key}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        use std::os::unix::fs::symlink;
        let root = Root::new();
        root.write("real", "x");
        let outside = root.0.join("outside");
        symlink(outside.join("secret"), root.root().join("b/file")).unwrap();
        symlink(&outside, root.root().join("b/folder")).unwrap();
        symlink(&outside, root.root().join("linked")).unwrap();
        let refused = Err("S3.SdkClientException".to_owned());
        for (bucket, key) in [("b", "file"), ("b", "folder/secret"), ("linked", "secret")] {
            assert_eq!(root.read(bucket, key), refused, "{bucket} {key}");
            assert!(write(&root.root(), &name(bucket, key), b"x").is_err(), "{bucket} {key}");
        }
        assert_eq!(fs::read(outside.join("secret")).unwrap(), b"secret");
        assert_eq!(root.keys("", None, 9).0, ["real"]);
    }

    #[test]
    fn listings_are_in_the_order_of_keys_and_come_in_pages() {
        let root = Root::new();
        // A folder's slash comes after a dash and before a digit.
        for key in ["a/2", "a/1", "a-b", "a0", "b/c/d", "ä"] {
            root.write(key, key);
        }
        fs::write(root.root().join("b").join(format!("{BEING_WRITTEN}1")), "half").unwrap();
        let all = ["a-b", "a/1", "a/2", "a0", "b/c/d", "ä"];
        assert_eq!(root.keys("", None, 9), (all.map(str::to_owned).to_vec(), None));
        assert_eq!(root.keys("a/", None, 9).0, ["a/1", "a/2"]);
        assert_eq!(root.keys("b/c", None, 9).0, ["b/c/d"]);
        assert_eq!(root.keys("x", None, 9).0, [""; 0]);
        let (mut keys, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = root.keys("", after.as_deref(), 2);
            keys.extend(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(keys, all);
    }
}
