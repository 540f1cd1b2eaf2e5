//! A socket with the protocol `graphql-transport-ws`, spoken word by word.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open socket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Shakes hands. The status of the answer where that is refused.
    pub async fn open(url: &str, protocol: Option<&str>, key: Option<&str>) -> Result<Self, u16> {
        let url = format!("{}/graphql", url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        let headers = request.headers_mut();
        if let Some(protocol) = protocol {
            let protocol = protocol.parse().expect("a protocol");
            headers.insert("sec-websocket-protocol", protocol);
        }
        if let Some(key) = key {
            let bearer = format!("Bearer {key}").parse().expect("a key");
            headers.insert("authorization", bearer);
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            // Who asked for a protocol and was given none is told so by the library.
            Err(error) => panic!("no socket: {error}"),
        }
    }

    /// A socket on which the bearer of the key may ask.
    pub async fn ready(url: &str, key: &str) -> Self {
        let opened = Self::open(url, Some("graphql-transport-ws"), None).await;
        let mut socket = opened.unwrap_or_else(|status| panic!("no socket: {status}"));
        let payload = json!({ "authorization": format!("Bearer {key}") });
        socket
            .say(json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        socket
    }

    /// Starts an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload }))
            .await;
    }

    /// Says something.
    pub async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    /// Says whatever it is.
    pub async fn say_text(&mut self, text: &str) {
        // Where the other side has closed already, that is heard.
        drop(self.0.send(Message::text(text)).await);
    }

    /// The next thing that is said; `{"closed": [code, reason]}` where the socket was closed.
    pub async fn hear(&mut self) -> Value {
        let heard = tokio::time::timeout(PATIENCE, self.listen()).await;
        heard.expect("something is said in time")
    }

    async fn listen(&mut self) -> Value {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).expect("JSON");
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    return json!({ "closed": [u16::from(frame.code), frame.reason.as_str()] });
                }
                Some(Ok(Message::Close(None))) | None => return json!({ "closed": null }),
                Some(Ok(_)) => {}
                Some(Err(error)) => return json!({ "broken": error.to_string() }),
            }
        }
    }
}
