//! Each danger gives up exactly its check, and all others stay in force.

use hinternet::SecureFailureFlags as Flags;
use hinternet::tls::TlsOptions;
use hinternet::tls::danger::{
    AcceptAnyCertificate, IgnoreDate, IgnoreName, IgnoreUnknownAuthority, IgnoreUsage, VerifyAt,
};
use integration_tests::certificates::{Authority, Identity, Leaf};
use std::time::{Duration, UNIX_EPOCH};

use crate::place::{Asked, NAME, ask, authority, leaf, origin, sha256, trusting};

async fn ask_for(identity: &Identity, options: TlsOptions) -> Asked {
    let (origin, _tls) = origin(identity).await;
    ask(&origin, NAME, options).await
}

/// A certificate with this fault alone, by flag.
fn with_fault(authority: &Authority, fault: Flags) -> Identity {
    match fault {
        Flags::CERT_DATE_INVALID => authority.issue(leaf().expired()),
        Flags::CERT_CN_INVALID => authority.issue(Leaf::for_names(["other.example"])),
        Flags::CERT_WRONG_USAGE => authority.issue(leaf().for_clients()),
        Flags::INVALID_CA => Authority::new("Nobody knows me").issue(leaf()),
        other => unreachable!("{other:?}"),
    }
}

fn without_check(options: TlsOptions, fault: Flags) -> TlsOptions {
    match fault {
        Flags::CERT_DATE_INVALID => options.dangerous(IgnoreDate),
        Flags::CERT_CN_INVALID => options.dangerous(IgnoreName),
        Flags::CERT_WRONG_USAGE => options.dangerous(IgnoreUsage),
        Flags::INVALID_CA => options.dangerous(IgnoreUnknownAuthority),
        other => unreachable!("{other:?}"),
    }
}

const FAULTS: [Flags; 4] =
    [Flags::CERT_DATE_INVALID, Flags::CERT_CN_INVALID, Flags::CERT_WRONG_USAGE, Flags::INVALID_CA];

#[tokio::test]
async fn o09_each_danger_accepts_its_fault_and_no_other() {
    let authority = authority();
    for fault in FAULTS {
        let identity = with_fault(&authority, fault);
        for danger in FAULTS {
            let asked = ask_for(&identity, without_check(trusting(&authority), danger)).await;
            if danger == fault {
                asked.security();
            } else {
                asked.refused_for(fault);
            }
        }
    }
}

#[tokio::test]
async fn o09_a_danger_is_the_same_among_the_authorities_of_the_machine() {
    let authority = authority();
    let beside = || TlsOptions::new().trust([authority.certificate()]);
    for fault in FAULTS {
        let identity = with_fault(&authority, fault);
        ask_for(&identity, beside()).await.refused_for(fault);
        ask_for(&identity, without_check(beside(), fault)).await.security();
        let another = if fault == Flags::CERT_DATE_INVALID { Flags::CERT_CN_INVALID } else { Flags::CERT_DATE_INVALID };
        ask_for(&identity, without_check(beside(), another)).await.refused_for(fault);
    }
    // Without the test's authority: the machine's own know nothing of it.
    let expired = authority.issue(leaf().expired());
    let asked = ask_for(&expired, without_check(TlsOptions::new(), Flags::CERT_DATE_INVALID)).await;
    if !asked.machine_trusts_nobody() {
        asked.refused_for(Flags::INVALID_CA);
        ask_for(&expired, TlsOptions::new().dangerous(AcceptAnyCertificate)).await.security();
    }
}

#[tokio::test]
async fn o09_a_certificate_with_two_faults_is_refused_for_the_one_that_was_not_given_up() {
    let authority = authority();
    let nobody = Authority::new("Nobody knows me");
    let other = || Leaf::for_names(["other.example"]);
    let cases = [
        (authority.issue(other().expired()), Flags::CERT_DATE_INVALID, Flags::CERT_CN_INVALID),
        (authority.issue(leaf().expired().for_clients()), Flags::CERT_DATE_INVALID, Flags::CERT_WRONG_USAGE),
        (authority.issue(other().for_clients()), Flags::CERT_CN_INVALID, Flags::CERT_WRONG_USAGE),
        (nobody.issue(leaf().expired()), Flags::INVALID_CA, Flags::CERT_DATE_INVALID),
        (nobody.issue(other()), Flags::INVALID_CA, Flags::CERT_CN_INVALID),
        (nobody.issue(leaf().for_clients()), Flags::INVALID_CA, Flags::CERT_WRONG_USAGE),
    ];
    for (identity, one, another) in cases {
        for (given_up, left) in [(one, another), (another, one)] {
            ask_for(&identity, without_check(trusting(&authority), given_up)).await.refused_for(left);
        }
        ask_for(&identity, without_check(without_check(trusting(&authority), one), another)).await.security();
    }
}

