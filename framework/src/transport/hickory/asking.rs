//! Which names are asked for to find a host, and what the answers of both families come to.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use hickory_resolver::config::ResolverConfig;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, MAX_TTL, TokioResolver};

use crate::network::Answer;

pub(super) struct Asker {
    resolver: TokioResolver,
    candidates: Candidates,
    hosts: Arc<Hosts>,
}

/// Which names a host may stand for.
#[derive(Clone, Debug)]
pub(super) struct Candidates {
    /// A name with so many dots is asked for as it is first.
    ndots: usize,
    domains: Vec<Name>,
}

/// What is known of one family of a name's addresses: they, or why there are none; and for how long.
#[derive(Debug)]
struct Family {
    addresses: Vec<IpAddr>,
    reason: &'static str,
    ttl: Option<Duration>,
}

impl Asker {
    pub(super) fn new(resolver: TokioResolver, candidates: Candidates, hosts: Arc<Hosts>) -> Self {
        Self { resolver, candidates, hosts }
    }

    /// What is laid down for the host; else the addresses of the first name that has any.
    pub(super) async fn ask(&self, host: &str) -> io::Result<Answer> {
        if let Some(answer) = self.laid_down(host) {
            return Ok(answer);
        }
        let (mut none, mut failed) = (None, None);
        for name in self.candidates.of(host)? {
            // Asked for one name at a time: of two names with one family each, the addresses would be those of two hosts.
            let (v6, v4) = join(self.family(name.clone(), RecordType::AAAA), self.family(name, RecordType::A)).await;
            match both(v6, v4) {
                Ok(answer) if !answer.addresses.is_empty() => return Ok(answer),
                Ok(nothing) => none = Some(none.map_or_else(|| nothing.clone(), |before| neither(before, &nothing))),
                Err(error) => failed = Some(error),
            }
        }
        match (failed, none) {
            // What could not be asked for may exist.
            (Some(error), _) => Err(error),
            (None, none) => Ok(none.unwrap_or_else(|| Answer::none(NO_SUCH_NAME))),
        }
    }

    /// What the hosts file says of a host, as it is given. If it has one family, the host has no other.
    fn laid_down(&self, host: &str) -> Option<Answer> {
        let name = Name::from_ascii(host).ok()?;
        let of = |records| self.hosts.lookup_static_host(&Query::query(name.clone(), records));
        let found: Vec<_> = [RecordType::AAAA, RecordType::A].into_iter().filter_map(of).collect();
        let records = found.iter().flat_map(|lookup| lookup.answers());
        let addresses: Vec<_> = records.filter_map(|record| record.data.ip_addr()).collect();
        let lasts = Duration::from_secs(MAX_TTL.into());
        (!addresses.is_empty()).then(|| Answer::new(addresses).with_ttl(lasts))
    }

    async fn family(&self, name: Name, records: RecordType) -> Result<Family, NetError> {
        match self.resolver.lookup(name, records).await {
            Ok(lookup) => Ok(Family {
                addresses: lookup.answers().iter().filter_map(|record| record.data.ip_addr()).collect(),
                reason: NO_ADDRESS,
                // Of the aliases on the way, too (RFC 2181 10.1.1).
                ttl: lookup.answers().iter().map(|record| Duration::from_secs(record.ttl.into())).min(),
            }),
            Err(NetError::Dns(DnsError::NoRecordsFound(NoRecords { response_code, negative_ttl, .. }))) => Ok(Family {
                addresses: Vec::new(),
                reason: if response_code == ResponseCode::NXDomain { NO_SUCH_NAME } else { NO_ADDRESS },
                ttl: negative_ttl.map(|ttl| Duration::from_secs(ttl.into())),
            }),
            Err(error) => Err(error),
        }
    }
}

impl Candidates {
    pub(super) fn new(config: &ResolverConfig, ndots: usize) -> Self {
        // What `domain` says is among those to be searched if it was said last; else it counts only where nothing is to be
        // searched, and is the domain of the machine's own name if it was not said at all (resolv.conf(5)).
        let searched = match config.search() {
            [] => config.domain().map(std::slice::from_ref).unwrap_or_default(),
            some => some,
        };
        let mut domains: Vec<Name> = Vec::new();
        for domain in searched {
            if !domains.contains(domain) {
                domains.push(domain.clone());
            }
        }
        Self { ndots, domains }
    }

