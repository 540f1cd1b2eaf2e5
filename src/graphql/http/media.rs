//! Media types: what comes in and what the client takes.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE};

use super::code::{Code, Refused};

/// In what media type to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: 200 for every well-formed request.
    Json,
    /// `application/graphql-response+json`: 4xx for a document that never ran.
    GraphqlResponse,
}

impl Media {
    /// As the head of the answer says it.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// In what forms the client takes an answer.
pub struct Wanted {
    json: Option<Media>,
    /// How much it likes a stream of events, and JSON, in thousandths.
    events: u32,
    best_json: u32,
}

impl Wanted {
    /// What the client likes best; `application/json` where it does not care, and the newer type
    /// where it likes both as much.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let mut likes = Likes::default();
        let mut any = false;
        for header in request.headers().get_all(ACCEPT) {
            for range in header.to_str().unwrap_or("*/*").split(',') {
                any |= !range.trim().is_empty();
                likes.add(range);
            }
        }
        if !any {
            likes.add("application/json");
        }
        Self {
            json: likes.best(),
            events: likes.events.1,
            best_json: likes.json.1.max(likes.graphql.1),
        }
    }

    /// In what media type to answer at once. A client that takes neither is told in JSON; one that
    /// takes events alone is told by status what is wrong.
    #[must_use]
    pub fn media(&self) -> Media {
        match self.json {
            None if self.takes_events() => Media::GraphqlResponse,
            None => Media::Json,
            Some(media) => media,
        }
    }

    /// Whether it takes a stream of events.
    #[must_use]
    pub const fn takes_events(&self) -> bool {
        self.events > 0
    }

    /// Whether it would rather have a stream of events than JSON.
    #[must_use]
    pub const fn prefers_events(&self) -> bool {
        self.events > self.best_json
    }

    /// # Errors
    /// 406 when it takes nothing that is answered here.
    pub fn check(&self) -> Result<(), Refused> {
        if self.json.is_some() || self.takes_events() {
            return Ok(());
        }
        Err(Refused::request(
            StatusCode::NOT_ACCEPTABLE,
            Code::BadUserInput,
            "answers are application/graphql-response+json, application/json or \
             text/event-stream, in utf-8",
        ))
    }
}

/// How much the client likes each type, in thousandths; the more precise range decides.
#[derive(Default)]
struct Likes {
    json: (u8, u32),
    graphql: (u8, u32),
    /// By its own name alone: who takes anything means an answer, not a stream.
    events: (u8, u32),
}

impl Likes {
    fn add(&mut self, range: &str) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let mut quality = 1000;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "q" => quality = thousandths(value.trim()),
                "charset" if !is_utf8(value) => return,
                _ => {}
            }
        }
        if name == "text/event-stream" {
            self.events = self.events.max((3, quality));
        }
        let (precision, json, graphql) = match name.as_str() {
            "application/json" => (3, true, false),
            "application/graphql-response+json" => (3, false, true),
            "application/*" => (2, true, true),
            "*/*" => (1, true, true),
            _ => return,
        };
        if json {
            self.json = self.json.max((precision, quality));
        }
        if graphql {
            self.graphql = self.graphql.max((precision, quality));
        }
    }

    fn best(&self) -> Option<Media> {
        let (json, graphql) = (self.json.1, self.graphql.1);
        let graphql_is_named = self.graphql.0 == 3;
        if graphql > json || (graphql > 0 && graphql == json && graphql_is_named) {
            return Some(Media::GraphqlResponse);
        }
        (json > 0).then_some(Media::Json)
    }
}

fn thousandths(quality: &str) -> u32 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let whole: u32 = whole.parse().unwrap_or(1);
    whole
        .saturating_mul(1000)
        .saturating_add(digits.parse().unwrap_or(0))
        .min(1000)
}

fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim().trim_matches('"');
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// Holds a POST to a JSON body in UTF-8.
///
/// # Errors
/// 415 for anything else.
pub fn json_body(request: &HttpRequest) -> Result<(), Refused> {
    let given = request.headers().get(CONTENT_TYPE);
    let given = given.and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut parts = given.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let is_readable = parts.all(|part| match part.split_once('=') {
        Some((key, value)) if key.trim().eq_ignore_ascii_case("charset") => is_utf8(value),
        _ => true,
    });
    if is_json && is_readable {
        return Ok(());
    }
    Err(Refused::request(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::BadUserInput,
        "a POST needs the header `content-type: application/json`, in utf-8",
    ))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn accepted(accept: &str) -> Option<Media> {
        let request = TestRequest::default().insert_header((ACCEPT, accept));
        let wanted = Wanted::of(&request.to_http_request());
        wanted.check().ok().map(|()| wanted.media())
    }

    #[test]
    fn events_are_sent_to_those_who_name_them() {
        let table = [
            ("", false, false),
            ("*/*", false, false),
            ("text/*", false, false),
            ("text/event-stream", true, true),
            ("text/event-stream, application/json", true, false),
            ("text/event-stream, application/json;q=0.9", true, true),
            ("application/json, text/event-stream;q=0", false, false),
        ];
        for (accept, takes, prefers) in table {
            let request = TestRequest::default().insert_header((ACCEPT, accept));
            let wanted = Wanted::of(&request.to_http_request());
            let found = (wanted.takes_events(), wanted.prefers_events());
            assert_eq!(found, (takes, prefers), "{accept}");
        }
    }

    #[test]
    fn the_client_gets_what_it_likes_best() {
        let graphql = "application/graphql-response+json";
        let table = [
            ("", Some(Media::Json)),
            ("*/*", Some(Media::Json)),
            ("application/*", Some(Media::Json)),
            ("application/json", Some(Media::Json)),
            (graphql, Some(Media::GraphqlResponse)),
            (
                "application/graphql-response+json, application/json;q=0.9",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/json, application/graphql-response+json",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/json, application/graphql-response+json;q=0.5",
                Some(Media::Json),
            ),
            ("application/json; charset=utf-8", Some(Media::Json)),
            (
                "text/html, application/xhtml+xml, */*;q=0.8",
                Some(Media::Json),
            ),
            ("application/json;q=0, */*", Some(Media::GraphqlResponse)),
            ("text/html", None),
            ("application/json;charset=utf-16", None),
            ("application/json;q=0", None),
        ];
        for (accept, expected) in table {
            assert_eq!(accepted(accept), expected, "{accept}");
        }
    }

    #[test]
    fn a_body_is_json_in_utf_8() {
        let table = [
            ("application/json", true),
            ("application/json; charset=utf-8", true),
            ("Application/JSON;charset=\"UTF-8\"", true),
            ("application/json; charset=latin1", false),
            ("application/graphql", false),
            ("text/plain", false),
            ("", false),
        ];
        for (content_type, expected) in table {
            let request = TestRequest::default().insert_header((CONTENT_TYPE, content_type));
            let read = json_body(&request.to_http_request());
            assert_eq!(read.is_ok(), expected, "{content_type}");
        }
    }
}
