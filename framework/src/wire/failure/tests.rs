//! Only what a frame said is told as the code of one.

use h2::Reason;

use super::*;

#[test]
fn only_a_frame_names_a_code_of_http2() {
    let code = |failure: Failure| failure.into_error(Operation::Send).http2_error_code();
    let refused = |reason| code(Failure::Stream(Stage::SendHead, StreamEnd::Refused(reason)));
    assert_eq!(refused(Some(Reason::REFUSED_STREAM)), Some(7));
    assert_eq!(refused(Some(Reason::NO_ERROR)), Some(0));
    assert_eq!(refused(None), None, "it was never sent");
    assert_eq!(code(Failure::Io(Stage::Body, io::ErrorKind::BrokenPipe.into())), None);
}
