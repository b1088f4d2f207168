//! Protection spaces (RFC 9110 section 11.5): what a session remembers of who asked for credentials, where, and what was accepted.
//!
//! A space is a realm of one origin, of a server or a proxy. It is told apart by nothing else, and nothing of it is shown to any other.
//! It is remembered from its challenge on; credentials are shown there unasked after they were accepted, and below the paths where
//! they were (RFC 7617 section 2.2), or that a `domain` names (RFC 7616 section 3.3).

use std::collections::HashMap;

use super::nonce::{Nonce, Use};
use super::offers::Offer;
use crate::options::{AuthScheme, AuthTarget, Credentials};
use crate::target::Origin;

/// Who is shown credentials: a server or a proxy, and which.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) target: AuthTarget,
    pub(crate) origin: Origin,
}

/// All spaces of a session.
#[derive(Default)]
pub(crate) struct Spaces {
    all: HashMap<Place, Vec<Space>>,
    count: usize,
    uses: u64,
}

struct Space {
    realm: Vec<u8>,
    scheme: AuthScheme,
    nonce: Option<Nonce>,
    /// Below which credentials were accepted; none before that.
    paths: Vec<Box<str>>,
    /// What a provider gave and was accepted; others know theirs.
    given: Option<Credentials>,
    last_use: u64,
}

/// What was accepted where a request goes.
#[derive(Clone)]
pub(crate) struct Remembered {
    pub(crate) scheme: AuthScheme,
    pub(crate) realm: Vec<u8>,
    pub(crate) given: Option<Credentials>,
}

impl Spaces {
    /// A challenge will be answered: its nonce is what counts from now on. `random` becomes the client's half of it.
    pub(crate) fn challenged(&mut self, place: &Place, offer: &Offer, random: [u8; 16]) {
        let (realm, scheme) = (offer.realm.clone().unwrap_or_default(), offer.scheme);
        let uses = self.next_use();
        let Some(space) = self.space(place, realm, scheme) else { return };
        space.last_use = uses;
        match &offer.question {
            None => space.nonce = None,
            // Others count it too: none is used twice.
            Some(question) if space.nonce.as_ref().is_some_and(|known| **known.question() == *question) => {}
            Some(question) => space.nonce = Some(Nonce::new(question.clone(), random)),
        }
        self.make_room();
    }

    /// One use of the nonce of a realm. `None`: it is forgotten.
    pub(crate) fn turn(&mut self, place: &Place, realm: &[u8]) -> Option<Use> {
        let uses = self.next_use();
        let space = self.find(place, realm, AuthScheme::Digest)?;
        space.last_use = uses;
        Some(space.nonce.as_mut()?.next_use())
    }

    /// What was accepted last closest to this path.
    pub(crate) fn remembered(&self, place: &Place, path: &str) -> Option<Remembered> {
        let path = without_query(path);
        let below =
            |space: &&Space| space.paths.iter().filter(|one| path.starts_with(&***one)).map(|one| one.len()).max();
        let spaces = self.all.get(place)?.iter().filter(|space| below(space).is_some());
        let Space { scheme, realm, given, .. } = spaces.max_by_key(|space| (below(space), space.last_use))?;
        Some(Remembered { scheme: *scheme, realm: realm.clone(), given: given.clone() })
    }

    /// What was shown for this path was accepted there.
    pub(crate) fn accepted(
        &mut self,
        place: &Place,
        (scheme, realm): (AuthScheme, &[u8]),
        path: &str,
        given: Option<Credentials>,
    ) {
        let uses = self.next_use();
        let Some(space) = self.space(place, realm.to_vec(), scheme) else { return };
        space.last_use = uses;
        space.given = given;
        let domain = space.nonce.as_ref().map(|nonce| &*nonce.question().domain).unwrap_or_default();
        let whole = place.target == AuthTarget::Proxy || scheme == AuthScheme::Digest && domain.is_empty();
        if whole {
            space.paths = vec!["".into()];
        } else {
            let mut named: Vec<Box<str>> = domain.iter().filter_map(|one| path_at(&place.origin, one)).collect();
            if named.is_empty() {
                named.push(directory(path).into());
            }
            named.into_iter().for_each(|path| space.add(path));
        }
        self.make_room();
    }

