//! A request as the cache compares it: no value of a credential is in it.

use aws_lc_rs::hmac;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, COOKIE, HeaderValue, PRAGMA, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, Method, Uri};
use http_cache_semantics::RequestLike;

/// What a request asks for, beside the URL that the cache is looked up by.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    fields: HeaderMap,
}

impl Asked {
    /// By the fields it is sent with; of a name that both have, those of the request count.
    pub(crate) fn new(own: &HeaderMap, defaults: &HeaderMap, salt: &Salt) -> Self {
        let mut fields = own.clone();
        for name in defaults.keys().filter(|name| !own.contains_key(*name)) {
            for value in defaults.get_all(name) {
                fields.append(name, value.clone());
            }
        }
        fields.remove(PROXY_AUTHORIZATION);
        let is_marked = |name: &&HeaderName| fields.get_all(*name).iter().any(HeaderValue::is_sensitive);
        let marked = fields.keys().filter(|name| !SECRET.contains(*name)).filter(is_marked).cloned();
        let secret: Vec<_> = marked.chain(SECRET).collect();
        Self { fields }.without(&secret, salt)
    }

    /// With the `Accept-Encoding` that the library says by itself.
    pub(crate) fn with_codings(mut self, asked_for: Option<&'static str>) -> Self {
        if let Some(asked_for) = asked_for {
            self.fields.insert(ACCEPT_ENCODING, HeaderValue::from_static(asked_for));
        }
        self
    }

    /// Over a wire that shows who asks: by this certificate, and by the credentials if there are any.
    pub(crate) fn shown_by(mut self, certificate: &[u8], salt: &Salt) -> Self {
        let said = self.fields.get(AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
        let digest = salt.digest(&[said, certificate].join(&b' '));
        self.fields.insert(AUTHORIZATION, digest);
        self
    }

    /// Of these the digests alone.
    pub(crate) fn without(mut self, secret: &[HeaderName], salt: &Salt) -> Self {
        for name in secret {
            let values: Vec<_> = self.fields.get_all(name).iter().map(HeaderValue::as_bytes).collect();
            if !values.is_empty() {
                let digest = salt.digest(&values.join(&b", "[..]));
                self.fields.insert(name, digest);
            }
        }
        self
    }

    /// Only what has to be kept to compare with later: what the response says it varies by, and who asked.
    pub(super) fn of_use(&self, response: &HeaderMap) -> Self {
        let named = response.get_all(http::header::VARY).iter().filter_map(|value| value.to_str().ok());
        let named = named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse::<HeaderName>().ok());
        let mut fields = HeaderMap::new();
        for name in named.chain([CACHE_CONTROL, PRAGMA, AUTHORIZATION]) {
            if fields.contains_key(&name) {
                continue;
            }
            for value in self.fields.get_all(&name) {
                fields.append(&name, value.clone());
            }
        }
        Self { fields }
    }

    /// Who asks. What was stored for one is for no other, whatever `Vary` says.
    pub(super) fn who(&self) -> Option<&HeaderValue> {
        self.fields.get(AUTHORIZATION)
    }

    pub(super) fn values(&self, name: &HeaderName) -> impl Iterator<Item = &HeaderValue> {
        self.fields.get_all(name).iter()
    }

    /// As they were kept.
    pub(crate) fn of_fields(fields: HeaderMap) -> Self {
        Self { fields }
    }

    pub(crate) fn fields(&self) -> &HeaderMap {
        &self.fields
    }
}

impl RequestLike for Asked {
    fn uri(&self) -> Uri {
        Uri::from_static("/")
    }

    /// The cache was looked up by it.
    fn is_same_uri(&self, _: &Uri) -> bool {
        true
    }

    fn method(&self) -> &Method {
        &Method::GET
    }

    fn headers(&self) -> &HeaderMap {
        &self.fields
    }
}

/// What digests of one cache are made with: they say nothing beside those of another, and nobody has computed them in advance.
pub(crate) struct Salt(hmac::Key);

impl Salt {
    pub(crate) fn of(random: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, random))
    }

    fn digest(&self, secret: &[u8]) -> HeaderValue {
        let digest = hmac::sign(&self.0, secret);
        let text: String = digest.as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// What is compared and never kept.
const SECRET: [HeaderName; 2] = [AUTHORIZATION, COOKIE];
