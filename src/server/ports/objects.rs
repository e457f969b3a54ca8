//! `stack::Objects`: documents of templates, from the directory that the settings name as S3, or from an S3 elsewhere.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::AsyncReadExt;

use crate::gateway::{AwsCall, AwsOperation, CallAs};
use crate::id::AccountRegion;
use crate::server::options::Options;
use crate::stack::{ObjectFuture, Objects};
use crate::tasks::Services;

/// The service's name in the settings.
const NAME: &str = "s3";
/// Largest object that is read; an API's document has at most 6 MiB on AWS.
const OBJECT_BYTES_MAX: usize = 10 * 1_048_576;
/// How long an S3 elsewhere may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Everything but RFC 3986's unreserved characters, and the slashes of keys.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Where objects are.
pub(super) struct Buckets {
    root: Option<PathBuf>,
    elsewhere: Arc<Services>,
    home: AccountRegion,
}

impl Buckets {
    pub(super) fn new(options: &Options, home: &AccountRegion, elsewhere: Arc<Services>) -> Self {
        let root = options.services.get(NAME).and_then(|service| service.root.clone());
        Self { root, elsewhere, home: home.clone() }
    }

    async fn read(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Vec<u8>, String> {
        self.read_up_to(bucket, key, version, OBJECT_BYTES_MAX).await
    }

    /// An object of at most `bytes_max` bytes; one elsewhere has 10 MiB at most in any case.
    pub(super) async fn read_up_to(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        bytes_max: usize,
    ) -> Result<Vec<u8>, String> {
        let object = format!("s3://{bucket}/{key}");
        // A directory has one version of everything.
        if let Some(root) = self.root.as_deref().filter(|_| version.is_none()) {
            let path = path(root, bucket, key).ok_or_else(|| format!("{object} is no name of a file"))?;
            return read_file(&path, bytes_max)
                .await
                .map_err(|error| format!("cannot read {object}: {error}"));
        }
        match self.call(bucket, key, version).await {
            None if self.root.is_some() => Err(format!(
                "{object} is wanted in a version, and [services.s3] has a root, which has none, and no endpoint"
            )),
            None => Err(format!("cannot read {object}: [services.s3] has neither an endpoint nor a root")),
            Some(read) => read.map_err(|problem| format!("cannot read {object}: {problem}")),
        }
    }

    /// GetObject elsewhere; `None` if there is no endpoint.
    async fn call(&self, bucket: &str, key: &str, version: Option<&str>) -> Option<Result<Vec<u8>, String>> {
        let path = format!("/{}/{}", utf8_percent_encode(bucket, KEY), utf8_percent_encode(key, KEY));
        let call = AwsCall {
            owner: self.home.clone(),
            api_id: String::new().into(),
            service: NAME.to_owned(),
            region: self.home.region.to_string(),
            operation: AwsOperation::Path(path),
            method: Method::GET,
            call_as: CallAs::Api,
            source_arn: None,
            headers: HeaderMap::new(),
            query: version.map(|version| ("versionId".to_owned(), version.to_owned())).into_iter().collect(),
            body: Bytes::new(),
        };
        Some(match self.elsewhere.try_call(call, TIMEOUT).await? {
            Err(error) => Err(error.to_string()),
            Ok(response) if response.status.is_success() => Ok(response.body.to_vec()),
            Ok(response) => Err(format!("S3 answered {}", response.status)),
        })
    }
}

impl Objects for Buckets {
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, version: Option<&'a str>) -> ObjectFuture<'a> {
        Box::pin(self.read(bucket, key, version))
    }
}

/// The file of an object; `None` if the name leads elsewhere.
fn path(root: &Path, bucket: &str, key: &str) -> Option<PathBuf> {
    let is_name = |part: &str| {
        let mut components = Path::new(part).components();
        matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
            && !part.contains('/')
    };
    if !is_name(bucket) || !key.split('/').all(is_name) {
        return None;
    }
    Some(key.split('/').fold(root.join(bucket), |path, part| path.join(part)))
}

async fn read_file(path: &Path, bytes_max: usize) -> std::io::Result<Vec<u8>> {
    let file = tokio::fs::File::open(path).await?;
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).await?;
    if bytes_max < bytes.len() {
        let problem = format!("it is larger than {bytes_max} bytes");
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        let root = Path::new("/root");
        assert_eq!(path(root, "b", "k/a.json"), Some(PathBuf::from("/root/b/k/a.json")));
        for (bucket, key) in [
            ("..", "a"),
            (".", "a"),
            ("", "a"),
            ("a/b", "c"),
            ("/etc", "passwd"),
            ("b", ""),
            ("b", "../a"),
            ("b", "a/../../c"),
            ("b", "/etc/passwd"),
            ("b", "a//b"),
            ("b", "a/"),
            ("b", "./a"),
        ] {
            assert_eq!(path(root, bucket, key), None, "{bucket} {key}");
        }
    }

    #[tokio::test]
    async fn a_file_is_read_up_to_the_largest_object() {
        let dir = std::env::temp_dir().join(format!("stepgate-objects-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("a");
        for (n_bytes, is_read) in [(OBJECT_BYTES_MAX, true), (OBJECT_BYTES_MAX + 1, false)] {
            std::fs::File::create(&file).unwrap().set_len(n_bytes as u64).unwrap();
            assert_eq!(read_file(&file, OBJECT_BYTES_MAX).await.is_ok(), is_read, "{n_bytes}");
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
