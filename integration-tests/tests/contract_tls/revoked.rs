//! Revocation by lists: the leaf or the whole chain; what no list covers; lists that are out of date.

use hinternet::SecureFailureFlags as Flags;
use hinternet::tls::danger::{IgnoreDate, IgnoreUnknownAuthority};
use hinternet::tls::{Revocation, RevocationList, TlsOptions};
use integration_tests::certificates::{Authority, Identity};

use crate::place::{Asked, NAME, ask, authority, leaf, origin, trusting};

async fn ask_for(identity: &Identity, options: TlsOptions) -> Asked {
    let (origin, _tls) = origin(identity).await;
    ask(&origin, NAME, options).await
}

#[tokio::test]
async fn a_revoked_certificate_is_refused() {
    let authority = authority();
    let (good, revoked) = (authority.issue(leaf()), authority.issue(leaf()));
    let by_list = || Revocation::by_lists([authority.revoke([&revoked])]);
    ask_for(&good, trusting(&authority).revocation(by_list())).await.security();
    let text = ask_for(&revoked, trusting(&authority).revocation(by_list())).await;
    let text = text.refused_for(Flags::CERT_REVOKED).to_string();
    assert!(text.contains("the certificate of good.example was revoked"), "{text}");
    ask_for(&revoked, trusting(&authority)).await.security();
    // The authorities of the machine, and one beside them: another verifier, the same verdict.
    let beside = TlsOptions::new().trust([authority.certificate()]);
    ask_for(&revoked, beside.clone().revocation(by_list())).await.refused_for(Flags::CERT_REVOKED);
    ask_for(&good, beside.revocation(by_list())).await.security();
}

#[tokio::test]
async fn a_certificate_that_no_list_covers_is_refused_unless_that_is_allowed() {
    let authority = authority();
    let identity = authority.issue(leaf());
    let elsewhere = || Revocation::by_lists([Authority::new("Somebody else").revoke([])]);
    let asked = ask_for(&identity, trusting(&authority).revocation(elsewhere())).await;
    let text = asked.refused_for(Flags::CERT_REV_FAILED).to_string();
    assert!(text.contains("cannot be told"), "{text}");
    ask_for(&identity, trusting(&authority).revocation(elsewhere().allow_unknown())).await.security();
}

#[tokio::test]
async fn a_list_that_is_out_of_date_is_refused() {
    let authority = authority();
    let identity = authority.issue(leaf());
    let outdated = || Revocation::by_lists([authority.outdated_list()]);
    ask_for(&identity, trusting(&authority).revocation(outdated())).await.refused_for(Flags::CERT_REV_FAILED);
    // Giving up the dates of certificates gives up none of lists.
    let expired = authority.issue(leaf().expired());
    let options = trusting(&authority).revocation(outdated()).dangerous(IgnoreDate);
    ask_for(&expired, options).await.refused_for(Flags::CERT_REV_FAILED);
}

#[tokio::test]
async fn the_authorities_between_are_checked_when_asked_for() {
    let authority = authority();
    let between = authority.intermediate("In between", |leaf| leaf);
    let identity = between.issue(leaf());
    let of_leaves = || Revocation::by_lists([between.revoke([])]);
    ask_for(&identity, trusting(&authority).revocation(of_leaves())).await.security();
    let whole = trusting(&authority).revocation(of_leaves().whole_chain());
    ask_for(&identity, whole).await.refused_for(Flags::CERT_REV_FAILED);
    let both = Revocation::by_lists([between.revoke([]), authority.revoke([])]).whole_chain();
    ask_for(&identity, trusting(&authority).revocation(both)).await.security();
}

#[tokio::test]
async fn a_list_stays_in_force_where_dates_or_authorities_are_given_up() {
    let authority = authority();
    let revoked = authority.issue(leaf().expired());
    let list = Revocation::by_lists([authority.revoke([&revoked])]);
    let options = trusting(&authority).revocation(list).dangerous(IgnoreDate);
    ask_for(&revoked, options).await.refused_for(Flags::CERT_REVOKED);
    // Of a certificate that nobody vouches for nobody can say that it was not revoked.
    let unknown = Authority::new("Nobody knows me").issue(leaf());
    let list = Revocation::by_lists([authority.revoke([])]);
    let options = trusting(&authority).revocation(list.clone()).dangerous(IgnoreUnknownAuthority);
    ask_for(&unknown, options).await.refused_for(Flags::CERT_REV_FAILED);
    let options = trusting(&authority).revocation(list.allow_unknown()).dangerous(IgnoreUnknownAuthority);
    ask_for(&unknown, options).await.security();
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_the_callers_fault_and_dials_nothing() {
    let authority = authority();
    let identity = authority.issue(leaf());
    for lists in [vec![RevocationList::from_der(&b"no list"[..])], vec![]] {
        let options = trusting(&authority).revocation(Revocation::by_lists(lists));
        let asked = ask_for(&identity, options).await;
        assert!(!asked.names.contains(&"ResolvingName"), "{:?}", asked.names);
        let error = asked.error();
        assert_eq!(error.blame(), hinternet::Blame::Caller);
        assert!(error.to_string().contains("list"), "{error}");
    }
}

#[tokio::test]
async fn a_chain_that_wears_the_look_into_the_lists_out_is_refused() {
    let authority = authority();
    let between = authority.intermediate("In between", |leaf| leaf);
    let mut revoked = between.issue(leaf());
    let by_list = Revocation::by_lists([between.revoke([&revoked])]);
    // Of the names of those that vouch, with other keys. Each costs a signature, of which webpki looks at a hundred: just enough
    // without the one of the list.
    let stranger = self::authority();
    let decoys: Vec<_> = (0..98).map(|_| stranger.intermediate("In between", |leaf| leaf).der().clone()).collect();
    revoked.chain.splice(1..1, decoys);
    let beside = TlsOptions::new().trust([authority.certificate()]);
    ask_for(&revoked, beside.clone()).await.security();
    ask_for(&revoked, beside.revocation(by_list)).await.refused_for(Flags::CERT_REV_FAILED);
}
