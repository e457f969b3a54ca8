//! Where packages come from and what runs them: objects of S3, folders, programs of their own, languages whose client they have.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::Client;
use crate::functions_support::{done, input, invoke, lambda, value, zipped};
use crate::server::{DataDir, Server};

const FUNCTIONS: &str = "/2015-03-31/functions";

fn answering(n: u32) -> Vec<u8> {
    let code = format!("import os\ndef handler(event, context): return [{n}, event]\n");
    zipped(&[("app.py", code.as_bytes())])
}

/// CreateFunction out of an object, and UpdateFunctionCode; `missing` is what is said of one that isn't there.
fn from_objects(client: &mut Client, missing: &str) {
    let python = |name: &str, key: &str| {
        input(name, "python3.12", "app.handler", json!({"S3Bucket": "code", "S3Key": key}))
    };
    done(client, "POST", FUNCTIONS, &python("f", "one.zip"));
    assert_eq!(value(client, "f", &json!("a")), json!([1, "a"]));
    let change = json!({"S3Bucket": "code", "S3Key": "two.zip"});
    done(client, "PUT", &format!("{FUNCTIONS}/f/code"), &change);
    assert_eq!(value(client, "f", &json!("a")), json!([2, "a"]));
    for key in ["none.zip", "text.txt"] {
        let refused = lambda(client, "POST", FUNCTIONS, &[], &python("g", key).to_string());
        assert_eq!(
            (refused.status, refused.header("x-amzn-errortype")),
            (400, Some("InvalidParameterValueException"))
        );
        let wanted = if key == "none.zip" { missing } else { "Could not unzip uploaded file" };
        assert!(refused.text().contains(wanted), "{}", refused.text());
    }
    let layer = json!({"Content": {"S3Bucket": "code", "S3Key": "one.zip"}});
    assert_eq!(done(client, "POST", "/2018-10-31/layers/l/versions", &layer)["Version"], 1);
}

#[test]
fn packages_are_objects_in_folders() {
    let dir = DataDir::new("packages-root");
    let root = dir.path().join("buckets");
    fs::create_dir_all(root.join("code")).unwrap();
    for (file, bytes) in
        [("one.zip", answering(1)), ("two.zip", answering(2)), ("text.txt", b"text".to_vec())]
    {
        fs::write(root.join("code").join(file), bytes).unwrap();
    }
    let settings = dir.path().join("stepgate.toml");
    fs::write(&settings, format!("[services.s3]\nroot = {:?}\n", root.to_str().unwrap())).unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    from_objects(&mut client, "cannot read s3://code/none.zip");
    let outside = json!({"S3Bucket": "code", "S3Key": "../../stepgate.toml"});
    let outside = input("g", "python3.12", "app.handler", outside).to_string();
    assert_eq!(lambda(&mut client, "POST", FUNCTIONS, &[], &outside).status, 400);
}

#[test]
fn packages_are_objects_at_an_endpoint() {
    let dir = DataDir::new("packages-endpoint");
    let files = dir.path().join("files");
    fs::create_dir_all(files.join("code")).unwrap();
    for (file, bytes) in
        [("one.zip", answering(1)), ("two.zip", answering(2)), ("text.txt", b"text".to_vec())]
    {
        fs::write(files.join("code").join(file), bytes).unwrap();
    }
    // Python's own server answers as a bucket that is read does: objects by their paths, 404 for others.
    let mut serving = Command::new("python3")
        .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
        .arg(&files)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let printed = serving.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(printed), &mut line).unwrap();
    let port = line.split("port ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
    let settings = dir.path().join("stepgate.toml");
    fs::write(&settings, format!("[services.s3]\nendpoint = \"http://127.0.0.1:{port}\"\n")).unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    from_objects(&mut Client::new(&server.address), "cannot read s3://code/none.zip");
    serving.kill().unwrap();
    serving.wait().unwrap();
}

/// A program out of `tests/clients`, compiled.
fn compiled(dir: &DataDir) -> Vec<u8> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/bootstrap.rs");
    let program = dir.path().join("bootstrap");
    let rustc = Command::new("rustc").args(["-o", program.to_str().unwrap(), source]).status().unwrap();
    assert!(rustc.success());
    fs::read(program).unwrap()
}

#[test]
fn a_compiled_bootstrap_is_run_as_it_is() {
    let dir = DataDir::new("packages-bootstrap");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let package = STANDARD.encode(zipped(&[("bootstrap", &compiled(&dir))]));
    for runtime in ["provided.al2023", "provided.al2", "provided"] {
        let name = runtime.replace('.', "-");
        done(&mut client, "POST", FUNCTIONS, &input(&name, runtime, "any", json!({"ZipFile": package})));
        for event in [json!({"a": "é"}), json!("x".repeat(1 << 20)), json!(null)] {
            assert_eq!(value(&mut client, &name, &event), json!({"rust": event}), "{runtime}");
        }
    }
}

/// A program that looks like Java to the server: it says its version, and talks to the Runtime API in Java's place.
const JAVA: &str = r#"#!/usr/bin/env python3
import http.client, os, sys
if "-XshowSettings:properties" in sys.argv:
    home = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
    print(f"Property settings:\n    java.home = {home}\n    java.version = 21.0.2\n", file=sys.stderr)
    sys.exit()
