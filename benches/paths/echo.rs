//! The bare hyper echo server with which everything is compared.

use std::convert::Infallible;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// Serves on a port that the system chooses, and prints it, until killed.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{{\"endpoint\":\"http://{}\"}}", listener.local_addr().unwrap());
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            stream.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                    Ok::<_, Infallible>(http::Response::new(request.into_body()))
                });
                let connection = hyper::server::conn::http1::Builder::new();
                // A load generator hangs up when it is done.
                let _ = connection.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
}
