//! What a client says over a socket, held to its limit before it is kept: the codec looks at the
//! length of a frame only once all of it has come, however long it says that it is.

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use futures_util::future::ready;

/// Bytes of a head before its length and its mask.
const HEAD: usize = 2;
const LENGTH: u8 = 0x7f;
const MASKED: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const CONTINUED: u8 = 0;
/// From here on a frame is one of control, which belongs to no message.
const CONTROL: u8 = 0x08;

/// What comes, until a head says that its message is longer than `limit`.
pub(super) async fn held(
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<web::Payload, actix_web::Error> {
    let mut heads = Heads::new(limit);
    let frames = payload.map(move |bytes| {
        let bytes = bytes?;
        heads.pass(&bytes)?;
        Ok(bytes)
    });
    let mut is_over = false;
    let frames = frames.take_while(move |passed| {
        let goes_on = !is_over;
        is_over = passed.is_err();
        ready(goes_on)
    });
    let mut held = Payload::Stream {
        payload: frames.boxed_local(),
    };
    web::Payload::from_request(request, &mut held).await
}

/// The heads of the frames in a stream of bytes (RFC 6455, 5.2).
struct Heads {
    limit: u64,
    /// What has come of the head that is next.
    head: Vec<u8>,
    /// What is still to come of the frame behind its head.
    rest: u64,
    /// What the frames of the message so far say.
    message: u64,
}

impl Heads {
    fn new(limit: usize) -> Self {
        Self {
            limit: u64::try_from(limit).unwrap_or(u64::MAX),
            head: Vec::new(),
            rest: 0,
            message: 0,
        }
    }

    fn pass(&mut self, mut bytes: &[u8]) -> Result<(), PayloadError> {
        loop {
            let within = usize::try_from(self.rest).unwrap_or(usize::MAX);
            let within = within.min(bytes.len());
            self.rest = self.rest.saturating_sub(within as u64);
            let Some((next, behind)) = bytes.get(within..).and_then(<[u8]>::split_first) else {
                return Ok(());
            };
            self.head.push(*next);
            bytes = behind;
            if let Some((opcode, length)) = read(&self.head) {
                self.head.clear();
                self.begin(opcode, length)?;
            }
        }
    }

    fn begin(&mut self, opcode: u8, length: u64) -> Result<(), PayloadError> {
        self.rest = length;
        let whole = match opcode {
            CONTINUED => self.message.saturating_add(length),
            _ => length,
        };
        if opcode < CONTROL {
            self.message = whole;
        }
        if whole > self.limit {
            return Err(PayloadError::Overflow);
        }
        Ok(())
    }
}

/// The opcode and the length that a head tells, once it is whole.
fn read(head: &[u8]) -> Option<(u8, u64)> {
    let (first, second) = (head.first()?, head.get(1)?);
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    let (length, long) = match second & LENGTH {
        126 => (number(head.get(HEAD..HEAD + 2)?), 2),
        127 => (number(head.get(HEAD..HEAD + 8)?), 8),
        short => (u64::from(short), 0),
    };
    let mask = if second & MASKED == 0 { 0 } else { 4 };
    (head.len() == HEAD + long + mask).then_some((first & OPCODE, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a stream passes, however it is cut.
    fn passes(limit: usize, frames: &[&[u8]]) -> bool {
        let all = frames.concat();
        let cut = |size: usize| {
            let mut heads = Heads::new(limit);
            all.chunks(size).all(|chunk| heads.pass(chunk).is_ok())
        };
        let passes = cut(all.len());
        assert!((1..all.len()).all(|size| cut(size) == passes), "{all:?}");
        passes
    }

    #[test]
    fn a_message_of_the_limit_passes_and_one_longer_does_not() {
        let whole = |opcode: u8, length: u8| {
            let mut frame = vec![opcode, MASKED | length, 1, 2, 3, 4];
            frame.resize(frame.len() + usize::from(length), 0);
            frame
        };
        let (ten, eleven) = (whole(0x81, 10), whole(0x81, 11));
        assert!(passes(10, &[&ten, &ten]));
        assert!(!passes(10, &[&ten, &eleven]));
        // In parts, with a sign of life between them.
        let (first, ping, last) = (whole(0x01, 6), whole(0x89, 8), whole(0x80, 4));
        assert!(passes(10, &[&first, &ping, &last, &ten]));
        assert!(!passes(10, &[&first, &whole(0x00, 4), &whole(0x80, 1)]));
    }

    #[test]
    fn a_length_is_held_before_anything_of_it_has_come() {
        let long = |length: u64| {
            let mut head = vec![0x82, 0xff];
            head.extend(length.to_be_bytes());
            head.extend([1, 2, 3, 4]);
            head
        };
        assert!(!passes(1_048_576, &[&long(1 << 34)]));
        assert!(!passes(1_048_576, &[&long(u64::MAX)]));
        assert!(passes(1_048_576, &[&long(1_048_576)]));
        assert!(passes(300, &[&[0x82, 0xfe, 0x01, 0x2c, 1, 2, 3, 4]]));
        assert!(!passes(299, &[&[0x82, 0xfe, 0x01, 0x2c, 1, 2, 3, 4]]));
    }
}