    /// What was shown was not accepted: nothing is shown there unasked any more.
    pub(crate) fn refused(&mut self, place: &Place, (scheme, realm): (AuthScheme, &[u8])) {
        if let Some(space) = self.find(place, realm, scheme) {
            space.paths.clear();
            space.given = None;
        }
    }

    /// The server names the nonce for the next request (RFC 7616 3.5).
    pub(crate) fn next_nonce(&mut self, place: &Place, realm: &[u8], next: &[u8]) {
        if let Some(nonce) = self.find(place, realm, AuthScheme::Digest).and_then(|space| space.nonce.as_mut()) {
            nonce.follow(next);
        }
    }

    /// Forgets those of some origins.
    pub(crate) fn forget(&mut self, is_meant: impl Fn(&Place) -> bool) {
        self.all.retain(|place, _| !is_meant(place));
        self.count = self.all.values().map(Vec::len).sum();
    }

    fn find(&mut self, place: &Place, realm: &[u8], scheme: AuthScheme) -> Option<&mut Space> {
        self.all.get_mut(place)?.iter_mut().find(|space| space.realm == realm && space.scheme == scheme)
    }

    /// The space, which is made if there is none. The one used longest ago goes where an origin has too many.
    fn space(&mut self, place: &Place, realm: Vec<u8>, scheme: AuthScheme) -> Option<&mut Space> {
        let spaces = self.all.entry(place.clone()).or_default();
        let known = spaces.iter().position(|space| space.realm == realm && space.scheme == scheme);
        let at = known.unwrap_or_else(|| {
            if spaces.len() == MOST_REALMS
                && let Some(oldest) = (0..spaces.len()).min_by_key(|at| spaces.get(*at).map(|space| space.last_use))
            {
                spaces.swap_remove(oldest);
                self.count -= 1;
            }
            spaces.push(Space { realm, scheme, nonce: None, paths: Vec::new(), given: None, last_use: 0 });
            self.count += 1;
            spaces.len() - 1
        });
        spaces.get_mut(at)
    }

    /// The place used longest ago goes, with all its realms.
    fn make_room(&mut self) {
        while self.count > MOST_SPACES {
            let last_use = |spaces: &[Space]| spaces.iter().map(|space| space.last_use).max().unwrap_or_default();
            let oldest = self.all.iter().min_by_key(|(_, spaces)| last_use(spaces)).map(|(place, _)| place.clone());
            let Some(gone) = oldest.and_then(|place| self.all.remove(&place)) else { return };
            self.count -= gone.len();
        }
    }

    fn next_use(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }
}

impl Space {
    fn add(&mut self, path: Box<str>) {
        if self.paths.iter().any(|known| path.starts_with(&**known)) {
            return;
        }
        self.paths.retain(|known| !known.starts_with(&*path));
        if self.paths.len() == MOST_PATHS {
            self.paths.remove(0);
        }
        self.paths.push(path);
    }
}

/// A URL of a `domain` as a path of this origin. Others are no business of its: it may not say where else its users are shown.
fn path_at(origin: &Origin, url: &str) -> Option<Box<str>> {
    if url.starts_with('/') && !url.starts_with("//") {
        return Some(url.into());
    }
    let target = crate::target::Target::parse(url).ok()?;
    (target.origin() == origin).then(|| target.path_and_query().into())
}

/// RFC 7617 2.2: at and below the last `/` of the path.
fn directory(path: &str) -> &str {
    let path = without_query(path);
    path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or("/")
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

const MOST_SPACES: usize = 1_024;
const MOST_REALMS: usize = 16;
const MOST_PATHS: usize = 16;

#[cfg(test)]
mod tests;
