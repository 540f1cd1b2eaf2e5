//! What stands around every handler: an answer even where the code panicked.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};
use futures_util::FutureExt;

/// In the form of GraphQL, which is what most clients here read.
const INTERNAL: &str =
    r#"{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}"#;

/// Answers 500 where a handler panicked; the connection stays.
///
/// # Errors
/// What the handler answers as an error, and the panic.
pub async fn guarded(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let answered = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    answered.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        let response = HttpResponse::InternalServerError()
            .insert_header((CONTENT_TYPE, "application/json; charset=utf-8"))
            .insert_header(("x-content-type-options", "nosniff"))
            .body(INTERNAL);
        Err(InternalError::from_response("a panic", response).into())
    })
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpServer, web};

    use super::*;

    async fn falls_over() -> HttpResponse {
        panic!("on purpose")
    }

    #[actix_web::test]
    async fn a_panic_is_answered_with_500_and_the_connection_lives_on() {
        let server = HttpServer::new(|| {
            let app = App::new().wrap(from_fn(guarded));
            app.route("/panic", web::get().to(falls_over))
                .route("/fine", web::get().to(HttpResponse::Ok))
        });
        let server = server.workers(1).bind("127.0.0.1:0").expect("a port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let client = reqwest::Client::new();
        let ask = async |path: &str| {
            let url = format!("http://{address}{path}");
            let answer = client.get(url).send().await.expect("an answer");
            (answer.status().as_u16(), answer.text().await.expect("text"))
        };
        assert_eq!(ask("/panic").await, (500, INTERNAL.to_owned()));
        assert_eq!(ask("/fine").await.0, 200);
        handle.stop(false).await;
    }
}
