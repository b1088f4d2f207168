//! What binds a handshake to the TLS it runs in: `tls-server-end-point` (RFC 5929 section 4).

use crate::transport::tls::server_end_point;

/// As `SEC_CHANNEL_BINDINGS`, in which `sspi` takes it. `None` for a certificate for which there is no such binding.
pub(super) fn of(certificate: &[u8]) -> Option<Vec<u8>> {
    let mut application = b"tls-server-end-point:".to_vec();
    application.extend_from_slice(&server_end_point(certificate)?);
    structure(&application)
}

fn structure(application: &[u8]) -> Option<Vec<u8>> {
    // Initiator and acceptor: no type, no length, no offset.
    let mut all = vec![0; 24];
    all.extend_from_slice(&u32::try_from(application.len()).ok()?.to_le_bytes());
    all.extend_from_slice(&HEADER.to_le_bytes());
    all.extend_from_slice(application);
    Some(all)
}

const HEADER: u32 = 32;

#[cfg(test)]
mod tests {
    use sspi::channel_bindings::ChannelBindings;

    use super::*;

    #[test]
    fn the_structure_is_read_as_it_is_meant() {
        let told = ChannelBindings::from_bytes(structure(b"tls-server-end-point:abc").unwrap()).unwrap();
        assert_eq!(told.application_data, b"tls-server-end-point:abc");
        assert_eq!((told.initiator, told.acceptor), (vec![], vec![]));
        assert_eq!(of(b"no certificate"), None);
    }
}