import json
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    event = api.getresponse()
    event.read()
    told = json.dumps([argument.replace(os.environ["LAMBDA_TASK_ROOT"], "ROOT") for argument in sys.argv[1:]])
    api.request("POST", f"/2018-06-01/runtime/invocation/{event.headers['Lambda-Runtime-Aws-Request-Id']}/response", told)
    api.getresponse().read()
"#;

#[test]
fn java_runs_with_its_client_in_the_package() {
    use std::os::unix::fs::PermissionsExt;
    let dir = DataDir::new("packages-java");
    let java = dir.path().join("jdk/bin/java");
    fs::create_dir_all(java.parent().unwrap()).unwrap();
    fs::write(&java, JAVA).unwrap();
    fs::set_permissions(&java, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path: PathBuf = format!("{}:{path}", java.parent().unwrap().display()).into();
    let server = Server::try_start(&dir, &[], &[("PATH", Path::new(&path))]).unwrap();
    let mut client = Client::new(&server.address);
    let java = |name: &str, files: &[(&str, &[u8])]| {
        let package = json!({"ZipFile": STANDARD.encode(zipped(files))});
        input(name, "java21", "example.Handler::handle", package)
    };
    let class: (&str, &[u8]) = ("example/Handler.class", b"");
    let refused = lambda(&mut client, "POST", FUNCTIONS, &[], &java("f", &[class]).to_string());
    assert_eq!(
        (refused.status, refused.header("x-amzn-errortype")),
        (400, Some("InvalidParameterValueException"))
    );
    let sentence = "The runtime java21 does not run on this server without its interface client: put \
                    aws-lambda-java-runtime-interface-client into the package.";
    assert_eq!(refused.json()["message"], sentence);

    let jar = "lib/aws-lambda-java-runtime-interface-client-2.6.0-linux-x86_64.jar";
    done(&mut client, "POST", FUNCTIONS, &java("f", &[class, (jar, b"")]));
    let told = value(&mut client, "f", &json!({}));
    let told: Vec<&str> = told.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let class = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";
    assert_eq!(
        told[told.len() - 4..],
        ["-cp", "ROOT:ROOT/lib/*", class, "example.Handler::handle"],
        "{told:?}"
    );
    // It can't be taken away again.
    let without = json!({"ZipFile": STANDARD.encode(zipped(&[("example/Handler.class", b"")]))}).to_string();
    let refused = lambda(&mut client, "PUT", &format!("{FUNCTIONS}/f/code"), &[], &without);
    assert_eq!((refused.status, &refused.json()["message"]), (400, &json!(sentence)));
}

/// Instances find their temporary files and layers where AWS has them, if the system lets them have folders of their own.
#[test]
fn tmp_and_opt_are_an_instance_s_own_where_the_system_allows_it() {
    let dir = DataDir::new("packages-places");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let layer = json!({"Content": {"ZipFile": STANDARD.encode(zipped(&[("python/shared.py", b"n = 7\n"), ("data.txt", b"x")]))}});
    let layer = done(&mut client, "POST", "/2018-10-31/layers/l/versions", &layer)["LayerVersionArn"].clone();
    let name = format!("stepgate-places-{}", std::process::id());
    let code = r#"
import os, shared, tempfile
def handler(event, context):
    path = os.path.join("/tmp" if event["is_own"] else tempfile.gettempdir(), event["name"])
    before = os.path.exists(path)
    open(path, "w").write("x")
    return {"before": before, "tmp": tempfile.gettempdir(), "opt": shared.__file__, "data": os.path.exists("/opt/data.txt"),
        "user": os.getuid()}
"#;
    let package = json!({"ZipFile": STANDARD.encode(zipped(&[("app.py", code.as_bytes())]))});
    // What the server's own user may do, with the tool that systems have for it.
    let is_allowed = ["-m", "-Urm"].iter().any(|how| {
        let tried = Command::new("unshare").args([how, "mount", "--bind", "/tmp", "/tmp"]).output();
        tried.is_ok_and(|output| output.status.success())
    });
    for function in ["f", "g"] {
        let mut input = input(function, "python3.12", "app.handler", package.clone());
        input["Layers"] = json!([layer]);
        done(&mut client, "POST", FUNCTIONS, &input);
        let told = value(&mut client, function, &json!({"name": name, "is_own": is_allowed}));
        assert_eq!(told["before"], false, "nobody else's file is there");
        if is_allowed {
            assert_eq!((&told["tmp"], &told["opt"]), (&json!("/tmp"), &json!("/opt/python/shared.py")));
            assert_eq!(told["data"], true);
        } else {
            assert!(told["tmp"].as_str().unwrap().starts_with(dir.path().to_str().unwrap()), "{told}");
        }
        let again = value(&mut client, function, &json!({"name": name, "is_own": is_allowed}));
        assert_eq!(again["before"], true, "it stays with the instance");
    }
    assert!(!Path::new("/tmp").join(&name).exists(), "the machine has none of it");
    assert_eq!(invoke(&mut client, "f", &[], &json!({})).header("x-amz-function-error"), Some("Unhandled"));
}
