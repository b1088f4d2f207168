//! The framing of bodies, by scenario.

use super::*;

fn decoder(framing: BodyFraming) -> BodyDecoder {
    BodyDecoder::new(framing, &HeadLimits::default())
}

fn data(octets: &'static str) -> Result<BodyStep, Fault> {
    Ok(BodyStep::Data(Bytes::from_static(octets.as_bytes())))
}

#[test]
fn a_body_of_no_octets_has_ended_before_it_began() {
    for framing in [BodyFraming::Empty, BodyFraming::Length(0)] {
        let mut body = decoder(framing);
        assert!(body.is_ended());
        assert_eq!(body.remaining(), Some(0));
        let mut buf = BytesMut::from("next");
        assert_eq!(body.decode(&mut buf, 10), Ok(BodyStep::End));
        assert_eq!(body.handle_end(), Ok(()));
        assert_eq!(buf, "next");
    }
}

#[test]
fn a_length_is_counted_down_and_not_overrun() {
    let mut body = decoder(BodyFraming::Length(6));
    let mut buf = BytesMut::from("abcdefgh");
    assert_eq!(body.decode(&mut buf, 4), data("abcd"));
    assert_eq!(body.remaining(), Some(2));
    assert!(!body.is_ended());
    assert_eq!(body.decode(&mut buf, 4), data("ef"));
    assert!(body.is_ended());
    assert_eq!(body.decode(&mut buf, 4), Ok(BodyStep::End));
    assert_eq!(buf, "gh");
}

#[test]
fn a_length_the_peer_falls_short_of_is_a_fault() {
    let mut body = decoder(BodyFraming::Length(u64::MAX));
    let mut buf = BytesMut::from("abcd");
    assert_eq!(body.decode(&mut buf, 10), data("abcd"));
    assert_eq!(body.decode(&mut buf, 10), Ok(BodyStep::NeedMore));
    assert_eq!(body.handle_end(), Err(Fault::BodyCutShort { missing: u64::MAX - 4 }));
}

#[test]
fn a_chunked_body_ends_by_its_last_chunk_only() {
    let mut body = decoder(BodyFraming::Chunked);
    let mut buf = BytesMut::from("5\r\nhello\r\n0\r\n");
    assert_eq!(body.decode(&mut buf, 3), data("hel"));
    assert_eq!(body.decode(&mut buf, 3), data("lo"));
    assert_eq!(body.decode(&mut buf, 3), Ok(BodyStep::NeedMore));
    assert_eq!(body.remaining(), None);
    assert_eq!(body.handle_end(), Err(Fault::ChunkedCutShort));
    buf.extend_from_slice(b"x: y\r\n\r\n");
    assert_eq!(body.decode(&mut buf, 3), Ok(BodyStep::End));
    assert_eq!(body.handle_end(), Ok(()));
    assert_eq!(body.remaining(), Some(0));
    assert_eq!(body.trailers().unwrap()["x"], "y");
}

#[test]
fn a_body_until_close_ends_by_the_close() {
    let mut body = decoder(BodyFraming::UntilClose);
    let mut buf = BytesMut::from("hello");
    assert_eq!(body.decode(&mut buf, 10), data("hello"));
    assert_eq!(body.decode(&mut buf, 10), Ok(BodyStep::NeedMore));
    assert!(!body.is_ended());
    assert_eq!(body.handle_end(), Ok(()));
    assert_eq!(body.decode(&mut buf, 10), Ok(BodyStep::End));
    assert!(body.trailers().is_none());
}

#[test]
fn data_is_cut_out_of_the_buffer_and_not_copied() {
    let mut body = decoder(BodyFraming::Length(5));
    let mut buf = BytesMut::from("hello");
    let received = buf.as_ptr();
    let Ok(BodyStep::Data(data)) = body.decode(&mut buf, 10) else { panic!("no data") };
    assert_eq!(data.as_ptr(), received);
}
