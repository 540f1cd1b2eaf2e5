//! Frames that no client library sends (RFC 6455): how each ends the socket.

use std::time::Duration;

use sea_orm::DbBackend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::TestApp;
use crate::support::db::TestDatabase;

const PATIENCE: Duration = Duration::from_secs(5);

async fn app(name: &str) -> TestApp {
    let database = TestDatabase::fresh(DbBackend::Sqlite, name).await;
    TestApp::start(database.expect("SQLite is always there"), name, |_| {}).await
}

/// A connection behind the handshake, without a key.
async fn shaken(app: &TestApp) -> TcpStream {
    let address = app.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "GET /graphql HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\
         Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.expect("an answer"));
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{answer:?}");
    stream
}

/// A masked frame; the mask is zero, so that what is said is what is sent.
fn frame(first: u8, said: &[u8]) -> Vec<u8> {
    let length = u8::try_from(said.len()).expect("short");
    assert!(length < 126);
    [&[first, 0x80 | length, 0, 0, 0, 0], said].concat()
}

/// What stands in the frame of closing: its code, if it has one. `None`: the connection ended
/// without.
async fn closed(stream: &mut TcpStream) -> Option<Option<u16>> {
    let read = async {
        loop {
            let (first, length) = (stream.read_u8().await.ok()?, stream.read_u8().await.ok()?);
            let mut said = vec![0; length.into()];
            stream.read_exact(&mut said).await.ok()?;
            if first == 0x88 {
                let code = said
                    .get(..2)
                    .map(|code| u16::from_be_bytes([code[0], code[1]]));
                return Some(code);
            }
        }
    };
    timeout(PATIENCE, read).await.expect("it ends in time")
}

#[tokio::test]
async fn a_message_is_too_long_as_soon_as_its_head_says_so() {
    let app = app("head").await;
    let long =
        |first: u8, length: u64| [&[first, 0xff], &length.to_be_bytes()[..], &[0; 4]].concat();
    let mut parts = long(0x01, 1 << 20);
    parts.resize(parts.len() + (1 << 20), b'x');
    for said in [
        long(0x81, 1 << 34),
        long(0x82, (1 << 20) + 1),
        long(0x89, 1 << 34),
        [parts, frame(0x80, b"x")].concat(),
    ] {
        let mut stream = shaken(&app).await;
        stream.write_all(&said).await.expect("sent");
        assert_eq!(
            closed(&mut stream).await,
            Some(Some(1009)),
            "{:x?}",
            &said[..4]
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn who_closes_is_told_the_same() {
    let app = app("closing").await;
    for (said, code) in [
        (&1_000_u16.to_be_bytes()[..], Some(1_000)),
        (&4_000_u16.to_be_bytes()[..], Some(4_000)),
        (&[], None),
    ] {
        let mut stream = shaken(&app).await;
        stream.write_all(&frame(0x88, said)).await.expect("sent");
        assert_eq!(closed(&mut stream).await, Some(code));
        assert_eq!(stream.read(&mut [0]).await.expect("an end in order"), 0);
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_frame_and_no_text_is_told_so() {
    let app = app("faults").await;
    let table: &[(&str, Vec<u8>, u16)] = &[
        ("no UTF-8", frame(0x81, &[0xff, 0xfe]), 1007),
        (
            "no UTF-8 in parts",
            [frame(0x01, b"a"), frame(0x80, &[0xff])].concat(),
            1007,
        ),
        ("reserved bits", frame(0xc1, b"{}"), 1002),
        ("an unknown opcode", frame(0x83, b"{}"), 1002),
        ("no mask", vec![0x81, 0x02, b'{', b'}'], 1002),
        ("a part of nothing", frame(0x80, b"{}"), 1002),
        (
            "a start within a message",
            [frame(0x01, b"a"), frame(0x81, b"{}")].concat(),
            1002,
        ),
        ("a ping in parts", frame(0x09, b""), 1002),
        ("closing with half a code", frame(0x88, &[3]), 1002),
    ];
    for (what, said, code) in table {
        let mut stream = shaken(&app).await;
        stream.write_all(said).await.expect("sent");
        assert_eq!(closed(&mut stream).await, Some(Some(*code)), "{what}");
    }
    app.stop().await;
}
