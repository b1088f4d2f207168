//! The checks that can be given up, a type each.

use std::time::SystemTime;

use bitflags::bitflags;

bitflags! {
    /// Which checks are given up.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub(crate) struct Dangers: u8 {
        const UNKNOWN_AUTHORITY = 1;
        const NAME = 1 << 1;
        const DATE = 1 << 2;
        const USAGE = 1 << 3;
        const ANYTHING = 1 << 4;
    }
}

/// A check that can be given up, for [`TlsOptions::dangerous`](super::TlsOptions::dangerous).
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use hinternet::tls::TlsOptions;
/// use hinternet::tls::danger::{IgnoreName, VerifyAt};
///
/// // A device without a clock, whose server is asked by its address. All other checks are made.
/// let made = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
/// let tls = TlsOptions::new().dangerous(IgnoreName).dangerous(VerifyAt(made));
/// let session = hinternet::Session::builder().tls(tls).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
pub trait Danger: sealed::Sealed {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "sealed: nobody outside calls it")]
    fn give_up(self, dangers: &mut Dangers, verify_at: &mut Option<SystemTime>);
}

macro_rules! dangers {
    ($( $(#[$doc:meta])* $name:ident = $flag:ident; )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl sealed::Sealed for $name {}

        impl Danger for $name {
            #[expect(private_interfaces, reason = "sealed: nobody outside calls it")]
            fn give_up(self, dangers: &mut Dangers, _: &mut Option<SystemTime>) {
                *dangers |= Dangers::$flag;
            }
        }
    )* };
}

dangers! {
    /// A certificate of an authority that nobody here trusts is accepted, as is one that signed itself. Anybody can make one.
    ///
    /// An example is at [`Danger`].
    #[doc(alias = "SECURITY_FLAG_IGNORE_UNKNOWN_CA")]
    IgnoreUnknownAuthority = UNKNOWN_AUTHORITY;
    /// A certificate for another name is accepted: whoever has any certificate can pose as the server.
    ///
    /// An example is at [`Danger`].
    #[doc(alias = "SECURITY_FLAG_IGNORE_CERT_CN_INVALID")]
    IgnoreName = NAME;
    /// A certificate that has expired, or is not valid yet, is accepted, if there ever was a moment at which it and all that vouch
    /// for it were valid.
    ///
    /// An example is at [`Danger`].
    #[doc(alias = "SECURITY_FLAG_IGNORE_CERT_DATE_INVALID")]
    IgnoreDate = DATE;
    /// A certificate that was not made for servers is accepted.
    ///
    /// An example is at [`Danger`].
    #[doc(alias = "SECURITY_FLAG_IGNORE_CERT_WRONG_USAGE")]
    IgnoreUsage = USAGE;
    /// Any certificate is accepted whose key can be read; that the server holds this key is still checked. The wire is secret, but
    /// nobody knows from whom.
    ///
    /// An example is at [`Danger`].
    AcceptAnyCertificate = ANYTHING;
}

/// Certificates are judged as of this time, whatever the clock says: for devices without a clock, and for tests.
///
/// An example is at [`Danger`].
#[derive(Clone, Copy, Debug)]
pub struct VerifyAt(pub SystemTime);

impl sealed::Sealed for VerifyAt {}

impl Danger for VerifyAt {
    #[expect(private_interfaces, reason = "sealed: nobody outside calls it")]
    fn give_up(self, _: &mut Dangers, verify_at: &mut Option<SystemTime>) {
        *verify_at = Some(self.0);
    }
}

mod sealed {
    pub trait Sealed {}
}
