//! Objects of buckets: in a folder of this machine, or in an S3 elsewhere. One for all who read or write them.
//!
//! The settings' `root` comes first: a folder with a folder for each bucket. It has one version of everything, so that
//! an object that is wanted in a version comes from the endpoint.
//!
//! Whoever asks for an execution needs the permissions of S3, wherever the objects are.

mod endpoint;
mod folder;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::role::role_of;
use crate::engine::event::Failure;
use crate::engine::{BoxFuture, ListedObject, ObjectListing, ObjectName, ObjectPart, Objects};
use crate::wire::Permission;
use crate::wire::client::{AwsClient, ServiceEndpoint, Unpermitted};

/// The service's name.
pub(super) const NAME: &str = "s3";
/// Most objects of a page of a listing, as on AWS.
pub(super) const PAGE: usize = 1000;

/// Where objects are.
#[derive(Clone)]
pub struct ObjectStore {
    root: Option<Arc<PathBuf>>,
    aws: Arc<AwsClient>,
}

impl ObjectStore {
    /// The store of the settings of `s3`, if there are any, and of the endpoint that `aws` calls.
    pub fn new(settings: Option<&ServiceEndpoint>, aws: Arc<AwsClient>) -> Self {
        let root = settings.and_then(|settings| settings.root.clone()).map(Arc::new);
        Self { root, aws }
    }

    /// Whether objects are in a folder.
    pub(super) fn has_root(&self) -> bool {
        self.root.is_some()
    }

    /// What is told of one object.
    pub(super) async fn look(&self, object: ObjectName) -> Result<ListedObject, Failure> {
        match self.root.clone() {
            Some(root) => blocking(move || folder::look(&root, &object)).await,
            None => endpoint::look(&self.aws, &object).await.unwrap_or_else(|| Err(nowhere(&object, false))),
        }
    }

    /// A whole object, of at most `max` bytes.
    ///
    /// # Errors
    /// As [`Objects::read`], and for one that is larger.
    pub async fn read_whole(&self, object: ObjectName, max: u64) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        loop {
            let start = bytes.len() as u64;
            let part = self.read(object.clone(), start..start + PART_BYTES).await?;
            if max < part.total {
                let cause = format!("it is larger than {max} bytes");
                return Err(Failure::new("S3.SdkClientException", cause));
            }
            bytes.extend_from_slice(&part.bytes);
            if part.bytes.is_empty() || part.total <= bytes.len() as u64 {
                return Ok(bytes);
            }
        }
    }
}

/// What is done with objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    List,
    Write,
}

/// The permission that AWS asks for.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html>
fn permission(access: Access, object: &ObjectName) -> Permission {
    let bucket = format!("arn:{}:s3:::{}", object.home.region.partition(), object.bucket);
    match access {
        Access::List => Permission::new("s3:ListBucket", bucket).with("s3:prefix", object.key.as_str()),
        Access::Write => Permission::new("s3:PutObject", format!("{bucket}/{}", object.key)),
        Access::Read => {
            let action = if object.version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
            Permission::new(action, format!("{bucket}/{}", object.key))
        }
    }
}

impl ObjectStore {
    /// Whether the role of whoever asks allows it; S3's words if it doesn't.
    async fn permit(&self, access: Access, object: &ObjectName) -> Result<(), Failure> {
        let Some(role) = object.acting.as_deref().and_then(role_of) else { return Ok(()) };
        let permitted = self.aws.permit(&role, &object.home, &[permission(access, object)]).await;
        permitted.map_err(|error| match error {
            Unpermitted::Denied(message) => {
                let cause = format!("{message} (Service: S3, Status Code: 403)");
                Failure::new("S3.S3Exception", cause)
            }
            Unpermitted::Role(_) | Unpermitted::Closed => {
                Failure::new("States.TaskFailed", error.to_string())
            }
        })
    }
}

/// Bytes asked for at one time.
const PART_BYTES: u64 = 4 * 1024 * 1024;

/// Does what blocks on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(Failure::new("S3.SdkClientException", "The object can't be read.")),
    }
}

/// What is said where neither a folder nor an endpoint has objects.
fn nowhere(object: &ObjectName, has_root: bool) -> Failure {
    let cause = match has_root {
        true => format!(
            "s3://{}/{} is wanted in a version, and [services.s3] has a root, which has none, and no endpoint",
            object.bucket, object.key
        ),
        false => "[services.s3] has neither an endpoint nor a root".to_owned(),
    };
    Failure::new("S3.SdkClientException", cause)
}

impl Objects for ObjectStore {
    fn read(&self, object: ObjectName, range: Range<u64>) -> BoxFuture<'static, Result<ObjectPart, Failure>> {
        let store = self.clone();
        Box::pin(async move {
            store.permit(Access::Read, &object).await?;
            if let Some(root) = store.root.clone().filter(|_| object.version.is_none()) {
                return blocking(move || folder::read(&root, &object, range)).await;
            }
            let read = endpoint::read(&store.aws, &object, range).await;
            read.unwrap_or_else(|| Err(nowhere(&object, store.has_root())))
        })
    }

    fn list(
        &self,
        prefix: ObjectName,
        next: Option<String>,
    ) -> BoxFuture<'static, Result<ObjectListing, Failure>> {
        let store = self.clone();
        Box::pin(async move {
            store.permit(Access::List, &prefix).await?;
            if let Some(root) = store.root.clone() {
                return blocking(move || folder::list(&root, &prefix, next.as_deref(), PAGE)).await;
            }
            let listed = endpoint::list(&store.aws, &prefix, next).await;
            listed.unwrap_or_else(|| Err(nowhere(&prefix, false)))
        })
    }

    fn write(&self, object: ObjectName, body: Bytes) -> BoxFuture<'static, Result<(), Failure>> {
        let store = self.clone();
        Box::pin(async move {
            store.permit(Access::Write, &object).await?;
            if let Some(root) = store.root.clone() {
                return blocking(move || folder::write(&root, &object, &body)).await;
            }
            let written = endpoint::write(&store.aws, &object, body).await;
            written.unwrap_or_else(|| Err(nowhere(&object, false)))
        })
    }
}
