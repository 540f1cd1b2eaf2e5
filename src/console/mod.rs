//! The console at `/` and the playground at `/graphiql`. They talk to the public API alone, and every
//! file comes from here: they work without internet.
//!
//! What is served was built from `console/` before the binary was, see `build.rs`. A binary without
//! it says on a plain page how to add it.

mod files;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};

use files::{Encoding, File};

/// Scripts, styles and calls from and to here alone.
const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                              connect-src 'self'; img-src 'self' data:; font-src 'self'; \
                              base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The editor of the playground writes style elements of its own, has workers and a font in its
/// style sheet.
const PLAYGROUND_POLICY: &str = "default-src 'none'; script-src 'self'; \
                                 style-src 'self' 'unsafe-inline'; worker-src 'self'; \
                                 connect-src 'self'; img-src 'self' data:; \
                                 font-src 'self' data:; base-uri 'none'; form-action 'none'; \
                                 frame-ancestors 'none'";

/// What a name with a hash of the content in it allows.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Asked again each time, answered from the cache unless it changed.
const ASK_AGAIN: &str = "no-cache";

/// Shown where the console was not built.
const NOT_BUILT: &str = include_str!("not_built.html");

/// Serves the pages and their files.
pub fn routes(config: &mut web::ServiceConfig) {
    for path in ["/", "/console", "/console/{path:.*}", "/graphiql"] {
        config.service(
            web::resource(path)
                .route(web::get().to(answer))
                .route(web::head().to(answer)),
        );
    }
}

/// Whether the console was built before this binary was.
#[must_use]
pub fn is_built() -> bool {
    files::find("index.html").is_some()
}

async fn answer(request: HttpRequest) -> HttpResponse {
    let path = request.path();
    let asset = path.strip_prefix("/console/");
    if let Some(file) = asset.and_then(files::find) {
        return respond(&request, file, CONSOLE_POLICY);
    }
    if asset.is_some_and(|path| path.starts_with("assets/")) {
        return HttpResponse::build(StatusCode::NOT_FOUND)
            .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
            .body("no such file; the console may be of another version: reload the page\n");
    }
    // The console itself tells its other paths apart.
    let (page, policy) = match path {
        "/graphiql" => ("graphiql.html", PLAYGROUND_POLICY),
        _ => ("index.html", CONSOLE_POLICY),
    };
    match files::find(page) {
        Some(file) => respond(&request, file, policy),
        None => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CACHE_CONTROL, ASK_AGAIN))
            .body(NOT_BUILT),
    }
}

fn respond(request: &HttpRequest, file: File, policy: &'static str) -> HttpResponse {
    let accepted = header(request, ACCEPT_ENCODING.as_str());
    let encoding = Encoding::best(accepted);
    let etag = format!("\"{}{}\"", file.tag(), encoding.suffix());
    let caching = if file.is_hashed() {
        FOR_EVER
    } else {
        ASK_AGAIN
    };
    let known = header(request, IF_NONE_MATCH.as_str());
    let fresh = known.split(',').any(|known| {
        let known = known.trim();
        known == "*" || known.trim_start_matches("W/") == etag
    });
    let mut response = if fresh {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((VARY, "accept-encoding"))
        .insert_header((CONTENT_SECURITY_POLICY, policy));
    if fresh {
        return response.finish();
    }
    response.insert_header((CONTENT_TYPE, file.media_type()));
    if let Some(name) = encoding.name() {
        response.insert_header((CONTENT_ENCODING, name));
    }
    match file.content(encoding) {
        Ok(content) => response.body(content),
        Err(error) => {
            tracing::error!(%error, path = request.path(), "an embedded file can not be read");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let value = request.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}
