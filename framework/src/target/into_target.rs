//! What a target is made of, so that calls take URLs in whatever form there is.

use url::Url;

use super::Target;
use crate::error::Result;

/// What can be asked for: a URL as text, a parsed [`Url`], or a [`Target`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{IntoTarget, Session};
///
/// async fn text(session: &Session, url: impl IntoTarget) -> hinternet::Result<String> {
///     session.get(url)?.send().await?.text().await
/// }
///
/// assert_eq!(text(&session, "http://www.example.com/").await?, "Hello.");
/// assert_eq!(text(&session, hinternet::Target::parse("http://www.example.com/")?).await?, "Hello.");
/// # session.close().await
/// # }
/// ```
pub trait IntoTarget: sealed::Sealed {
    #[doc(hidden)]
    fn into_target(self) -> Result<Target>;
}

impl IntoTarget for &str {
    fn into_target(self) -> Result<Target> {
        Target::parse(self)
    }
}

impl IntoTarget for &String {
    fn into_target(self) -> Result<Target> {
        Target::parse(self)
    }
}

impl IntoTarget for String {
    fn into_target(self) -> Result<Target> {
        Target::parse(&self)
    }
}

impl IntoTarget for &Url {
    fn into_target(self) -> Result<Target> {
        Target::from_url(self)
    }
}

impl IntoTarget for Url {
    fn into_target(self) -> Result<Target> {
        Target::from_url(&self)
    }
}

impl IntoTarget for Target {
    fn into_target(self) -> Result<Target> {
        Ok(self)
    }
}

impl IntoTarget for &Target {
    fn into_target(self) -> Result<Target> {
        Ok(self.clone())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for &str {}
    impl Sealed for &String {}
    impl Sealed for String {}
    impl Sealed for &url::Url {}
    impl Sealed for url::Url {}
    impl Sealed for crate::target::Target {}
    impl Sealed for &crate::target::Target {}
}
