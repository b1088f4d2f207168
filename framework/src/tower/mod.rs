//! Sessions and connections as services of `tower`: what is written for `tower_service::Service` runs over them unchanged.
//!
//! [`Session`] and [`Connection`] are a `Service<http::Request<B>>` for any body of `http-body`, and answer with a
//! [`ResponseBody`], behind whose data come the trailers. So middleware of `tower` and the stubs that `tonic` generates take them
//! as their transport.
//!
//! **Always ready.** `poll_ready` never waits. A request that cannot go out yet waits in the line of its origin, where it is seen
//! (`Queued`, `snapshot`), bounded (`Timeouts::queue`), and gets the wire that is free first. To be refused instead, put
//! middleware before it that limits or sheds load.
//!
//! **The request.** Method, fields and body go out as they are; the version is not looked at, since
//! [`Protocols`](crate::Protocols) says what may be spoken. [`CallOptions`] among the extensions are for this call. A body that is
//! complete when the call begins may be sent again by the library where that is safe. Any other is streamed at the server's pace,
//! with the length that its `size_hint` or a Content-Length field gives, else without one, and its trailers behind it.
//!
//! **The response.** It has its [`ConnectionInfo`](crate::ConnectionInfo) among the extensions. Over HTTP/2 it comes beside the
//! request, whose body goes on being sent until it ends, or until that of the response has ended or is dropped. A body that was
//! complete when the call began is sent whole before the response is read, unless an error (4xx, 5xx) comes as an answer: to have
//! a large one go on beside its response, give it as a stream.
//!
//! **Errors.** What fails, in the call or in a response's body, is an [`Error`]. A request's body that fails is the caller's fault
//! (87), with the body's own error as the source.

mod call_options;
mod outgoing;
mod response_body;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{Method, StatusCode, Uri};
use tower_service::Service;

use crate::connection::Connection;
use crate::error::{Error, Operation, Result};
use crate::request::{RequestBuilder, Response};
use crate::session::Session;
use crate::target::Target;

pub use call_options::CallOptions;
pub use response_body::ResponseBody;

/// What a call of a session or a connection gives: the response head, and the body as it comes.
///
/// Nothing is done before it is polled. Dropping it cancels the request.
///
/// An example is at [`ResponseBody`].
#[must_use = "nothing is sent before it is polled"]
pub struct ResponseFuture(Pin<Box<dyn Future<Output = Result<http::Response<ResponseBody>>> + Send>>);

macro_rules! service {
    ($( $(#[$doc:meta])* $handle:ty; )*) => {
        $(
            $(#[$doc])*
            impl<B> Service<http::Request<B>> for $handle
            where
                B: http_body::Body + Send + 'static,
                B::Data: Send,
                B::Error: Into<Box<dyn StdError + Send + Sync>>,
            {
                type Response = http::Response<ResponseBody>;
                type Error = Error;
                type Future = ResponseFuture;

                fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
                    Poll::Ready(Ok(()))
                }

                fn call(&mut self, request: http::Request<B>) -> ResponseFuture {
                    let (parts, body) = request.into_parts();
                    let begun = self.begin(&parts);
                    ResponseFuture(Box::pin(async move { send(begun?, parts, body).await }))
                }
            }
        )*
    };
}

service! {
    /// The URI of a request is absolute, and may name any origin; any other is refused (12005).
    Session;
    /// As for [`Session`].
    &Session;
    /// The URI of a request is a path, or an absolute one of the connection's own origin; one of another origin is refused
    /// (12005).
    Connection;
    /// As for [`Connection`].
    &Connection;
}

impl Session {
    fn begin(&self, Parts { method, uri, .. }: &Parts) -> Result<RequestBuilder> {
        if !is_absolute(uri) {
            let detail = "the URI names no server; through a session it has to be absolute";
            return Err(Error::invalid_url(Operation::OpenRequest, detail));
        }
        self.request(method.clone(), uri.to_string())
    }
}

impl Connection {
    fn begin(&self, Parts { method, uri, .. }: &Parts) -> Result<RequestBuilder> {
        if is_absolute(uri) {
            let target = Target::parse(&uri.to_string())?;
            if target.origin() != self.origin() {
                let detail = format!("the URI is of {}, and the connection goes to {}", target.origin(), self.origin());
                return Err(Error::invalid_url(Operation::OpenRequest, detail));
            }
        } else if uri.authority().is_some() {
            let detail = "the URI is an authority; a connection takes a path, or an absolute URI";
            return Err(Error::invalid_url(Operation::OpenRequest, detail));
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        self.request(method.clone(), path)
    }
}

fn is_absolute(uri: &Uri) -> bool {
    uri.scheme().is_some() && uri.authority().is_some()
}

async fn send<B>(mut request: RequestBuilder, parts: Parts, body: B) -> Result<http::Response<ResponseBody>>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let Parts { method, headers, mut extensions, .. } = parts;
    if let Some(options) = extensions.remove::<CallOptions>() {
        request = options.apply(request);
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let payload = outgoing::payload(body, announced).await?;
    let response = request.headers(headers).body(payload).send().await?;
    Ok(received(response, &method))
}

fn received(response: Response, method: &Method) -> http::Response<ResponseBody> {
    let mut received = http::Response::new(());
    *received.status_mut() = response.status();
    *received.version_mut() = response.version();
    *received.headers_mut() = response.headers().clone();
    if let Some(connection) = response.handle().connection_info() {
        received.extensions_mut().insert(connection);
    }
    // The length of a body that is not sent (RFC 9110 8.6).
    let is_bare =
        *method == Method::HEAD || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let length = if is_bare { Some(0) } else { response.content_length() };
    received.map(|()| ResponseBody::new(response, length))
}

impl Future for ResponseFuture {
    type Output = Result<http::Response<ResponseBody>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