    /// The names to ask for, in order.
    fn of(&self, host: &str) -> io::Result<Vec<Name>> {
        let name =
            Name::from_ascii(host).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
        if name.is_fqdn() {
            return Ok(vec![name]);
        }
        // A name that gets too long by it is none.
        let searched = self.domains.iter().filter_map(|domain| name.clone().append_domain(domain).ok());
        let mut whole = name.clone();
        whole.set_fqdn(true);
        let first = usize::from(name.num_labels()) > self.ndots || name.is_localhost();
        Ok(if first { [whole].into_iter().chain(searched).collect() } else { searched.chain([whole]).collect() })
    }
}

/// What two families of one name come to, the first first.
fn both(first: Result<Family, NetError>, second: Result<Family, NetError>) -> io::Result<Answer> {
    match (first, second) {
        (Ok(first), Ok(second)) => {
            let reason = if first.reason == NO_SUCH_NAME { NO_SUCH_NAME } else { second.reason };
            let ttl = match (first.addresses.is_empty(), second.addresses.is_empty()) {
                (false, true) => first.ttl,
                (true, false) => second.ttl,
                _ => first.ttl.zip(second.ttl).map(|(first, second)| first.min(second)),
            };
            let addresses = [first.addresses, second.addresses].concat();
            let answer = if addresses.is_empty() { Answer::none(reason) } else { Answer::new(addresses) };
            Ok(ttl.map_or(answer.clone(), |ttl| answer.with_ttl(ttl)))
        }
        // Not to be kept: that the other family is missing would look as if it had left the name.
        (Ok(one), Err(error)) | (Err(error), Ok(one)) => match one.addresses {
            none if none.is_empty() => Err(into_io_error(error)),
            some => Ok(Answer::new(some)),
        },
        (Err(error), Err(_)) => Err(into_io_error(error)),
    }
}

/// That there is neither is known for as long as both are.
fn neither(first: Answer, second: &Answer) -> Answer {
    let ttl = first.ttl.zip(second.ttl).map(|(first, second)| first.min(second));
    let reason = first.reason.unwrap_or_else(|| NO_SUCH_NAME.to_owned());
    let answer = Answer::none(reason);
    ttl.map_or(answer.clone(), |ttl| answer.with_ttl(ttl))
}

/// Without the crate's own type in it, which is not part of what we promise. Of the system's configuration that is another on each.
pub(super) fn into_io_error(error: impl Into<NetError>) -> io::Error {
    let error = error.into();
    let kind = match &error {
        NetError::Timeout => io::ErrorKind::TimedOut,
        NetError::Io(error) => error.kind(),
        _ => io::ErrorKind::Other,
    };
    // That is what says that there is no such name.
    let kind = if kind == io::ErrorKind::NotFound { io::ErrorKind::Other } else { kind };
    io::Error::new(kind, error.to_string())
}

const NO_SUCH_NAME: &str = "the name does not exist";
const NO_ADDRESS: &str = "the name has no address";

#[cfg(test)]
mod tests {
    use hickory_resolver::net::runtime::TokioRuntimeProvider;

    use super::*;

    fn candidates(ndots: usize, domains: &[&str], host: &str) -> Vec<String> {
        let domains = domains.iter().map(|domain| Name::from_ascii(domain).unwrap()).collect();
        let names = Candidates { ndots, domains }.of(host).unwrap();
        names.iter().map(Name::to_string).collect()
    }

    #[test]
    fn a_name_is_asked_for_in_the_domains_that_are_searched() {
        assert_eq!(candidates(1, &[], "a.example"), ["a.example."]);
        assert_eq!(candidates(1, &["d.example."], "a.example."), ["a.example."]);
        assert_eq!(candidates(1, &["d.example."], "a.b"), ["a.b.", "a.b.d.example."]);
        assert_eq!(candidates(2, &["d.example.", "e.example."], "a.b"), ["a.b.d.example.", "a.b.e.example.", "a.b."]);
        assert_eq!(candidates(1, &["d.example."], "db"), ["db.d.example.", "db."]);
        assert_eq!(candidates(5, &["d.example."], "localhost"), ["localhost.", "localhost.d.example."]);
        assert_eq!(candidates(1, &["d.example."], "a_b.example")[0], "a_b.example.");
        let longest = vec!["a".repeat(60); 4].join(".");
        assert_eq!(candidates(1, &["much.too.long.example."], &longest).len(), 1);
    }

