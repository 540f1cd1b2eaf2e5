//! A receiver of webhooks: a real server that keeps what it was told and answers as it is bid.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Told {
    headers: HashMap<String, String>,
    raw: String,
    pub body: Value,
}

impl Told {
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).cloned().unwrap_or_default()
    }

    /// What its signature should be: worked out here, not by what is tested.
    pub fn standard_signature(&self, secret: &str) -> String {
        let key = STANDARD
            .decode(secret.trim_start_matches("whsec_"))
            .expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        let parts = [
            self.header("webhook-id"),
            self.header("webhook-timestamp"),
            self.raw.clone(),
        ];
        mac.update(parts.join(".").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[derive(Default)]
struct State {
    told: Vec<Told>,
    /// Status for messages of this customer, or of all.
    refused: Option<(Option<String>, u16)>,
    redirect: Option<String>,
    hangs: bool,
    at_once: usize,
    most: usize,
}

/// A receiver of webhooks, on a port of its own, until it is dropped.
pub struct Receiver {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        Self { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// All that it was told, in order.
    pub fn told(&self) -> Vec<Told> {
        self.state.lock().unwrap().told.clone()
    }

    /// What it was told of a customer.
    pub fn of(&self, customer: &str) -> Vec<Told> {
        let told = self.told().into_iter();
        told.filter(|told| told.body["data"]["customerId"] == customer)
            .collect()
    }

    /// Answers so from now on: of a customer, or always.
    pub fn refuse(&self, customer: Option<&str>, status: u16) {
        self.state.lock().unwrap().refused = Some((customer.map(str::to_owned), status));
    }

    pub fn redirect(&self, url: &str) {
        self.state.lock().unwrap().redirect = Some(url.to_owned());
    }

    /// Never answers from now on.
    pub fn hang(&self) {
        self.state.lock().unwrap().hangs = true;
    }

    /// Connections that were open at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.state.lock().unwrap().most
    }
}

fn serve(mut stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut headers = HashMap::new();
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.trim().split_once(": ") {
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        line.clear();
    }
    let length = headers
        .get("content-length")
        .and_then(|text| text.parse().ok());
    let mut raw = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut raw)?;
    let raw = String::from_utf8(raw).expect("text");
    let body: Value = serde_json::from_str(&raw).expect("JSON");
    let (status, location, hangs) = {
        let mut state = state.lock().unwrap();
        let customer = body["data"]["customerId"].as_str().map(str::to_owned);
        let status = match &state.refused {
            Some((of, status)) if of.is_none() || *of == customer => *status,
            _ => 200,
        };
        state.told.push(Told { headers, raw, body });
        state.at_once += 1;
        state.most = state.most.max(state.at_once);
        (status, state.redirect.clone(), state.hangs)
    };
    if hangs {
        std::thread::sleep(Duration::from_millis(700));
    }
    state.lock().unwrap().at_once -= 1;
    let answer = match location {
        Some(url) => format!("HTTP/1.1 307 x\r\nlocation: {url}\r\n"),
        None => format!("HTTP/1.1 {status} x\r\n"),
    };
    stream.write_all(format!("{answer}content-length: 0\r\nconnection: close\r\n\r\n").as_bytes())
}
