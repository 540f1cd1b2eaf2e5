//! The body of a request, read and unpacked within a limit, and why one can not be read.
//!
//! Not by the server's own unpacking: of a body of a megabyte it has a gigabyte in memory before
//! anybody can count it.

use std::io::Read;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use futures_util::StreamExt;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBody {
    /// It is larger than it may be, as it came or unpacked.
    TooLarge,
    /// It comes packed in a way that is not known, for people.
    UnknownPacking(&'static str),
    /// It can not be read, for people: why.
    Broken(&'static str),
}

/// How a body may come packed.
#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Deflate,
    None,
}

/// Reads a body of at most so many bytes, packed and unpacked.
///
/// # Errors
/// Why it can not be had.
pub async fn body(headers: &HeaderMap, mut payload: Payload, most: usize) -> Result<Bytes, NoBody> {
    let said = headers.get(CONTENT_LENGTH);
    let said = said.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|length| length > most) {
        return Err(NoBody::TooLarge);
    }
    let packing = Packing::of(headers)?;
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| NoBody::Broken(why(&error)))?;
        if body.len().saturating_add(chunk.len()) > most {
            return Err(NoBody::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    match packing {
        _ if body.is_empty() => Ok(body.freeze()),
        Packing::None => Ok(body.freeze()),
        Packing::Gzip => unpacked(MultiGzDecoder::new(&*body), most),
        Packing::Deflate => unpacked(ZlibDecoder::new(&*body), most),
    }
}

impl Packing {
    fn of(headers: &HeaderMap) -> Result<Self, NoBody> {
        let mut given = headers.get_all(CONTENT_ENCODING);
        let first = given.next().map(|value| value.to_str().unwrap_or_default());
        let first = first.map(|first| first.trim().to_ascii_lowercase());
        match first.as_deref() {
            _ if given.next().is_some() => {}
            None | Some("identity") => return Ok(Self::None),
            Some("gzip") => return Ok(Self::Gzip),
            Some("deflate") => return Ok(Self::Deflate),
            Some(_) => {}
        }
        Err(NoBody::UnknownPacking(
            "content-encoding must be gzip, deflate or identity, and one of them",
        ))
    }
}

fn unpacked(packed: impl Read, most: usize) -> Result<Bytes, NoBody> {
    let mut body = Vec::new();
    let enough = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    packed
        .take(enough)
        .read_to_end(&mut body)
        .map_err(|_| NoBody::Broken("it is not packed as content-encoding says"))?;
    if body.len() > most {
        return Err(NoBody::TooLarge);
    }
    Ok(body.into())
}

fn why(error: &PayloadError) -> &'static str {
    match error {
        PayloadError::Incomplete(_) => "it is not complete",
        _ => "it did not come as HTTP says",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use actix_web::test::TestRequest;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(text).expect("packed");
        packer.finish().expect("packed")
    }

    fn deflate(text: &[u8]) -> Vec<u8> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(text).expect("packed");
        packer.finish().expect("packed")
    }

    async fn read(encoding: &str, bytes: Vec<u8>, most: usize) -> Result<Bytes, NoBody> {
        let request = TestRequest::default().set_payload(bytes);
        let request = request.insert_header((CONTENT_ENCODING, encoding));
        let (request, payload) = request.to_http_parts();
        body(request.headers(), payload, most).await
    }

    #[actix_web::test]
    async fn a_body_is_unpacked_as_it_says() {
        let text = b"{\"query\":\"{ __typename }\"}".as_slice();
        for (encoding, packed) in [
            ("gzip", gzip(text)),
            (" GZIP ", gzip(text)),
            ("deflate", deflate(text)),
            ("identity", text.to_vec()),
        ] {
            let read = read(encoding, packed, 100).await;
            assert_eq!(read.as_deref(), Ok(text), "{encoding}");
        }
        let two = [gzip(b"{"), gzip(b"}")].concat();
        assert_eq!(
            read("gzip", two, 100).await.as_deref(),
            Ok(b"{}".as_slice())
        );
        assert_eq!(
            read("gzip", Vec::new(), 100).await.as_deref(),
            Ok(b"".as_slice())
        );
    }

    #[actix_web::test]
    async fn what_is_not_packed_so_is_refused() {
        let cut = gzip(&[b'x'; 1_000]).drain(..20).collect();
        for (encoding, bytes) in [
            ("gzip", b"plain".to_vec()),
            ("deflate", gzip(b"x")),
            ("gzip", cut),
        ] {
            let read = read(encoding, bytes, 100).await;
            assert!(
                matches!(read, Err(NoBody::Broken(_))),
                "{encoding}: {read:?}"
            );
        }
        for encoding in ["br", "gzip, gzip", "x"] {
            let read = read(encoding, b"{}".to_vec(), 100).await;
            assert!(
                matches!(read, Err(NoBody::UnknownPacking(_))),
                "{encoding}: {read:?}"
            );
        }
    }

    #[actix_web::test]
    async fn the_limit_counts_what_comes_and_what_is_unpacked() {
        let large = vec![b' '; 64 << 20];
        assert_eq!(
            read("gzip", gzip(&large), 1 << 20).await,
            Err(NoBody::TooLarge)
        );
        assert_eq!(
            read("deflate", deflate(&large), 1 << 20).await,
            Err(NoBody::TooLarge)
        );
        assert_eq!(
            read("identity", vec![b' '; 11], 10).await,
            Err(NoBody::TooLarge)
        );
        assert_eq!(
            read("gzip", gzip(&[b' '; 101]), 100).await,
            Err(NoBody::TooLarge)
        );
        assert!(read("gzip", gzip(&[b' '; 100]), 100).await.is_ok());
    }
}
