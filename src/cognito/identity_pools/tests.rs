//! Identity pools, as clients see them.

use serde_json::{Value, json};

use crate::cognito::harness::{Answer, World};
use crate::cognito::{jwt, keys::Algorithm};

fn name_of(answer: &Answer) -> &str {
    answer.as_ref().unwrap_err().0.as_str()
}

fn text_of(answer: &Answer) -> &str {
    answer.as_ref().unwrap_err().1.as_str()
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap().to_owned()
}

async fn pool(world: &World, more: Value) -> String {
    let mut input = json!({"IdentityPoolName": "pool", "AllowUnauthenticatedIdentities": true});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    text(&world.identity("CreateIdentityPool", input).await.unwrap(), "IdentityPoolId")
}

async fn with_roles(world: &World, pool: &str) {
    let guest = world.role("Guest", pool, "unauthenticated").await;
    let known = world.role("Known", pool, "authenticated").await;
    let roles = json!({"unauthenticated": guest, "authenticated": known});
    world.identity("SetIdentityPoolRoles", json!({"IdentityPoolId": pool, "Roles": roles})).await.unwrap();
}

#[tokio::test]
async fn pools_are_made_changed_listed_and_deleted() {
    let world = World::new().await;
    let id =
        pool(&world, json!({"DeveloperProviderName": "login.mine", "IdentityPoolTags": {"a": "b"}})).await;
    assert!(id.starts_with("us-east-1:"), "{id}");
    let changed = json!({"IdentityPoolId": id, "IdentityPoolName": "other", "AllowUnauthenticatedIdentities": false,
        "DeveloperProviderName": "login.mine", "AllowClassicFlow": true,
        "CognitoIdentityProviders": [{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_a", "ClientId": "c"}]});
    let shown = world.identity("UpdateIdentityPool", changed.clone()).await.unwrap();
    let world = world.restart().await;
    let described = world.identity("DescribeIdentityPool", json!({"IdentityPoolId": id})).await.unwrap();
    assert_eq!(described, shown);
    let mut expect = changed;
    expect["IdentityPoolTags"] = json!({"a": "b"});
    assert_eq!(described, expect);
    for _ in 0..3 {
        pool(&world, json!({})).await;
    }
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let page =
            world.identity("ListIdentityPools", json!({"MaxResults": 3, "NextToken": token})).await.unwrap();
        seen.extend(page["IdentityPools"].as_array().unwrap().iter().map(|it| text(it, "IdentityPoolId")));
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!((seen.len(), seen.contains(&id)), (4, true));
    world.identity("DeleteIdentityPool", json!({"IdentityPoolId": id})).await.unwrap();
    let gone = world.identity("DescribeIdentityPool", json!({"IdentityPoolId": id})).await;
    assert_eq!(name_of(&gone), "ResourceNotFoundException");
    assert!(text_of(&gone).starts_with(&format!("IdentityPool '{id}' not found.")));
}

#[tokio::test]
async fn what_is_not_served_is_refused_and_nothing_is_kept() {
    let world = World::new().await;
    let base = json!({"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true});
    for (more, part) in [
        (json!({"SamlProviderARNs": ["arn:aws:iam::123456789012:saml-provider/x"]}), "SamlProviderARNs"),
        (json!({"SupportedLoginProviders": {"graph.facebook.com": "1"}}), "graph.facebook.com"),
        (
            json!({"OpenIdConnectProviderARNs": ["arn:aws:iam::123456789012:role/x"]}),
            "Invalid OpenIdConnectProviderARN",
        ),
        (
            json!({"IdentityPoolName": "a/b"}),
            "1 validation error detected: Value 'a/b' at 'identityPoolName'",
        ),
        (json!({"IdentityPoolName": "x".repeat(129)}), "length less than or equal to 128"),
    ] {
        let mut input = base.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = world.identity("CreateIdentityPool", input).await;
        assert_eq!(name_of(&answer), "InvalidParameterException", "{more}");
        assert!(text_of(&answer).contains(part), "{answer:?}");
    }
    let pools = world.identity("ListIdentityPools", json!({"MaxResults": 10})).await.unwrap();
    assert_eq!(pools["IdentityPools"], json!([]));
}

#[tokio::test]
async fn operations_for_anyone_take_no_signature_and_others_do() {
    let world = World::new().await;
    let id = pool(&world, json!({})).await;
    let described = world.anyone("DescribeIdentityPool", json!({"IdentityPoolId": id})).await;
    assert_eq!(name_of(&described), "MissingAuthenticationTokenException");
    let got = world.anyone("GetId", json!({"IdentityPoolId": id})).await.unwrap();
    assert!(text(&got, "IdentityId").starts_with("us-east-1:"));
    let signed = world.identity("GetId", json!({"IdentityPoolId": id})).await.unwrap();
    assert_ne!(signed, got);
    let large =
        world.anyone("GetId", json!({"IdentityPoolId": id, "Logins": {"p": "x".repeat(65_536)}})).await;
    assert_eq!(name_of(&large), "RequestEntityTooLargeException");
}

#[tokio::test]
async fn guests_get_their_role_within_aws_s_bounds() {
    let world = World::new().await;
    let id = pool(&world, json!({})).await;
    let identity = world.anyone("GetId", json!({"IdentityPoolId": id})).await.unwrap();
    let none = world.anyone("GetCredentialsForIdentity", identity.clone()).await;
    assert_eq!(name_of(&none), "InvalidIdentityPoolConfigurationException");
    with_roles(&world, &id).await;
    let answer = world.anyone("GetCredentialsForIdentity", identity.clone()).await.unwrap();
    assert_eq!(answer["IdentityId"], identity["IdentityId"]);
    let credentials = &answer["Credentials"];
    assert!(text(credentials, "AccessKeyId").starts_with("ASIA"));
    let end = world.now() + std::time::Duration::from_secs(3_600);
    assert_eq!(credentials["Expiration"], json!(end.as_seconds_f64()));

    // A role that trusts nobody of the pool, and one that isn't there.
    let other = world.role("Other", "us-east-1:another", "unauthenticated").await;
    for role in [
        other,
        "arn:aws:iam::123456789012:role/Gone".to_owned(),
        "arn:aws:iam::999999999999:role/Guest".to_owned(),
    ] {
        let roles = json!({"unauthenticated": role});
        world.identity("SetIdentityPoolRoles", json!({"IdentityPoolId": id, "Roles": roles})).await.unwrap();
        let refused = world.anyone("GetCredentialsForIdentity", identity.clone()).await;
        assert_eq!(name_of(&refused), "InvalidIdentityPoolConfigurationException", "{role}");
    }

    let strict = pool(&world, json!({"AllowUnauthenticatedIdentities": false})).await;
    let refused = world.anyone("GetId", json!({"IdentityPoolId": strict})).await;
    assert_eq!(text_of(&refused), "Unauthenticated access is not supported for this identity pool.");
}

#[tokio::test]
async fn developers_vouch_for_their_own_users() {
    let world = World::new().await;
    let id = pool(&world, json!({"DeveloperProviderName": "login.mine"})).await;
    with_roles(&world, &id).await;
    let ask = |user: &str| json!({"IdentityPoolId": id, "Logins": {"login.mine": user}});
    let token = world.identity("GetOpenIdTokenForDeveloperIdentity", ask("ann")).await.unwrap();
    let again = world.identity("GetOpenIdTokenForDeveloperIdentity", ask("ann")).await.unwrap();
    assert_eq!(token["IdentityId"], again["IdentityId"]);
    let identity = text(&token, "IdentityId");
    // Nobody else gets credentials for it.
    let refused = world.anyone("GetCredentialsForIdentity", json!({"IdentityId": identity})).await;
    assert_eq!(text_of(&refused), format!("Access to Identity '{identity}' is forbidden."));
    let logins = json!({"cognito-identity.amazonaws.com": token["Token"]});
    let world = world.restart().await;
    let with = json!({"IdentityId": identity, "Logins": logins});
    world.anyone("GetCredentialsForIdentity", with.clone()).await.unwrap();
    let other = world.identity("GetOpenIdTokenForDeveloperIdentity", ask("bob")).await.unwrap();
    let crossed = json!({"IdentityId": other["IdentityId"], "Logins": logins});
    assert_eq!(name_of(&world.anyone("GetCredentialsForIdentity", crossed).await), "NotAuthorizedException");

    let of = |more: Value| {
        let mut input = json!({"IdentityPoolId": id});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let found = world
        .identity("LookupDeveloperIdentity", of(json!({"DeveloperUserIdentifier": "ann"})))
        .await
        .unwrap();
    assert_eq!(found, json!({"IdentityId": identity, "DeveloperUserIdentifierList": ["ann"]}));
    let merge = json!({"SourceUserIdentifier": "bob", "DestinationUserIdentifier": "ann", "DeveloperProviderName": "login.mine"});
    let merged = world.identity("MergeDeveloperIdentities", of(merge)).await.unwrap();
    assert_eq!(merged, json!({"IdentityId": identity}));
    let found = world.identity("LookupDeveloperIdentity", of(json!({"IdentityId": identity}))).await.unwrap();
    assert_eq!(found["DeveloperUserIdentifierList"], json!(["ann", "bob"]));
    let unlink = json!({"IdentityId": identity, "DeveloperProviderName": "login.mine", "DeveloperUserIdentifier": "bob"});
    world.identity("UnlinkDeveloperIdentity", of(unlink)).await.unwrap();
    let described = world.identity("DescribeIdentity", json!({"IdentityId": identity})).await.unwrap();
    assert_eq!(described["Logins"], json!(["login.mine"]));

    world.clock.advance(std::time::Duration::from_secs(901));
    let late = world.anyone("GetCredentialsForIdentity", with).await;
    assert!(text_of(&late).starts_with("Invalid login token. Token expired: "), "{late:?}");
}

#[tokio::test]
async fn the_classic_flow_has_to_be_allowed() {
    let world = World::new().await;
    let id = pool(&world, json!({})).await;
    let identity = world.anyone("GetId", json!({"IdentityPoolId": id})).await.unwrap();
    let refused = world.anyone("GetOpenIdToken", identity.clone()).await;
    assert_eq!(text_of(&refused), "Basic (classic) flow is not enabled, please use enhanced flow.");
    let changed = json!({"IdentityPoolId": id, "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
        "AllowClassicFlow": true});
    world.identity("UpdateIdentityPool", changed).await.unwrap();
    let token = text(&world.anyone("GetOpenIdToken", identity.clone()).await.unwrap(), "Token");
    let keys = world.cognito.keys("cognito-identity.amazonaws.com").await.unwrap().unwrap();
    let claims = keys.set.claims(&token).unwrap();
    assert_eq!(claims["sub"], identity["IdentityId"]);
    assert_eq!(claims["aud"], json!(id));
    assert_eq!(claims["amr"], json!(["unauthenticated"]));
    // A guest's token makes nobody known.
    let logins = json!({"cognito-identity.amazonaws.com": token});
    let answer = world.anyone("GetId", json!({"IdentityPoolId": id, "Logins": logins})).await;
    assert_eq!(name_of(&answer), "NotAuthorizedException");
}

#[tokio::test]
async fn tokens_that_prove_nothing_are_refused() {
    let world = World::new().await;
    let provider = "cognito-idp.us-east-1.amazonaws.com/us-east-1_a";
    let providers = json!([{"ProviderName": provider, "ClientId": "client"}]);
    let id = pool(&world, json!({"CognitoIdentityProviders": providers})).await;
    let keys = world.cognito.keys_or_new("us-east-1_a", Algorithm::Rs256).await.unwrap();
    let now = world.now().as_seconds();
    let claims = |more: Value| {
        let mut claims = json!({"iss": format!("https://{provider}"), "aud": "client", "sub": "s", "token_use": "id",
            "exp": now + 60});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims.as_object().unwrap().clone()
    };
    let sign = |more: Value| jwt::signed(keys.get(0).unwrap(), &claims(more)).unwrap();
    let good = sign(json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let none = "eyJhbGciOiJub25lIn0"; // {"alg":"none"}
    let symmetric = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImEifQ"; // {"alg":"HS256","kid":"a"}
    for (token, part) in [
        (String::new() + "x", "Can't parse"),
        ("a.b.c".to_owned(), "signature invalid"),
        ("a..c".to_owned(), "Can't parse"),
        (format!("{none}.{}.", parts[1]), "Can't parse"),
        (format!("{none}.{}.{}", parts[1], parts[2]), "signature invalid"),
        (format!("{symmetric}.{}.{}", parts[1], parts[2]), "signature invalid"),
        (format!("{}.{}.{}", parts[0], parts[1], &parts[2][..20]), "signature invalid"),
        (sign(json!({"exp": now})), "Token expired"),
        (sign(json!({"exp": null})), "no expiry"),
        (sign(json!({"aud": "other"})), "Incorrect token audience"),
        (sign(json!({"iss": "https://other"})), "Issuer doesn't match"),
        (sign(json!({"token_use": "access"})), "Not an ID token"),
        (sign(json!({"sub": ""})), "No subject"),
        ("x".repeat(50_000), "Can't parse"),
        ("a.".repeat(25_000), "Can't parse"),
    ] {
        let input = json!({"IdentityPoolId": id, "Logins": {provider: token}});
        let answer = world.anyone("GetId", input).await;
        assert_eq!(name_of(&answer), "NotAuthorizedException", "{token}");
        assert!(text_of(&answer).contains(part), "{token}: {answer:?}");
    }
    let long = json!({"IdentityPoolId": id, "Logins": {provider: "x".repeat(50_001)}});
    assert_eq!(name_of(&world.anyone("GetId", long).await), "InvalidParameterException");
    let elsewhere = json!({"IdentityPoolId": id, "Logins": {"accounts.google.com": good}});
    let answer = world.anyone("GetId", elsewhere).await;
    assert_eq!(text_of(&answer), "Token is not from a supported provider of this identity pool.");
    let list =
        world.identity("ListIdentities", json!({"IdentityPoolId": id, "MaxResults": 10})).await.unwrap();
    assert_eq!(list["Identities"], json!([]));

    let known = json!({"IdentityPoolId": id, "Logins": {provider: good}});
    let got = world.anyone("GetId", known.clone()).await.unwrap();
    assert_eq!(world.anyone("GetId", known).await.unwrap(), got);
    with_roles(&world, &id).await;
    let with = json!({"IdentityId": got["IdentityId"], "Logins": {provider: good}});
    world.anyone("GetCredentialsForIdentity", with).await.unwrap();
    let stranger = json!({"IdentityId": got["IdentityId"], "Logins": {provider: sign(json!({"sub": "t"}))}});
    let answer = world.anyone("GetCredentialsForIdentity", stranger).await;
    assert!(text_of(&answer).starts_with("Logins don't match."), "{answer:?}");

    // A guest becomes known with a first login, and is no guest any more.
    let guest = world.anyone("GetId", json!({"IdentityPoolId": id})).await.unwrap();
    let login = json!({"IdentityId": guest["IdentityId"], "Logins": {provider: sign(json!({"sub": "u"}))}});
    world.anyone("GetCredentialsForIdentity", login.clone()).await.unwrap();
    assert_eq!(
        name_of(&world.anyone("GetCredentialsForIdentity", guest.clone()).await),
        "NotAuthorizedException"
    );
    let mut unlink = login;
    unlink["LoginsToRemove"] = json!([provider]);
    world.anyone("UnlinkIdentity", unlink).await.unwrap();
    assert_eq!(name_of(&world.anyone("GetCredentialsForIdentity", guest).await), "NotAuthorizedException");
}

#[tokio::test]
async fn pools_have_tags() {
    let world = World::new().await;
    let id = pool(&world, json!({"IdentityPoolTags": {"a": "1"}})).await;
    let arn = format!("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/{id}");
    world.identity("TagResource", json!({"ResourceArn": arn, "Tags": {"b": "2"}})).await.unwrap();
    world.identity("UntagResource", json!({"ResourceArn": arn, "TagKeys": ["a"]})).await.unwrap();
    let tags = world.identity("ListTagsForResource", json!({"ResourceArn": arn})).await.unwrap();
    assert_eq!(tags, json!({"Tags": {"b": "2"}}));
    let many: serde_json::Map<_, _> = (0..50).map(|n| (n.to_string(), json!("x"))).collect();
    let answer = world.identity("TagResource", json!({"ResourceArn": arn, "Tags": many})).await;
    assert_eq!(name_of(&answer), "InvalidParameterException");
    let other = arn.replace("us-east-1:123", "us-east-1:923");
    assert_eq!(
        name_of(&world.identity("ListTagsForResource", json!({"ResourceArn": other})).await),
        "ResourceNotFoundException"
    );
}
