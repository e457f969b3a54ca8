//! `stack::Objects`: documents of templates, from wherever objects are.

use crate::engine::ObjectName;
use crate::id::AccountRegion;
use crate::stack::{ObjectFuture, Objects};
use crate::tasks::ObjectStore;

/// Largest object that is read; an API's document has at most 6 MiB on AWS.
const OBJECT_BYTES_MAX: usize = 10 * 1_048_576;

/// The objects of the server's own account.
pub(super) struct Buckets {
    objects: ObjectStore,
    home: AccountRegion,
}

impl Buckets {
    pub(super) fn new(objects: ObjectStore, home: &AccountRegion) -> Self {
        Self { objects, home: home.clone() }
    }

    async fn read(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Vec<u8>, String> {
        self.read_up_to(bucket, key, version, OBJECT_BYTES_MAX).await
    }

    /// An object of at most `bytes_max` bytes.
    pub(super) async fn read_up_to(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        bytes_max: usize,
    ) -> Result<Vec<u8>, String> {
        let object = ObjectName {
            home: self.home.clone(),
            // Documents are read for the account.
            acting: None,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version: version.map(str::to_owned),
            owner: None,
        };
        self.objects.read_whole(object, bytes_max as u64).await.map_err(|failure| {
            let cause = failure.cause.unwrap_or_default();
            format!("cannot read s3://{bucket}/{key}: {cause}")
        })
    }
}

impl Objects for Buckets {
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, version: Option<&'a str>) -> ObjectFuture<'a> {
        Box::pin(self.read(bucket, key, version))
    }
}
