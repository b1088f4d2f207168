//! What is to be seen of a wire from outside of its driver.

use super::Http2;
use crate::snapshot::Http2Snapshot;

impl Http2 {
    /// How many streams are open.
    pub(crate) fn open_streams(&self) -> usize {
        self.shared.life.borrow().streams()
    }

    /// How many may be, also where no new one is taken.
    pub(in crate::wire) fn stream_limit(&self) -> usize {
        self.shared.streams.get()
    }

    /// Octets sent, and received.
    pub(in crate::wire) fn octets(&self) -> (u64, u64) {
        self.shared.heard.moved()
    }

    pub(in crate::wire) fn show(&self) -> Http2Snapshot {
        let (trip, windows) = (self.shared.round_trip.get(), self.shared.windows.get());
        let received = self.shared.heard.budget().received();
        let (unread, stalled_readers) = {
            let unread = self.shared.heard.unread();
            (unread.octets(), unread.stalled())
        };
        Http2Snapshot {
            round_trip: trip.map(|trip| trip.smoothed),
            last_round_trip: trip.map(|trip| trip.last),
            stream_window: windows.stream,
            connection_window: windows.connection,
            frames_received: received.frames,
            control_frames_received: received.control_frames,
            data_octets_received: received.data_octets,
            unread,
            stalled_readers,
        }
    }
}