    #[test]
    fn the_domain_is_searched_where_nothing_else_is_to_be() {
        let named = |name: &str| Name::from_ascii(name).unwrap();
        let searched = |domain: Option<&str>, search: &[&str]| {
            let search = search.iter().copied().map(named).collect();
            Candidates::new(&ResolverConfig::from_parts(domain.map(named), search, Vec::new()), 1).domains
        };
        assert_eq!(searched(Some("d.example."), &["e.example.", "e.example."]), [named("e.example.")]);
        assert_eq!(searched(Some("d.example."), &[]), [named("d.example.")]);
        assert!(searched(None, &[]).is_empty());
    }

    #[tokio::test]
    async fn what_the_hosts_file_says_of_a_host_is_all_there_is_of_it() {
        let mut hosts = Hosts::default();
        let file = "192.0.2.1 db db.d.example\n192.0.2.2 db\n2001:db8::1 both\n192.0.2.3 Both # or more\n";
        hosts.read_hosts_conf(file.as_bytes()).unwrap();
        // Nobody listens there.
        let config = ResolverConfig::from_parts(Some(Name::from_ascii("d.example.").unwrap()), vec![], vec![]);
        let candidates = Candidates::new(&config, 1);
        let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap();
        let asker = Asker::new(resolver, candidates, Arc::new(hosts));
        let lasting = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap());
            Answer::new(addresses).with_ttl(Duration::from_secs(86_400))
        };
        assert_eq!(asker.ask("db").await.unwrap(), lasting(&["192.0.2.1", "192.0.2.2"]));
        assert_eq!(asker.ask("DB.").await.unwrap(), lasting(&["192.0.2.1", "192.0.2.2"]));
        assert_eq!(asker.ask("both").await.unwrap(), lasting(&["2001:db8::1", "192.0.2.3"]));
        assert!(asker.laid_down("other").is_none() && asker.laid_down("d.example").is_none());
    }

    #[test]
    fn what_cannot_be_a_name_is_not_asked_for() {
        let candidates = Candidates { ndots: 1, domains: Vec::new() };
        for host in ["a..b", &"a".repeat(64), &["ab"; 128].join(".")] {
            assert_eq!(candidates.of(host).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{host}");
        }
    }

    fn some(last: u8, seconds: u64) -> Result<Family, NetError> {
        let addresses = vec![IpAddr::from([192, 0, 2, last])];
        Ok(Family { addresses, reason: NO_ADDRESS, ttl: Some(Duration::from_secs(seconds)) })
    }

    fn none(reason: &'static str, seconds: Option<u64>) -> Result<Family, NetError> {
        Ok(Family { addresses: Vec::new(), reason, ttl: seconds.map(Duration::from_secs) })
    }

    fn facts(answer: io::Result<Answer>) -> (usize, Option<u64>, Option<String>) {
        let answer = answer.unwrap();
        (answer.addresses.len(), answer.ttl.map(|ttl| ttl.as_secs()), answer.reason)
    }

    #[test]
    fn an_answer_is_good_for_as_long_as_both_families_are() {
        assert_eq!(facts(both(some(1, 20), some(2, 10))), (2, Some(10), None));
        assert_eq!(facts(both(none(NO_ADDRESS, Some(5)), some(2, 10))), (1, Some(10), None));
        assert_eq!(facts(both(some(1, 20), none(NO_ADDRESS, None))), (1, Some(20), None));
        let nothing = both(none(NO_SUCH_NAME, Some(5)), none(NO_SUCH_NAME, Some(7)));
        assert_eq!(facts(nothing), (0, Some(5), Some(NO_SUCH_NAME.to_owned())));
        assert_eq!(
            facts(both(none(NO_ADDRESS, Some(5)), none(NO_ADDRESS, None))),
            (0, None, Some(NO_ADDRESS.to_owned()))
        );
    }

    #[test]
    fn an_answer_of_which_a_family_is_not_known_is_not_kept() {
        assert_eq!(facts(both(Err(NetError::Timeout), some(2, 10))), (1, None, None));
        assert_eq!(
            both(Err(NetError::Timeout), none(NO_ADDRESS, Some(5))).unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        assert_eq!(both(Err(NetError::Busy), Err(NetError::Timeout)).unwrap_err().kind(), io::ErrorKind::Other);
    }
}
