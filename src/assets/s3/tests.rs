//! S3 as clients see it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::checksum::{self, Algorithm};
use crate::assets::harness::{Answer, PART_BYTES_MIN, PUT_BYTES_MAX, World};
use crate::connect::{Request, full};

async fn with_bucket() -> World {
    let world = World::new().await;
    world.s3("PUT", "/shop", &[], b"").await.expect(200);
    world
}

/// The files of objects.
fn n_files(dir: &Path) -> usize {
    let folders = fs::read_dir(dir.join("objects")).unwrap();
    folders.map(|folder| fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
}

async fn keys(world: &World, query: &str) -> (Vec<String>, Vec<String>, Answer) {
    let answer = world.s3("GET", &format!("/shop?list-type=2{query}"), &[], b"").await.expect(200);
    let prefixes = answer.elements("Prefix").into_iter().skip(1).collect();
    (answer.elements("Key"), prefixes, answer)
}

#[tokio::test]
async fn objects_are_put_read_and_removed() {
    let world = with_bucket().await;
    let headers =
        [("content-type", "text/plain"), ("x-amz-meta-color", "red"), ("cache-control", "no-store")];
    let put = world.s3("PUT", "/shop/a%20b/c.txt", &headers, b"hello").await.expect(200);
    assert_eq!(put.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    let sum = checksum::of(Algorithm::Crc64Nvme, b"hello");
    assert_eq!(put.header("x-amz-checksum-crc64nvme"), sum);
    let get =
        world.s3("GET", "/shop/a%20b/c.txt", &[("x-amz-checksum-mode", "ENABLED")], b"").await.expect(200);
    assert_eq!(get.text(), "hello");
    assert_eq!(get.header("content-type"), "text/plain");
    assert_eq!(get.header("content-length"), "5");
    assert_eq!(get.header("x-amz-meta-color"), "red");
    assert_eq!(get.header("cache-control"), "no-store");
    assert_eq!(get.header("last-modified"), "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_eq!(get.header("x-amz-checksum-crc64nvme"), sum);
    let head = world.s3("HEAD", "/shop/a%20b/c.txt", &[], b"").await.expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), ("5", 0));
    let world = world.restart().await;
    assert_eq!(world.s3("GET", "/shop/a%20b/c.txt", &[], b"").await.expect(200).text(), "hello");
    world.s3("DELETE", "/shop", &[], b"").await.refused(409, "BucketNotEmpty");
    world.s3("DELETE", "/shop/a%20b/c.txt", &[], b"").await.expect(204);
    world.s3("DELETE", "/shop/a%20b/c.txt", &[], b"").await.expect(204);
    world.s3("GET", "/shop/a%20b/c.txt", &[], b"").await.refused(404, "NoSuchKey");
    assert_eq!(n_files(&world.dir), 0);
    world.s3("DELETE", "/shop", &[], b"").await.expect(204);
    world.s3("HEAD", "/shop", &[], b"").await.expect(404);
}

#[tokio::test]
async fn what_replaces_an_object_replaces_its_file() {
    let world = with_bucket().await;
    for body in ["one", "two", ""] {
        world.s3("PUT", "/shop/k", &[], body.as_bytes()).await.expect(200);
        assert_eq!(world.s3("GET", "/shop/k", &[], b"").await.expect(200).text(), body);
        assert_eq!(n_files(&world.dir), 1);
    }
}

#[tokio::test]
async fn files_without_an_object_are_removed_at_the_start() {
    let world = with_bucket().await;
    world.s3("PUT", "/shop/k", &[], b"kept").await.expect(200);
    let folder = world.dir.join("objects/ab");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("abandoned"), "half").unwrap();
    let world = world.restart().await;
    let removed = async {
        while n_files(&world.dir) != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), removed).await.unwrap();
    assert_eq!(world.s3("GET", "/shop/k", &[], b"").await.expect(200).text(), "kept");
}

