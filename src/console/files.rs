//! The built files, embedded twice: by Brotli for most, by gzip for the rest.

use std::io::Read;

use actix_web::web::Bytes;
use flate2::read::GzDecoder;
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

static BUILT: Dir<'_> = include_dir!("$OUT_DIR/console");

/// Media types by ending. What else is built is served as bytes.
const MEDIA_TYPES: [(&str, &str); 8] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("json", "application/json"),
    ("woff2", "font/woff2"),
    ("ttf", "font/ttf"),
    ("png", "image/png"),
];

/// How a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Plain,
}

/// One built file.
#[derive(Clone, Copy)]
pub(super) struct File {
    path: &'static str,
    brotli: &'static [u8],
    gzip: &'static [u8],
}

/// The built file of that path below the root of the build.
pub(super) fn find(path: &str) -> Option<File> {
    let gzip = BUILT.get_file(format!("{path}.gz"))?;
    let brotli = BUILT.get_file(format!("{path}.br"))?;
    Some(File {
        path: gzip.path().to_str()?.strip_suffix(".gz")?,
        brotli: brotli.contents(),
        gzip: gzip.contents(),
    })
}

impl File {
    /// Changes when the content does.
    pub(super) fn tag(self) -> String {
        let digest = Sha256::digest(self.gzip);
        digest[..12].iter().fold(String::new(), |mut tag, byte| {
            tag.push_str(&format!("{byte:02x}"));
            tag
        })
    }

    /// Whether its name changes when its content does.
    pub(super) fn is_hashed(self) -> bool {
        self.path.starts_with("assets/")
    }

    pub(super) fn media_type(self) -> &'static str {
        let ending = self.path.rsplit('.').next().unwrap_or_default();
        let found = MEDIA_TYPES.iter().find(|(known, _)| *known == ending);
        found.map_or("application/octet-stream", |(_, media_type)| media_type)
    }

    /// # Errors
    /// When what was embedded is no gzip, which the build rules out.
    pub(super) fn content(self, encoding: Encoding) -> std::io::Result<Bytes> {
        Ok(match encoding {
            Encoding::Brotli => Bytes::from_static(self.brotli),
            Encoding::Gzip => Bytes::from_static(self.gzip),
            Encoding::Plain => {
                let mut plain = Vec::new();
                GzDecoder::new(self.gzip).read_to_end(&mut plain)?;
                Bytes::from(plain)
            }
        })
    }
}

impl Encoding {
    /// The smallest that an `Accept-Encoding` admits.
    pub(super) fn best(accepted: &str) -> Self {
        let admits = |name: &str| {
            accepted.split(',').any(|one| {
                let mut parts = one.split(';').map(str::trim);
                let named = parts.next().is_some_and(|it| it.eq_ignore_ascii_case(name));
                let refused = parts.any(|part| {
                    let weight = part.strip_prefix("q=").and_then(|it| it.parse().ok());
                    weight.is_some_and(|weight: f32| weight <= 0.0)
                });
                named && !refused
            })
        };
        if admits("br") {
            Self::Brotli
        } else if admits("gzip") {
            Self::Gzip
        } else {
            Self::Plain
        }
    }

    /// As `Content-Encoding` has it.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Plain => None,
        }
    }

    /// Tells the tags of one file apart.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
            Self::Plain => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Encoding;

    #[test]
    fn the_smallest_admitted_encoding_is_sent() {
        for (accepted, expected) in [
            ("gzip, deflate, br, zstd", Encoding::Brotli),
            ("gzip, deflate", Encoding::Gzip),
            ("br;q=0, gzip;q=0.5", Encoding::Gzip),
            ("BR; q=0.1", Encoding::Brotli),
            ("deflate", Encoding::Plain),
            ("", Encoding::Plain),
        ] {
            assert_eq!(Encoding::best(accepted), expected, "{accepted}");
        }
    }
}
