//! Mail by SMTP (RFC 5321, 8314): TLS from the start (`smtps`) or by STARTTLS (`smtp`), which must
//! succeed; plain only to this machine.

use super::message::Message;
use super::outlet::{Failure, Outlet, quote};
use super::source::SecretSource;
use crate::client::error::{Kind, Sent};
use crate::gate::mail::{Mail, MailFailure};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::net::IpAddr;
use std::time::Duration;
use url::Url;

/// The body, in bytes.
const LONGEST: usize = 64 * 1024;

/// How long each command to the server may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where mail goes, and by which server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// The server.
    pub server: MailServer,
    /// The sender.
    pub from: Address,
    /// The recipients.
    pub to: Recipients,
    /// The user to log in as.
    #[serde(default)]
    pub user: Option<String>,
    /// The user's password.
    #[serde(default)]
    pub password: Option<SecretSource>,
}

impl Email {
    /// What does not fit together, if anything.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        (self.user.is_some() != self.password.is_some())
            .then_some("user and password of email belong together")
    }
}

/// A mail server: `smtps://HOST:465` or `smtp://HOST:587`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailServer(Url);

impl MailServer {
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let is_server = matches!(url.scheme(), "smtp" | "smtps")
            && url.host_str().is_some_and(|host| !host.is_empty());
        (is_bare && is_server).then_some(Self(url))
    }

    fn is_encrypted_from_the_start(&self) -> bool {
        self.0.scheme() == "smtps"
    }

    fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The host without the brackets of an address of IPv6.
    fn address(&self) -> &str {
        self.host().trim_start_matches('[').trim_end_matches(']')
    }

    fn port(&self) -> u16 {
        let usual = if self.is_encrypted_from_the_start() {
            465
        } else {
            587
        };
        self.0.port().unwrap_or(usual)
    }

    /// Whether it is on this machine. The host of a URL that is not http is not read as an address.
    fn is_here(&self) -> bool {
        let address = self.address().parse::<IpAddr>();
        address.is_ok_and(|address| address.is_loopback())
            || self.host().eq_ignore_ascii_case("localhost")
    }

    /// Where it is reached, with its port.
    pub(super) fn url(&self) -> Result<Url, String> {
        let named = format!("{}://{}:{}", self.0.scheme(), self.host(), self.port());
        Url::parse(&named).map_err(|_| "its server is no URL".to_owned())
    }

    fn encryption(&self) -> Result<Tls, String> {
        if !self.is_encrypted_from_the_start() && self.is_here() {
            return Ok(Tls::None);
        }
        let parameters = TlsParameters::new(self.address().to_owned())
            .map_err(|error| format!("TLS is not possible: {error}"))?;
        Ok(if self.is_encrypted_from_the_start() {
            Tls::Wrapper(parameters)
        } else {
            Tls::Required(parameters)
        })
    }
}

impl<'de> Deserialize<'de> for MailServer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not quoted in an error: it may hold a password, which does not belong here.
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| {
            D::Error::custom("server is smtps://HOST:PORT, or smtp://HOST:PORT for STARTTLS, without user and password")
        })
    }
}

/// A mail address, with or without a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address(Mailbox);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| {
            D::Error::custom(format!(
                "{text:?} is no mail address; write it as ops@example.com or \"Ops <ops@example.com>\""
            ))
        })
    }
}

/// One recipient or several.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recipients(Vec<Address>);

impl<'de> Deserialize<'de> for Recipients {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            One(String),
            Several(Vec<String>),
        }
        let texts = match Either::deserialize(deserializer) {
            Ok(Either::One(text)) => vec![text],
            Ok(Either::Several(texts)) if !texts.is_empty() => texts,
            _ => {
                return Err(D::Error::custom("to is a mail address or a list of some"));
            }
        };
        let read = |text: String| {
            Address::deserialize(serde::de::value::StringDeserializer::<D::Error>::new(text))
        };
        texts
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

pub(super) async fn send(
    to: &Email,
    message: &Message,
    outlet: &dyn Outlet,
) -> Result<(), Failure> {
    let mail = mail(to, message).map_err(|error| format!("the mail cannot be made: {error}"))?;
    let described = Mail {
        server: to.server.url()?,
        recipients: to.to.0.len(),
        bytes: mail.formatted().len(),
    };
    let sending = Box::pin(transmit(to, mail, outlet));
    Ok(outlet.mail(described, sending).await?)
}

/// Sends it by SMTP.
async fn transmit(
    to: &Email,
    mail: lettre::Message,
    outlet: &dyn Outlet,
) -> Result<(), MailFailure> {
    let unsent = |kind| {
        move |reason| MailFailure {
            reason,
            sent: Sent::No,
            kind,
        }
    };
    let server = &to.server;
    let encryption = server.encryption().map_err(unsent(Kind::Dispatch))?;
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.address())
        .port(server.port())
        .tls(encryption)
        .timeout(Some(TIMEOUT));
    if let (Some(user), Some(source)) = (&to.user, &to.password) {
        let password = outlet.secret(source).map_err(unsent(Kind::Credentials))?;
        let password = password.expose().to_owned();
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    let sent = builder.build().send(mail).await;
    sent.map(drop).map_err(|error| {
        let source = std::error::Error::source(&error);
        let why = source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        let (sent, kind) = progress(&error);
        MailFailure {
            reason: quote(outlet, &why),
            sent,
            kind,
        }
    })
}

/// How far a mail got: a server that has refused something has not taken it, and before there is
/// encryption nothing of it leaves.
fn progress(error: &smtp::Error) -> (Sent, Kind) {
    if error.status().is_some() {
        (Sent::Yes, Kind::Service)
    } else if error.is_tls() || error.is_client() {
        (Sent::No, Kind::Dispatch)
    } else if error.is_timeout() {
        (Sent::Maybe, Kind::Timeout)
    } else if error.is_response() {
        (Sent::Maybe, Kind::Response)
    } else {
        (Sent::Maybe, Kind::Dispatch)
    }
}

/// The mail; the same notification has the same `Message-ID`.
fn mail(to: &Email, message: &Message) -> Result<lettre::Message, lettre::error::Error> {
    let from = &to.from.0;
    let id = format!("<{}@{}>", message.id, from.email.domain());
    let mut builder: MessageBuilder = lettre::Message::builder()
        .from(from.clone())
        .subject(message.title())
        .message_id(Some(id));
    for recipient in &to.to.0 {
        builder = builder.to(recipient.0.clone());
    }
    builder
        .header(ContentType::TEXT_PLAIN)
        .body(message.text(LONGEST, str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::{MailServer, Tls};

    #[test]
    fn a_connection_is_plain_to_this_machine_alone() {
        let plain = |text: &str| {
            let server = MailServer::parse(text).unwrap();
            matches!(server.encryption().unwrap(), Tls::None)
        };
        for here in [
            "smtp://127.0.0.1:2525",
            "smtp://localhost",
            "smtp://[::1]:25",
        ] {
            assert!(plain(here), "{here}");
        }
        for there in [
            "smtp://mail.example",
            "smtp://10.0.0.1:25",
            "smtps://127.0.0.1:465",
            "smtp://localhost.example",
        ] {
            assert!(!plain(there), "{there}");
        }
        for bad in [
            "smtp://u:p@mail.example",
            "http://mail.example",
            "smtps://",
            "mail.example",
        ] {
            assert!(MailServer::parse(bad).is_none(), "{bad}");
        }
    }
}
