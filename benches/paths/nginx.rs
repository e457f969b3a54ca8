//! nginx as what people would put in front of a service instead: one worker, a map of API keys, `limit_req` and a proxy that
//! keeps its connections.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{Served, on_core, scratch};

/// The path on which it asks for the key.
pub(crate) const PATH: &str = "/keyed";

/// nginx in front of `backend`, on core 0; `None` if it isn't installed.
pub(crate) async fn start(backend: &Served) -> Option<Served> {
    let version = Command::new("nginx").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return None;
    }
    let dir = scratch("nginx");
    std::fs::create_dir_all(&dir).unwrap();
    // nginx can't say which port the system chose.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let settings = settings(&dir.display().to_string(), &address, &backend.address);
    std::fs::write(dir.join("nginx.conf"), settings).unwrap();
    let mut command = on_core(0);
    command.arg("nginx").arg("-e").arg(dir.join("error.log")).arg("-c").arg(dir.join("nginx.conf"));
    let served = Served::silent(command, address.clone(), dir);
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(&address).await.is_ok() {
            return Some(served);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nginx does not answer at {address}");
}

fn settings(dir: &str, address: &str, backend: &str) -> String {
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("  {name}_temp_path {dir}/{name};\n"))
        .collect();
    format!(
        r#"worker_processes 1; daemon off; pid {dir}/pid; error_log {dir}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on;
{folders}  map $http_x_api_key $caller {{ default ""; "bench-key-0123456789" "caller"; }}
  limit_req_zone $caller zone=callers:10m rate=10000000r/s;
  limit_req_status 429;
  upstream backend {{ server {backend}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen {address} backlog=4096;
    location = {PATH} {{
      if ($caller = "") {{ return 403; }}
      limit_req zone=callers burst=100000 nodelay;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://backend;
    }}
  }}
}}
"#
    )
}
