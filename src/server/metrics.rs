//! `/metrics`, for Prometheus.
//!
//! Who asks from this machine itself, not through a proxy, needs no key; everyone else needs one
//! of any role but that of a customer.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::auth::Keys;
use crate::ledger::{Ledger, Role};

/// The head of a request that came through a proxy.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Everything that is counted and measured.
pub async fn tell(
    request: HttpRequest,
    ledger: web::Data<Ledger>,
    keys: web::Data<Keys>,
) -> HttpResponse {
    if !is_local(&request) && !has_key(&request, &keys).await {
        return HttpResponse::build(StatusCode::UNAUTHORIZED)
            .insert_header((WWW_AUTHENTICATE, "Bearer realm=\"scrip\""))
            .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
            .body("a key is needed: send the header `authorization: Bearer KEY`\n");
    }
    match ledger.metrics().told(ledger.looked().await) {
        Ok(text) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn is_local(request: &HttpRequest) -> bool {
    let peer = request.peer_addr();
    let forwarded = FORWARDED
        .iter()
        .any(|name| request.headers().contains_key(*name));
    peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) && !forwarded
}

async fn has_key(request: &HttpRequest, keys: &Keys) -> bool {
    let header = request.headers().get(AUTHORIZATION);
    let header = header.and_then(|header| header.to_str().ok()?.split_once(' '));
    let Some((scheme, key)) = header else {
        return false;
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return false;
    }
    let caller = keys.caller(key.trim()).await;
    matches!(caller, Ok(Some(caller)) if caller.role != Role::Customer)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_this_machine_itself_needs_no_key() {
        let table = [
            ("127.0.0.1:7", None, true),
            ("[::1]:7", None, true),
            ("[::ffff:127.0.0.1]:7", None, true),
            ("10.0.0.1:7", None, false),
            ("127.0.0.1:7", Some("x-forwarded-for"), false),
            ("127.0.0.1:7", Some("forwarded"), false),
        ];
        for (peer, header, expected) in table {
            let mut request = TestRequest::default().peer_addr(peer.parse().expect("an address"));
            if let Some(header) = header {
                request = request.insert_header((header, "for=1.2.3.4"));
            }
            assert_eq!(
                is_local(&request.to_http_request()),
                expected,
                "{peer} {header:?}"
            );
        }
    }
}
