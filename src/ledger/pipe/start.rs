//! Connecting, and saying who one is.

use std::io;
use std::net::IpAddr;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use percent_encoding::percent_decode_str;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;
use sea_orm::sqlx::ConnectOptions;
use sea_orm::sqlx::error::Error as DriverError;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::collections::HashMap;
use std::time::Instant as Moment;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::{Open, fault, protocol, read_until_ready};

/// Where the database is, and who asks, as the address of the database says it, the environment
/// and the file of passwords included: read by the driver that everything else uses.
pub(in crate::ledger) struct Target {
    options: PgConnectOptions,
    password: Option<String>,
}

impl Target {
    /// `None` where a pipe can not lead: not to PostgreSQL, or where the driver would speak TLS, or
    /// try to, with a server that is not on this machine.
    pub(in crate::ledger) fn of(url: &str) -> Option<Self> {
        if !url.starts_with("postgres") {
            return None;
        }
        let options: PgConnectOptions = url.parse().ok()?;
        match options.get_ssl_mode() {
            PgSslMode::Disable => {}
            PgSslMode::Allow | PgSslMode::Prefer if is_here(&options) => {}
            _ => return None,
        }
        let told = options.to_url_lossy();
        let password = told.password().map(|text| {
            let text = percent_decode_str(text).decode_utf8_lossy();
            text.into_owned()
        });
        Some(Self { options, password })
    }

    /// The name of the database.
    pub(super) fn database(&self) -> &str {
        let user = self.options.get_username();
        self.options.get_database().unwrap_or(user)
    }

    fn password(&self) -> Result<&str, DriverError> {
        let missing = || protocol("the database asks for a password, and none was given");
        self.password.as_deref().ok_or_else(missing)
    }
}

/// Whether the database is on this machine: what is said to it crosses no network.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let loopback = |ip: IpAddr| ip.is_loopback();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse().is_ok_and(loopback)
}

/// Connects.
pub(super) async fn connect(target: &Target) -> Result<Open, DriverError> {
    let mut open = reach(&target.options).await?;
    let mut outgoing = BytesMut::new();
    frontend::startup_message(parameters(target), &mut outgoing)?;
    open.writer.write_all_buf(&mut outgoing).await?;
    authenticate(&mut open, target).await?;
    let mut nothing = Vec::new();
    match read_until_ready(&mut open.reader, &mut open.incoming, &mut nothing, 0).await? {
        (status, None) => open.status = status,
        (_, Some(fault)) => return Err(DriverError::Database(Box::new(fault))),
    }
    open.halfway = false;
    Ok(open)
}

async fn reach(options: &PgConnectOptions) -> Result<Open, DriverError> {
    let (host, port) = (options.get_host(), options.get_port());
    #[cfg(unix)]
    {
        let folder = options.get_socket().map(|path| path.display().to_string());
        if let Some(folder) = folder.or_else(|| host.starts_with('/').then(|| host.to_owned())) {
            let stream = UnixStream::connect(format!("{folder}/.s.PGSQL.{port}")).await?;
            let (reader, writer) = stream.into_split();
            return Ok(opened(Box::new(reader), Box::new(writer)));
        }
    }
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    Ok(opened(Box::new(reader), Box::new(writer)))
}

fn opened(
    reader: Box<dyn tokio::io::AsyncRead + Send + Sync + Unpin>,
    writer: Box<dyn tokio::io::AsyncWrite + Send + Sync + Unpin>,
) -> Open {
    Open {
        reader,
        writer,
        incoming: BytesMut::new(),
        prepared: HashMap::new(),
        made: 0,
        status: 0,
        halfway: true,
        used: Moment::now(),
    }
}

fn parameters(target: &Target) -> Vec<(&str, &str)> {
    let options = &target.options;
    let mut parameters = vec![
        ("user", options.get_username()),
        ("database", target.database()),
        ("client_encoding", "UTF8"),
    ];
    parameters.extend(
        options
            .get_application_name()
            .map(|name| ("application_name", name)),
    );
    parameters.extend(options.get_options().map(|options| ("options", options)));
    parameters
}

async fn authenticate(open: &mut Open, target: &Target) -> Result<(), DriverError> {
    let mut outgoing = BytesMut::new();
    match message(open).await? {
        Message::AuthenticationOk => return Ok(()),
        Message::AuthenticationCleartextPassword => {
            let password = target.password()?.as_bytes();
            frontend::password_message(password, &mut outgoing)?;
        }
        Message::AuthenticationMd5Password(body) => {
            let user = target.options.get_username().as_bytes();
            let hash = md5_hash(user, target.password()?.as_bytes(), body.salt());
            frontend::password_message(hash.as_bytes(), &mut outgoing)?;
        }
        Message::AuthenticationSasl(body) => return scram(open, target, &body).await,
        _ => {
            return Err(protocol(
                "the database asks for a way to sign in that is not known",
            ));
        }
    }
    open.writer.write_all_buf(&mut outgoing).await?;
    admitted(open).await
}

async fn scram(
    open: &mut Open,
    target: &Target,
    body: &AuthenticationSaslBody,
) -> Result<(), DriverError> {
    if !body.mechanisms().any(|name| Ok(name == SCRAM_SHA_256))? {
        return Err(protocol(
            "the database asks for a way to sign in that is not known",
        ));
    }
    let password = target.password()?.as_bytes();
    let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
    let mut outgoing = BytesMut::new();
    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut outgoing)?;
    open.writer.write_all_buf(&mut outgoing).await?;
    let Message::AuthenticationSaslContinue(body) = message(open).await? else {
        return Err(protocol("signing in was broken off"));
    };
    scram.update(body.data())?;
    frontend::sasl_response(scram.message(), &mut outgoing)?;
    open.writer.write_all_buf(&mut outgoing).await?;
    let Message::AuthenticationSaslFinal(body) = message(open).await? else {
        return Err(protocol("signing in was broken off"));
    };
    scram.finish(body.data())?;
    admitted(open).await
}

async fn admitted(open: &mut Open) -> Result<(), DriverError> {
    match message(open).await? {
        Message::AuthenticationOk => Ok(()),
        _ => Err(protocol("signing in was broken off")),
    }
}

/// The next message; one that tells an error is that.
async fn message(open: &mut Open) -> Result<Message, DriverError> {
    loop {
        match Message::parse(&mut open.incoming)? {
            Some(Message::ErrorResponse(body)) => {
                return Err(DriverError::Database(Box::new(fault(&body)?)));
            }
            Some(Message::NoticeResponse(_)) => {}
            Some(message) => return Ok(message),
            None => {
                if open.reader.read_buf(&mut open.incoming).await? == 0 {
                    return Err(DriverError::Io(io::ErrorKind::UnexpectedEof.into()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_speaks_plainly_only_within_the_machine_or_where_it_is_told_to() {
        for (url, leads) in [
            ("postgres://u@127.0.0.1/d", true),
            ("postgres://u@localhost/d?sslmode=prefer", true),
            ("postgres:///d?host=/run/postgresql", true),
            ("postgres://u@db.internal/d", false),
            ("postgres://u@db.internal/d?sslmode=disable", true),
            ("postgres://u@127.0.0.1/d?sslmode=require", false),
            ("postgres://u@127.0.0.1/d?sslmode=verify-full", false),
            ("sqlite://scrip.db", false),
        ] {
            assert_eq!(Target::of(url).is_some(), leads, "{url}");
        }
    }
}