#[tokio::test]
async fn what_is_not_as_promised_leaves_nothing() {
    let world = with_bucket().await;
    let wrong = checksum::of(Algorithm::Crc32, b"other");
    for (name, value, code) in [
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest"),
        ("x-amz-checksum-crc32", wrong.as_str(), "BadDigest"),
        ("x-amz-checksum-sha256", "x", "InvalidRequest"),
        ("x-amz-sdk-checksum-algorithm", "MD4", "InvalidRequest"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256", "NotImplemented"),
        ("x-amz-acl", "public-read", "NotImplemented"),
    ] {
        let answer = world.s3("PUT", "/shop/k", &[(name, value)], b"hello").await;
        assert_eq!(answer.element("Code"), code, "{name}: {:?}", answer.body);
    }
    for algorithm in Algorithm::ALL {
        let sum = checksum::of(algorithm, b"hello");
        let answer = world.s3("PUT", "/shop/good", &[(algorithm.header(), &sum)], b"hello").await.expect(200);
        assert_eq!(answer.header(algorithm.header()), sum);
    }
    world.s3("GET", "/shop/k", &[], b"").await.refused(404, "NoSuchKey");
    assert_eq!(n_files(&world.dir), 1);
}

#[tokio::test]
async fn limits_hold_at_their_edges() {
    let world = with_bucket().await;
    let body = vec![b'x'; usize::try_from(PUT_BYTES_MAX).unwrap() + 1];
    world.s3("PUT", "/shop/k", &[], &body[1..]).await.expect(200);
    world.s3("PUT", "/shop/k", &[], &body).await.refused(400, "EntityTooLarge");
    let key = |n: usize| format!("/shop/{}", "k".repeat(n));
    world.s3("PUT", &key(1_024), &[], b"").await.expect(200);
    world.s3("PUT", &key(1_025), &[], b"").await.refused(400, "KeyTooLongError");
    let value = "v".repeat(2_048);
    world.s3("PUT", "/shop/m", &[("x-amz-meta-a", &value[1..])], b"").await.expect(200);
    world.s3("PUT", "/shop/m", &[("x-amz-meta-a", &value)], b"").await.refused(400, "MetadataTooLarge");
    let delete = |n: usize| {
        let keys: String = (0..n).map(|n| format!("<Object><Key>{n}</Key></Object>")).collect();
        format!("<Delete><Quiet>true</Quiet>{keys}</Delete>")
    };
    world.s3("POST", "/shop?delete", &[], delete(1_000).as_bytes()).await.expect(200);
    world.s3("POST", "/shop?delete", &[], delete(1_001).as_bytes()).await.refused(400, "MalformedXML");
}

#[tokio::test]
async fn ranges_and_conditions_hold() {
    let world = with_bucket().await;
    let etag = world.s3("PUT", "/shop/k", &[], b"0123456789").await.header("etag").to_owned();
    let get = async |headers: &[(&str, &str)]| world.s3("GET", "/shop/k", headers, b"").await;
    let part = get(&[("range", "bytes=2-4")]).await.expect(206);
    assert_eq!((part.text().as_str(), part.header("content-range")), ("234", "bytes 2-4/10"));
    assert_eq!(get(&[("range", "bytes=-2")]).await.expect(206).text(), "89");
    get(&[("range", "bytes=10-")]).await.refused(416, "InvalidRange");
    get(&[("if-match", &etag)]).await.expect(200);
    get(&[("if-match", "\"x\"")]).await.refused(412, "PreconditionFailed");
    assert_eq!(get(&[("if-none-match", &etag)]).await.expect(304).body.len(), 0);
    get(&[("if-none-match", "\"x\"")]).await.expect(200);
    get(&[("if-modified-since", "Tue, 14 Nov 2023 22:13:20 GMT")]).await.expect(304);
    get(&[("if-modified-since", "Tue, 14 Nov 2023 22:13:19 GMT")]).await.expect(200);
    get(&[("if-unmodified-since", "Tue, 14 Nov 2023 22:13:19 GMT")]).await.refused(412, "PreconditionFailed");
    world.s3("PUT", "/shop/k", &[("if-none-match", "*")], b"x").await.refused(412, "PreconditionFailed");
    world.s3("PUT", "/shop/k", &[("if-match", "\"x\"")], b"x").await.refused(412, "PreconditionFailed");
    world.s3("PUT", "/shop/k", &[("if-match", &etag)], b"x").await.expect(200);
    world.s3("PUT", "/shop/new", &[("if-none-match", "*")], b"x").await.expect(200);
    world.s3("PUT", "/shop/none", &[("if-match", "\"x\"")], b"x").await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn lists_are_in_order_and_come_in_pages() {
    let world = with_bucket().await;
    for key in ["a/1", "a/2", "a-b", "a0", "b/c/d", "%C3%A4", "z%20z"] {
        world.s3("PUT", &format!("/shop/{key}"), &[], b"x").await.expect(200);
    }
    let all = ["a-b", "a/1", "a/2", "a0", "b/c/d", "z z", "ä"];
    assert_eq!(keys(&world, "").await.0, all);
    assert_eq!(keys(&world, "&prefix=a/").await.0, ["a/1", "a/2"]);
    assert_eq!(keys(&world, "&prefix=nothing").await.0, [""; 0]);
    assert_eq!(keys(&world, "&start-after=a/1").await.0, all[2..]);
    let (found, prefixes, _) = keys(&world, "&delimiter=/").await;
    assert_eq!(
        (found, prefixes),
        (["a-b", "a0", "z z", "ä"].map(str::to_owned).to_vec(), vec!["a/".to_owned(), "b/".to_owned()])
    );
    assert_eq!(keys(&world, "&encoding-type=url&prefix=z").await.0, ["z+z"]);
    let mut walked = Vec::new();
    let mut token = String::new();
    loop {
        let query = format!("&delimiter=/&max-keys=1{token}");
        let (found, prefixes, answer) = keys(&world, &query).await;
        walked.extend(found.into_iter().chain(prefixes));
        match answer.element("NextContinuationToken") {
            next if next.is_empty() => break,
            next => token = format!("&continuation-token={next}"),
        }
    }
    assert_eq!(walked, ["a-b", "a/", "a0", "b/", "z z", "ä"]);
    let answer = world.s3("GET", "/shop?max-keys=2", &[], b"").await.expect(200);
    assert_eq!((answer.element("IsTruncated").as_str(), answer.elements("Key").len()), ("true", 2));
    let answer = world.s3("GET", "/shop?marker=a/2&max-keys=2", &[], b"").await.expect(200);
    assert_eq!(answer.elements("Key"), ["a0", "b/c/d"]);
    let answer = world.s3("GET", "/shop?versions", &[], b"").await.expect(200);
    assert_eq!(answer.elements("VersionId"), ["null"; 7]);
    keys(&world, "&max-keys=0").await;
    world.s3("GET", "/shop?list-type=2&max-keys=x", &[], b"").await.refused(400, "InvalidArgument");
}

async fn upload(world: &World, headers: &[(&str, &str)]) -> String {
    world.s3("POST", "/shop/big?uploads", headers, b"").await.expect(200).element("UploadId")
}

#[tokio::test]
async fn parts_become_an_object() {
    let world = with_bucket().await;
    let id = upload(&world, &[("x-amz-meta-a", "b"), ("x-amz-checksum-algorithm", "CRC32")]).await;
    let size = usize::try_from(PART_BYTES_MIN).unwrap();
    let parts = [vec![b'a'; size], vec![b'b'; size], vec![b'c'; 3]];
    let mut etags = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let target = format!("/shop/big?partNumber={}&uploadId={id}", index + 1);
        etags.push(world.s3("PUT", &target, &[], part).await.expect(200).header("etag").to_owned());
    }
    let listed = world.s3("GET", &format!("/shop/big?uploadId={id}"), &[], b"").await.expect(200);
    assert_eq!(listed.elements("PartNumber"), ["1", "2", "3"]);
    let uploads = world.s3("GET", "/shop?uploads", &[], b"").await.expect(200);
    assert_eq!(uploads.elements("UploadId"), [id.as_str()]);
    let list = |numbers: &[usize]| {
        let part =
            |n: &usize| format!("<Part><PartNumber>{n}</PartNumber><ETag>{}</ETag></Part>", etags[n - 1]);
        format!(
            "<CompleteMultipartUpload>{}</CompleteMultipartUpload>",
            numbers.iter().map(part).collect::<String>()
        )
    };
    let complete = async |numbers: &[usize]| {
        world.s3("POST", &format!("/shop/big?uploadId={id}"), &[], list(numbers).as_bytes()).await
    };
    complete(&[2, 1]).await.refused(400, "InvalidPartOrder");
    complete(&[3, 3]).await.refused(400, "InvalidPartOrder");
    let bad = "<CompleteMultipartUpload><Part><PartNumber>4</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>";
    world
        .s3("POST", &format!("/shop/big?uploadId={id}"), &[], bad.as_bytes())
        .await
        .refused(400, "InvalidPart");
    let world = &world;
    let done = complete(&[1, 2, 3]).await.expect(200);
    assert!(done.element("ETag").ends_with("-3&quot;"), "{}", done.text());
    assert!(done.element("ChecksumCRC32").ends_with("-3"), "{}", done.text());
    let get = world.s3("GET", "/shop/big", &[], b"").await.expect(200);
    assert_eq!(get.body, parts.concat());
    assert_eq!(get.header("x-amz-meta-a"), "b");
    let get = world.s3("GET", "/shop/big", &[("range", "bytes=98-201")], b"").await.expect(206);
    assert_eq!(get.body, parts.concat()[98..202]);
    let get = world.s3("GET", "/shop/big?partNumber=3", &[], b"").await.expect(206);
    assert_eq!((get.text().as_str(), get.header("x-amz-mp-parts-count")), ("ccc", "3"));
    complete(&[1, 2, 3]).await.refused(404, "NoSuchUpload");
    world.s3("DELETE", "/shop/big", &[], b"").await.expect(204);
    assert_eq!(n_files(&world.dir), 0);
}

#[tokio::test]
async fn parts_have_limits_and_are_thrown_away_with_their_upload() {
    let world = with_bucket().await;
    let id = upload(&world, &[]).await;
    let small = vec![b'x'; usize::try_from(PART_BYTES_MIN).unwrap() - 1];
    let put = async |number: &str, body: &[u8]| {
        world.s3("PUT", &format!("/shop/big?partNumber={number}&uploadId={id}"), &[], body).await
    };
    let etag = put("1", &small).await.expect(200).header("etag").to_owned();
    put("10000", &small).await.expect(200);
    put("10001", &small).await.refused(400, "InvalidArgument");
    put("0", &small).await.refused(400, "InvalidArgument");
    let part = |n: usize| format!("<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>");
    let body = format!("<CompleteMultipartUpload>{}{}</CompleteMultipartUpload>", part(1), part(10_000));
    world
        .s3("POST", &format!("/shop/big?uploadId={id}"), &[], body.as_bytes())
        .await
        .refused(400, "EntityTooSmall");
    let many = format!(
        "<CompleteMultipartUpload>{}</CompleteMultipartUpload>",
        (1..=10_001).map(part).collect::<String>()
    );
    world
        .s3("POST", &format!("/shop/big?uploadId={id}"), &[], many.as_bytes())
        .await
        .refused(400, "MalformedXML");
    assert_eq!(n_files(&world.dir), 2);
    world.s3("DELETE", &format!("/shop/big?uploadId={id}"), &[], b"").await.expect(204);
    world.s3("DELETE", &format!("/shop/big?uploadId={id}"), &[], b"").await.refused(404, "NoSuchUpload");
    put("1", &small).await.refused(404, "NoSuchUpload");
    assert_eq!(n_files(&world.dir), 0);
}

#[tokio::test]
async fn objects_are_copied_and_tagged() {
    let world = with_bucket().await;
    let headers = [("x-amz-meta-a", "b"), ("x-amz-tagging", "team=one"), ("content-type", "text/plain")];
    world.s3("PUT", "/shop/k", &headers, b"hello").await.expect(200);
    world.s3("PUT", "/shop/copy", &[("x-amz-copy-source", "/shop/k")], b"").await.expect(200);
    let copy = world.s3("GET", "/shop/copy", &[], b"").await.expect(200);
    assert_eq!(
        (copy.text().as_str(), copy.header("x-amz-meta-a"), copy.header("x-amz-tagging-count")),
        ("hello", "b", "1")
    );
    world.s3("PUT", "/shop/k", &[("x-amz-copy-source", "shop/k")], b"").await.refused(400, "InvalidRequest");
    let replace =
        [("x-amz-copy-source", "shop/k"), ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-a", "c")];
    world.s3("PUT", "/shop/k", &replace, b"").await.expect(200);
    let copy = world.s3("GET", "/shop/k", &[], b"").await.expect(200);
    assert_eq!((copy.text().as_str(), copy.header("x-amz-meta-a")), ("hello", "c"));
    world.s3("PUT", "/shop/x", &[("x-amz-copy-source", "shop/none")], b"").await.refused(404, "NoSuchKey");
    world.s3("PUT", "/shop/x", &[("x-amz-copy-source", "none")], b"").await.refused(400, "InvalidArgument");
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    world.s3("PUT", "/shop/k?tagging", &[], tags.as_bytes()).await.expect(200);
    let got = world.s3("GET", "/shop/k?tagging", &[], b"").await.expect(200);
    assert_eq!((got.element("Key").as_str(), got.element("Value").as_str()), ("a", "b"));
    world.s3("DELETE", "/shop/k?tagging", &[], b"").await.expect(204);
    assert_eq!(world.s3("GET", "/shop/k?tagging", &[], b"").await.expect(200).elements("Key"), [""; 0]);
}

#[tokio::test]
async fn settings_are_kept_and_shown() {
    let world = with_bucket().await;
    for (name, body) in [
        ("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
        (
            "encryption",
            "<ServerSideEncryptionConfiguration><Rule><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
        ),
        (
            "publicAccessBlock",
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
        ),
        ("tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"),
        ("lifecycle", "<LifecycleConfiguration><Rule><ID>x</ID></Rule></LifecycleConfiguration>"),
    ] {
        world.s3("PUT", &format!("/shop?{name}"), &[], body.as_bytes()).await.expect(200);
        let shown = world.s3("GET", &format!("/shop?{name}"), &[], b"").await.expect(200).text();
        let inside = body.split_once('>').unwrap().1;
        assert!(shown.ends_with(inside), "{shown}");
        world.s3("PUT", &format!("/shop?{name}"), &[], b"<Other/>").await.refused(400, "MalformedXML");
    }
    world.s3("GET", "/shop?policy", &[], b"").await.refused(404, "NoSuchBucketPolicy");
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    world.s3("PUT", "/shop?policy", &[], policy.as_bytes()).await.expect(204);
    assert_eq!(world.s3("GET", "/shop?policy", &[], b"").await.expect(200).text(), policy);
    world.s3("DELETE", "/shop?policy", &[], b"").await.expect(204);
    world.s3("PUT", "/shop?replication", &[], b"<x/>").await.refused(501, "NotImplemented");
    world.s3("GET", "/shop?object-lock", &[], b"").await.refused(501, "NotImplemented");
    assert_eq!(
        world.s3("GET", "/shop?location", &[], b"").await.expect(200).text().matches("eu-central-1").count(),
        1
    );
    let longest = 20_480;
    let fill = |n: usize| format!(r#"{{"Statement":[],"a":"{}"}}"#, "x".repeat(n - 23));
    assert_eq!(fill(longest).len(), longest);
    world.s3("PUT", "/shop?policy", &[], fill(longest).as_bytes()).await.expect(204);
    world.s3("PUT", "/shop?policy", &[], fill(longest + 1).as_bytes()).await.refused(400, "EntityTooLarge");
}

#[tokio::test]
async fn buckets_are_their_account_s() {
    let world = with_bucket().await;
    world.s3("PUT", "/shop", &[], b"").await.refused(409, "BucketAlreadyOwnedByYou");
    world.s3_as("other", "PUT", "/shop", &[], b"").await.refused(409, "BucketAlreadyExists");
    world.s3_as("other", "GET", "/shop?list-type=2", &[], b"").await.refused(403, "AccessDenied");
    world.s3_as("other", "PUT", "/shop/k", &[], b"x").await.refused(403, "AccessDenied");
    world
        .s3("GET", "/shop", &[("x-amz-expected-bucket-owner", "999999999999")], b"")
        .await
        .refused(403, "AccessDenied");
    world.s3("PUT", "/Bad_Name", &[], b"").await.refused(400, "InvalidBucketName");
    world.s3("PUT", "/none/k", &[], b"x").await.refused(404, "NoSuchBucket");
    assert_eq!(world.s3("GET", "/", &[], b"").await.expect(200).elements("Name"), ["shop"]);
    assert_eq!(world.s3_as("other", "GET", "/", &[], b"").await.expect(200).elements("Name"), [""; 0]);
    world.s3_as("nobody", "GET", "/shop/k", &[], b"").await.refused(403, "InvalidAccessKeyId");
    let unsigned = Request::new(full(""));
    let (mut parts, body) = unsigned.into_parts();
    parts.headers.insert("host", "localhost".parse().unwrap());
    parts.uri =
        "/shop/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test/20231114/us-east-1/s3/aws4_request"
            .parse()
            .unwrap();
    world.send(Request::from_parts(parts, body)).await.expect(400);
    assert_eq!(n_files(&world.dir), 0);
}
