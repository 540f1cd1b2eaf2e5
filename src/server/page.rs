//! Pages: `/` and the playground `/graphiql`. Every file comes from here: they work offline.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpResponse, web};

/// Path, media type, content.
const FILES: [(&str, &str, &str); 4] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/graphiql", HTML, include_str!("page/playground.html")),
    (
        "/graphiql/page.css",
        "text/css; charset=utf-8",
        include_str!("page/page.css"),
    ),
    (
        "/graphiql/page.js",
        "text/javascript; charset=utf-8",
        include_str!("page/playground.js"),
    ),
];
const HTML: &str = "text/html; charset=utf-8";

/// Scripts, styles and calls from and to here alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Serves the pages, and says of what else is asked for that it is not there.
pub fn routes(config: &mut web::ServiceConfig) {
    for (path, media, content) in FILES {
        config.route(
            path,
            web::get().to(move || async move { file(media, content) }),
        );
    }
    config.default_service(web::to(missing));
}

fn file(media: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(content)
}

async fn missing() -> HttpResponse {
    HttpResponse::build(StatusCode::NOT_FOUND)
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("nothing is here; the API is at /graphql\n")
}
