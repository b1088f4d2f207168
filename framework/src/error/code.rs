//! What went wrong, as WinHTTP numbers it.

use std::fmt;

macro_rules! error_codes {
    ($( $(#[$doc:meta])* $variant:ident = $number:literal, $name:literal; )*) => {
        /// What went wrong, with WinHTTP's number and name.
        ///
        /// An example is at [`Error`](crate::Error).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u32)]
        pub enum ErrorCode {
            $( $(#[$doc])* #[doc = concat!("\n\n`", $name, "`, ", stringify!($number), ".")] #[doc(alias = $name)] $variant = $number, )*
        }

        impl ErrorCode {
            /// Every code this version can report.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];

            /// The name in WinHTTP's headers, without the `ERROR_` or `ERROR_WINHTTP_` before it.
            pub fn name(self) -> &'static str {
                let full = match self { $( Self::$variant => $name, )* };
                full.strip_prefix("ERROR_WINHTTP_").or(full.strip_prefix("ERROR_")).unwrap_or(full)
            }
        }
    };
}

error_codes! {
    /// The handle, or one above it, was closed; or it crashed.
    InvalidHandle = 6, "ERROR_INVALID_HANDLE";
    /// A file could not be written, or read back.
    WriteFault = 29, "ERROR_WRITE_FAULT";
    /// An argument cannot be used, and nothing was sent; or the caller's own body failed while it was sent.
    InvalidParameter = 87, "ERROR_INVALID_PARAMETER";
    /// The body becomes more than [`Limits`](crate::Limits) allow: decoded (`decoded_body`, `decoded_ratio`), or gathered
    /// (`gathered_body`).
    BodyTooLarge = 223, "ERROR_FILE_TOO_LARGE";
    /// There is no room for it, as in the queue of a self-healing WebSocket.
    NotEnoughQuota = 1816, "ERROR_NOT_ENOUGH_QUOTA";
    /// The call does not fit the state of the WebSocket, or another of its kind is in flight; or the response does not ask for
    /// credentials; or a call that blocks was made among async code. The error says which.
    InvalidOperation = 4317, "ERROR_INVALID_OPERATION";
    /// A stage took longer than its timeout; the error names the stage and how long it waited.
    Timeout = 12002, "ERROR_WINHTTP_TIMEOUT";
    /// A fault of this library, or a crash of one of its actors.
    InternalError = 12004, "ERROR_WINHTTP_INTERNAL_ERROR";
    /// The URL cannot be used.
    InvalidUrl = 12005, "ERROR_WINHTTP_INVALID_URL";
    /// The URL's scheme is not one this version speaks.
    UnrecognizedScheme = 12006, "ERROR_WINHTTP_UNRECOGNIZED_SCHEME";
    /// No address was found for the host name.
    NameNotResolved = 12007, "ERROR_WINHTTP_NAME_NOT_RESOLVED";
    /// The session is shutting down, or the engine below it has stopped.
    Shutdown = 12012, "ERROR_WINHTTP_SHUTDOWN";
    /// A proxy does not take the credentials that it was shown, or was shown none; or a handshake of NTLM or Kerberos failed.
    LoginFailure = 12015, "ERROR_WINHTTP_LOGIN_FAILURE";
    /// The operation was cancelled by the caller, or its own handle was closed.
    OperationCancelled = 12017, "ERROR_WINHTTP_OPERATION_CANCELLED";
    /// The handle is of another kind than the call needs.
    IncorrectHandleType = 12018, "ERROR_WINHTTP_INCORRECT_HANDLE_TYPE";
    /// The call does not fit the request's state; the error names both.
    IncorrectHandleState = 12019, "ERROR_WINHTTP_INCORRECT_HANDLE_STATE";
    /// Only what the cache has was asked for, and it has nothing that answers the request. (WinINet's code.)
    ItemNotFound = 12028, "ERROR_INTERNET_ITEM_NOT_FOUND";
    /// No address accepted a connection.
    CannotConnect = 12029, "ERROR_WINHTTP_CANNOT_CONNECT";
    /// The wire was reset or closed in the middle of an exchange.
    ConnectionError = 12030, "ERROR_WINHTTP_CONNECTION_ERROR";
    /// The request must be sent again by the caller, body and all.
    ResendRequest = 12032, "ERROR_WINHTTP_RESEND_REQUEST";
    /// The server asks for a client certificate, and there is none to show.
    ClientAuthCertNeeded = 12044, "ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED";
    /// The peer's answer is not HTTP, or breaks its rules.
    InvalidServerResponse = 12152, "ERROR_WINHTTP_INVALID_SERVER_RESPONSE";
    /// A header field is not what it was asked for as, such as a number.
    InvalidHeader = 12153, "ERROR_WINHTTP_INVALID_HEADER";
    /// A redirect is not followed: there were too many in a row, or it is forbidden by the policy or the caller's decider.
    RedirectFailed = 12156, "ERROR_WINHTTP_REDIRECT_FAILED";
    /// The text of a proxy script is no script: it cannot be read, or has no `FindProxyForURL`.
    #[doc(alias = "ERROR_WINHTTP_UNHANDLED_SCRIPT_TYPE")]
    BadAutoProxyScript = 12166, "ERROR_WINHTTP_BAD_AUTO_PROXY_SCRIPT";
    /// A proxy script could not be fetched.
    UnableToDownloadScript = 12167, "ERROR_WINHTTP_UNABLE_TO_DOWNLOAD_SCRIPT";
    /// The TLS handshake failed: the certificate is not accepted, or the two sides found no common ground. The error has more.
    SecureFailure = 12175, "ERROR_WINHTTP_SECURE_FAILURE";
    /// A proxy script failed, answered nothing that can be used, or ran into one of its limits.
    ScriptExecutionError = 12177, "ERROR_WINHTTP_SCRIPT_EXECUTION_ERROR";
    /// The proxies for the URL were not found: whoever was asked for them failed, or there is nobody left to run a proxy script.
    AutoProxyServiceError = 12178, "ERROR_WINHTTP_AUTO_PROXY_SERVICE_ERROR";
    /// The network names no proxy script.
    AutodetectionFailed = 12180, "ERROR_WINHTTP_AUTODETECTION_FAILED";
    /// The response has more header fields than the limit.
    HeaderCountExceeded = 12181, "ERROR_WINHTTP_HEADER_COUNT_EXCEEDED";
    /// The response head is larger than the limit.
    HeaderSizeOverflow = 12182, "ERROR_WINHTTP_HEADER_SIZE_OVERFLOW";
    /// A chunk header, its extensions or the trailers are larger than the limit.
    ChunkedEncodingHeaderSizeOverflow = 12183, "ERROR_WINHTTP_CHUNKED_ENCODING_HEADER_SIZE_OVERFLOW";
    /// More of an unread body was left than the drain limit allows.
    ResponseDrainOverflow = 12184, "ERROR_WINHTTP_RESPONSE_DRAIN_OVERFLOW";
    /// A client certificate was given without a private key that fits it.
    #[doc(alias = "ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY")]
    ClientCertNoPrivateKey = 12185, "ERROR_WINHTTP_CLIENT_CERT_NO_PRIVATE_KEY";
    /// A proxy asks for a client certificate, and there is none to show.
    ClientAuthCertNeededProxy = 12187, "ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED_PROXY";
    /// The TLS handshake with a proxy failed.
    SecureFailureProxy = 12188, "ERROR_WINHTTP_SECURE_FAILURE_PROXY";
    /// The protocol that is required is not one the server chose, or speaks.
    HttpProtocolMismatch = 12190, "ERROR_WINHTTP_HTTP_PROTOCOL_MISMATCH";
}

impl ErrorCode {
    /// WinHTTP's number.
    pub fn number(self) -> u32 {
        self as u32
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.name())
    }
}