#[tokio::test]
async fn o09_a_certificate_that_signed_itself_is_checked_for_all_the_rest() {
    let options = || TlsOptions::new().trust_only([]).dangerous(IgnoreUnknownAuthority);
    let forms: [fn(Leaf) -> Leaf; 2] = [|leaf| leaf, Leaf::as_authority];
    for form in forms {
        ask_for(&Identity::self_signed(form(leaf())), options()).await.security();
        let cases = [
            (form(leaf().expired()), Flags::CERT_DATE_INVALID),
            (form(leaf().for_clients()), Flags::CERT_WRONG_USAGE),
            (form(Leaf::for_names(["other.example"])), Flags::CERT_CN_INVALID),
        ];
        for (leaf, fault) in cases {
            let identity = Identity::self_signed(leaf);
            ask_for(&identity, options()).await.refused_for(fault);
            ask_for(&identity, without_check(options(), fault)).await.security();
        }
    }
}

#[tokio::test]
async fn o09_an_unknown_authority_vouches_no_better_than_it_can() {
    let nobody = Authority::new("Nobody knows me");
    let old = nobody.intermediate("Old and tired", Leaf::expired);
    let trusts_none = || TlsOptions::new().trust_only([]).dangerous(IgnoreUnknownAuthority);
    ask_for(&old.issue(leaf()), trusts_none()).await.refused_for(Flags::CERT_DATE_INVALID);
    ask_for(&old.issue(leaf()), trusts_none().dangerous(IgnoreDate)).await.security();
    // Never valid as a whole: the authority's time was over before the certificate's began.
    let never = old.issue(leaf().not_yet_valid());
    ask_for(&never, trusts_none().dangerous(IgnoreDate)).await.refused_for(Flags::INVALID_CERT);
    let sound = nobody.intermediate("Young and fresh", |leaf| leaf);
    ask_for(&sound.issue(leaf()), trusts_none()).await.security();
    // One that says it was signed by the certificate beside it, and was not.
    let impostor = Authority::new("Young and fresh");
    let mut forged = impostor.issue(leaf());
    forged.chain.push(sound.der().clone());
    ask_for(&forged, trusts_none()).await.refused_for(Flags::INVALID_CERT);
}

#[tokio::test]
async fn o09_names_that_cannot_be_read_are_not_given_up_with_the_name() {
    let authority = authority();
    let broken = authority.issue(leaf().with_broken_names());
    for options in [trusting(&authority), trusting(&authority).dangerous(IgnoreName)] {
        ask_for(&broken, options).await.refused_for(Flags::INVALID_CERT);
    }
    ask_for(&broken, trusting(&authority).dangerous(AcceptAnyCertificate)).await.security();
}

#[tokio::test]
async fn o09_accept_any_certificate_accepts_any() {
    let options = || TlsOptions::new().trust_only([]).dangerous(AcceptAnyCertificate);
    let worst = Leaf::for_names(["other.example"]).expired().for_clients();
    ask_for(&Identity::self_signed(worst.clone().as_authority()), options()).await.security();
    ask_for(&Authority::new("Nobody knows me").issue(worst), options()).await.security();
}

#[tokio::test]
async fn e_a_pin_is_checked_beside_all_others_and_never_given_up() {
    let authority = authority();
    let identity = authority.issue(leaf());
    let pin = |identity: &Identity| -> [u8; 32] { sha256(&identity.public_key_info()) };
    let spare = authority.issue(leaf());
    ask_for(&identity, trusting(&authority).pin_sha256([pin(&spare), pin(&identity)])).await.security();
    let error = ask_for(&identity, trusting(&authority).pin_sha256([pin(&spare)])).await;
    let text = error.refused_for(Flags::INVALID_CERT).to_string();
    assert!(text.contains("none of those that are pinned"), "{text}");
    let any = || TlsOptions::new().trust_only([]).dangerous(AcceptAnyCertificate);
    ask_for(&identity, any().pin_sha256([pin(&spare)])).await.refused_for(Flags::INVALID_CERT);
    ask_for(&identity, any().pin_sha256([pin(&identity)])).await.security();
    // The right key does not make up for the wrong name.
    let elsewhere = authority.issue(Leaf::for_names(["other.example"]));
    ask_for(&elsewhere, trusting(&authority).pin_sha256([pin(&elsewhere)])).await.refused_for(Flags::CERT_CN_INVALID);
}

#[tokio::test]
async fn e_certificates_are_judged_as_of_the_given_time() {
    let authority = authority();
    let at = |seconds| trusting(&authority).dangerous(VerifyAt(UNIX_EPOCH + Duration::from_secs(seconds)));
    let in_2001 = 1_000_000_000;
    let in_2010 = 1_270_000_000;
    let expired = authority.issue(leaf().expired());
    ask_for(&expired, at(in_2001)).await.security();
    let text = ask_for(&expired, at(in_2010)).await.refused_for(Flags::CERT_DATE_INVALID).to_string();
    assert!(text.contains("expired on 2002-01-02"), "{text}");
}
