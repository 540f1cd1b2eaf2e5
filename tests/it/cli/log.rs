//! What stands in the log, and what does not.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Served, folder};

/// Sends it over a connection of its own and waits for the end of that.
fn send(url: &str, said: &[u8]) {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(said).expect("sent");
    drop(stream.read_to_end(&mut Vec::new()));
}

#[test]
fn what_a_client_does_wrong_is_no_error_of_ours() {
    let handshake = b"GET /graphql HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\
        Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
    let ping_in_parts = b"\x09\x80\0\0\0\0";
    for filter in [&[][..], &["--log", "info"]] {
        let folder = folder();
        let served = Served::start(folder.path(), filter);
        send(&served.url, b"no such thing\r\n\r\n");
        send(
            &served.url,
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        );
        send(&served.url, &[&handshake[..], ping_in_parts].concat());
        let (ended_well, log) = served.stop("-TERM");
        assert!(ended_well && !log.contains("ERROR"), "{log}");
    }
}
