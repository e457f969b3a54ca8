//! Functions as they are kept.

use serde_json::json;

use super::*;

fn code(n: u32) -> String {
    format!("def handler(event, context): return [{n}, context.function_version]\n")
}

fn update(n: u32) -> CodeChange {
    CodeChange {
        code: zipped(&[("app.py", &code(n))]),
        architecture: None,
        publish: false,
        dry_run: false,
        revision_id: None,
    }
}

async fn call(fixture: &Fixture, qualifier: Option<&str>) -> Value {
    let called = Called { qualifier, ..fixture.called("f") };
    value(fixture.functions.invoke(called, fixture.invocation(&json!({}))).await.unwrap()).await
}

#[tokio::test]
async fn versions_stay_as_they_were_published() {
    let fixture = Fixture::new();
    let (functions, home) = (&fixture.functions, &fixture.home);
    fixture.make("f", "python3.11", "app.handler", &[("app.py", &code(1))]).await;
    let publish = || functions.publish(home, "f", None, None, None);
    assert_eq!(publish().await.unwrap().version.version, "1");
    assert_eq!(publish().await.unwrap().version.version, "1", "nothing has changed");
    let described = functions.publish(home, "f", None, Some("first".into()), None).await.unwrap().version;
    assert_eq!((described.version.as_str(), described.settings.description.as_str()), ("1", ""));
    assert_eq!(call(&fixture, None).await, json!([1, "$LATEST"]));
    functions.update_code(home, "f", update(2)).await.unwrap();
    assert_eq!(call(&fixture, None).await, json!([2, "$LATEST"]), "no old instance answers");
    assert_eq!(publish().await.unwrap().version.version, "2");
    assert_eq!(call(&fixture, Some("1")).await, json!([1, "1"]));
    assert_eq!(call(&fixture, Some("2")).await, json!([2, "2"]));

    functions
        .create_alias(home, "f", "live".into(), "1".into(), String::new(), BTreeMap::new())
        .await
        .unwrap();
    assert_eq!(call(&fixture, Some("live")).await, json!([1, "1"]));
    let weighted = functions.update_alias(home, "f", "live".into(), None, |alias| {
        alias.weights = BTreeMap::from([("2".to_owned(), 0.5)]);
    });
    weighted.await.unwrap();
    let mut seen = [0, 0];
    for _ in 0..40 {
        seen[usize::from(call(&fixture, Some("live")).await[1] == "2")] += 1;
    }
    assert!(5 < seen[0] && 5 < seen[1], "{seen:?}");
    assert!(matches!(functions.delete(home, "f", Some("2")).await, Err(Error::Conflict(_))));
    functions.delete_alias(home, "f", "live".into()).await.unwrap();
    functions.delete(home, "f", Some("2")).await.unwrap();
    let gone = functions
        .invoke(Called { qualifier: Some("2"), ..fixture.called("f") }, fixture.invocation(&json!({})));
    assert!(matches!(gone.await, Err(Error::NotFound(text)) if text.ends_with("function:f:2")));
    functions.delete(home, "f", None).await.unwrap();
    assert!(!functions.exists(home, "f").await.unwrap());
}

#[tokio::test]
async fn changes_are_refused_for_another_revision() {
    let fixture = Fixture::new();
    let (functions, home) = (&fixture.functions, &fixture.home);
    let view = fixture.make("f", "python3.11", "app.handler", &[("app.py", &code(1))]).await;
    let stale = CodeChange { revision_id: Some("other".into()), ..update(2) };
    assert!(matches!(functions.update_code(home, "f", stale).await, Err(Error::Revision)));
    let dry = CodeChange { revision_id: Some(view.version.revision_id.clone()), dry_run: true, ..update(2) };
    let told = functions.update_code(home, "f", dry).await.unwrap();
    assert_ne!(told.version.code, view.version.code);
    assert_eq!(functions.view(home, "f", None).await.unwrap(), view, "a dry run changes nothing");
    let again = NewFunction {
        name: "f".into(),
        settings: view.version.settings.clone(),
        code: zipped(&[("app.py", "")]),
        tags: BTreeMap::new(),
        publish: false,
    };
    let refused = functions.create(home, again.clone()).await;
    assert!(matches!(refused, Err(Error::Conflict(text)) if text == "Function already exist: f"));
    let settings = Settings { runtime: "go1.x".into(), ..again.settings.clone() };
    let refused = functions.create(home, NewFunction { name: "g".into(), settings, ..again.clone() }).await;
    assert!(matches!(refused, Err(Error::Runtime(RuntimeError::Unsupported(_)))));
    let environment = Some(BTreeMap::from([("AWS_REGION".to_owned(), "x".to_owned())]));
    let settings = Settings { environment, ..again.settings.clone() };
    let refused = functions.create(home, NewFunction { name: "g".into(), settings, ..again }).await;
    assert!(
        matches!(refused, Err(Error::Invalid(text)) if text.ends_with("used in this request: AWS_REGION"))
    );
}

