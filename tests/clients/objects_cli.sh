#!/usr/bin/env bash
# Objects with the AWS CLI: cp, ls, mv, sync, rm, presigned addresses, uploads in parts.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
fail() { echo "$1" >&2; exit 1; }

aws s3 mb s3://shop > /dev/null
aws s3 ls | grep shop > /dev/null
echo hello > a.txt
aws s3 cp a.txt s3://shop/folder/a.txt > /dev/null
[ "$(aws s3 cp s3://shop/folder/a.txt -)" = hello ]
echo streamed | aws s3 cp - s3://shop/streamed.txt
[ "$(aws s3 cp s3://shop/streamed.txt -)" = streamed ]
aws s3 ls s3://shop/ | grep 'PRE folder/' > /dev/null

# In parts, there and back.
head -c 20971520 /dev/urandom > big
aws s3 cp big s3://shop/big > /dev/null
aws s3 cp s3://shop/big back > /dev/null
cmp big back
aws s3api head-object --bucket shop --key big --query ETag --output text | grep -- '-3"$' > /dev/null
aws s3 cp s3://shop/big s3://shop/copy > /dev/null
aws s3 cp s3://shop/copy back > /dev/null
cmp big back
for algorithm in CRC32 CRC32C CRC64NVME SHA1 SHA256; do
  aws s3 cp a.txt "s3://shop/$algorithm" --checksum-algorithm "$algorithm" > /dev/null
  aws s3 cp "s3://shop/$algorithm" back --checksum-mode ENABLED > /dev/null
  cmp a.txt back
done

mkdir -p tree/b && echo 1 > tree/1 && echo 2 > "tree/b/2 ä+&.txt"
aws s3 sync tree s3://shop/tree > /dev/null
[ -z "$(aws s3 sync tree s3://shop/tree)" ]
aws s3 sync s3://shop/tree tree2 > /dev/null
diff -r tree tree2
aws s3 mv s3://shop/tree/1 s3://shop/moved > /dev/null
aws s3 sync s3://shop/tree tree2 --delete > /dev/null
[ ! -e tree2/1 ]

url=$(aws s3 presign s3://shop/folder/a.txt)
[ "$(curl -fsS "$url")" = hello ]
[ "$(curl -s -o /dev/null -w '%{http_code}' "${url/folder/other}")" = 403 ] || fail "another object's address was accepted"
url=$(AWS_DEFAULT_REGION=eu-central-1 aws s3 presign s3://shop/folder/a.txt)
[ "$(curl -fsS "$url")" = hello ]
[ "$(curl -s -o /dev/null -w '%{http_code}' "$AWS_ENDPOINT_URL/shop/folder/a.txt" -H 'Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0')" != 200 ]

aws s3api put-bucket-versioning --bucket shop --versioning-configuration Status=Enabled
[ "$(aws s3api get-bucket-versioning --bucket shop --query Status --output text)" = Enabled ]
aws s3api put-public-access-block --bucket shop --public-access-block-configuration BlockPublicAcls=true
aws s3api get-public-access-block --bucket shop --query PublicAccessBlockConfiguration.BlockPublicAcls --output text | grep True > /dev/null
aws s3api put-bucket-tagging --bucket shop --tagging 'TagSet=[{Key=a,Value=b}]'
[ "$(aws s3api get-bucket-tagging --bucket shop --query 'TagSet[0].Value' --output text)" = b ]
{ aws s3api get-bucket-replication --bucket shop 2>&1 || true; } | grep NotImplemented > /dev/null
[ "$(aws s3api get-bucket-acl --bucket shop --query 'Grants[0].Permission' --output text)" = FULL_CONTROL ]

aws s3 rb s3://shop 2> /dev/null && fail "a bucket with objects was removed"
aws s3 rb s3://shop --force > /dev/null
aws s3api head-bucket --bucket shop 2> /dev/null && fail "the bucket is still there"
echo "objects: ok"