#[tokio::test]
async fn layers_lie_under_the_package() {
    let fixture = Fixture::new();
    let (functions, home) = (&fixture.functions, &fixture.home);
    let layer = |n: u32| NewLayer {
        name: "l".into(),
        code: zipped(&[("python/shared.py", &format!("n = {n}\n"))]),
        ..NewLayer::default()
    };
    assert_eq!(functions.publish_layer(home, layer(1)).await.unwrap().version, 1);
    assert_eq!(functions.publish_layer(home, layer(2)).await.unwrap().version, 2);
    let arn = format!("{}:1", layer_arn(home, "l"));
    let layers = functions.layer_refs(home, vec![arn.clone()]).await.unwrap();
    assert!(
        functions.layer_refs(home, vec![arn.clone(), format!("{}:2", layer_arn(home, "l"))]).await.is_err()
    );
    assert!(functions.layer_refs(home, vec![format!("{}:3", layer_arn(home, "l"))]).await.is_err());
    let code = "import shared\ndef handler(event, context): return shared.n\n";
    fixture
        .make_with("f", "python3.11", "app.handler", &[("app.py", code)], |settings| settings.layers = layers)
        .await;
    functions.delete_layer(home, "l", 1).await.unwrap();
    assert_eq!(fixture.value("f", &json!({})).await, 1, "a layer that is deleted stays with its functions");
    assert!(functions.layer(home, "l", 1).await.is_err());

    // A number is not given twice.
    functions.delete_layer(home, "l", 2).await.unwrap();
    assert_eq!(functions.publish_layer(home, layer(4)).await.unwrap().version, 3);
}

#[tokio::test]
async fn a_package_goes_with_the_last_that_has_it() {
    let fixture = Fixture::new();
    let (functions, home) = (&fixture.functions, &fixture.home);
    let layer = NewLayer { name: "l".into(), code: zipped(&[("a", "layer")]), ..NewLayer::default() };
    let layer = functions.publish_layer(home, layer).await.unwrap();
    let arn = format!("{}:1", layer_arn(home, "l"));
    let layers = functions.layer_refs(home, vec![arn]).await.unwrap();
    let files = [("app.py", "1")];
    let made = fixture
        .make_with("f", "python3.11", "app.handler", &files, |settings| settings.layers = layers)
        .await;
    let (of_layer, first) = (layer.code.sha256, made.version.code.sha256);
    fixture.make("g", "python3.11", "app.handler", &files).await;
    let is_kept = async |code: &str| functions.package(code).await.is_ok();

    // The same package is another function's as well.
    let changed = functions.update_code(home, "f", update(2)).await.unwrap();
    assert!(is_kept(&first).await);
    functions.delete(home, "g", None).await.unwrap();
    assert!(!is_kept(&first).await);

    // The version that was published keeps both.
    functions.publish(home, "f", None, None, None).await.unwrap();
    functions.delete_layer(home, "l", 1).await.unwrap();
    functions.update_configuration(home, "f", None, |settings| settings.layers.clear()).await.unwrap();
    functions.update_code(home, "f", update(3)).await.unwrap();
    let second = changed.version.code.sha256;
    assert!(is_kept(&second).await && is_kept(&of_layer).await);
    functions.delete(home, "f", Some("1")).await.unwrap();
    assert!(!is_kept(&second).await && !is_kept(&of_layer).await);
}

#[tokio::test]
async fn a_function_is_there_once_it_is_made_and_gone_once_it_is_deleted() {
    let fixture = Fixture::new();
    let (functions, home) = (&fixture.functions, &fixture.home);
    for _ in 0..2 {
        // Asked twice: the second time from what is known.
        assert!(!functions.exists(home, "f").await.unwrap());
        assert!(!functions.exists(home, "f").await.unwrap());
        fixture.make("f", "python3.11", "app.handler", &[("app.py", &code(1))]).await;
        assert!(functions.exists(home, "f").await.unwrap());
        assert_eq!(fixture.value("f", &json!({})).await[0], 1);
        functions.delete(home, "f", None).await.unwrap();
    }
}

#[tokio::test]
async fn a_service_needs_a_permission() {
    let fixture = Fixture::new();
    let (functions, home) = (&fixture.functions, &fixture.home);
    fixture.make("f", "python3.11", "app.handler", &[("app.py", &code(1))]).await;
    let source = || Source::Service {
        principal: "apigateway.amazonaws.com",
        arn: "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/".into(),
        account: "123456789012".into(),
    };
    let call = || Called { source: source(), ..fixture.called("f") };
    let refused = functions.invoke(call(), fixture.invocation(&json!({}))).await;
    assert!(matches!(refused, Err(Error::Denied(_))));
    let permission = Permission {
        statement_id: "s".into(),
        action: "lambda:InvokeFunction".into(),
        principal: "apigateway.amazonaws.com".into(),
        source_arn: Some("arn:aws:execute-api:us-east-1:123456789012:abc/*".into()),
        ..Permission::default()
    };
    functions.add_permission(home, "f", None, permission.clone(), None).await.unwrap();
    let again = functions.add_permission(home, "f", None, permission, None).await;
    assert!(matches!(again, Err(Error::Conflict(_))));
    assert!(functions.invoke(call(), fixture.invocation(&json!({}))).await.is_ok());
    let (document, _) = functions.policy(home, "f", None).await.unwrap();
    assert_eq!(document["Statement"][0]["Sid"], "s");
    functions.remove_permission(home, "f", None, "s".into(), None).await.unwrap();
    assert!(matches!(functions.policy(home, "f", None).await, Err(Error::NotFound(_))));
    assert!(functions.invoke(call(), fixture.invocation(&json!({}))).await.is_err());
}
