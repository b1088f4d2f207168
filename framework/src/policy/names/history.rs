//! Which addresses a name had in its last answers, and which of them it has no more (pure).
//!
//! Some servers answer by turns: each time with another few of many addresses. An address that is missing from one answer may be
//! in the next, and its wires must not be closed and dialed again each time. Until that is seen, an address that is missing has
//! left: a service that moved shall not be asked where it was.

use std::net::IpAddr;

/// Which addresses a name had in its last answers.
#[derive(Debug, Default)]
pub(super) struct History {
    answers: u64,
    /// The number of the last answer that had it.
    last_had: Vec<(IpAddr, u64)>,
    /// The most answers in a row that an address was missing from before it came back.
    patience: u64,
}

impl History {
    /// The next answer.
    pub(super) fn note(&mut self, addresses: &[IpAddr]) {
        if addresses.is_empty() {
            return;
        }
        self.answers += 1;
        for address in addresses {
            match self.last_had.iter_mut().find(|(known, _)| known == address) {
                Some((_, last)) => {
                    // Twice in one answer is no less.
                    self.patience = self.patience.max((self.answers - *last).saturating_sub(1));
                    *last = self.answers;
                }
                None => self.last_had.push((*address, self.answers)),
            }
        }
        self.last_had.retain(|(_, last)| self.answers - last <= MEMORY);
        if self.last_had.len() > MOST_ADDRESSES {
            self.last_had.sort_by_key(|(_, last)| std::cmp::Reverse(*last));
            self.last_had.truncate(MOST_ADDRESSES);
        }
    }

    /// Is the address missing from more answers in a row than any was that came back? One that is not known is missing from all.
    pub(super) fn has_left(&self, address: IpAddr) -> bool {
        let last = self.last_had.iter().find(|(known, _)| *known == address).map_or(0, |(_, last)| *last);
        self.answers - last > self.patience
    }
}

/// How many answers an address is remembered for that it is missing from.
const MEMORY: u64 = 16;
const MOST_ADDRESSES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn of(answers: &[&[u8]]) -> History {
        let mut history = History::default();
        for answer in answers {
            history.note(&answer.iter().map(|last| address(*last)).collect::<Vec<_>>());
        }
        history
    }

    fn left(history: &History, all: impl IntoIterator<Item = u8>) -> Vec<u8> {
        all.into_iter().filter(|last| history.has_left(address(*last))).collect()
    }

    #[test]
    fn an_address_that_is_missing_for_the_first_time_has_left() {
        assert_eq!(left(&of(&[]), [1]), [0; 0], "nothing is known");
        assert_eq!(left(&of(&[&[1]]), [1, 2]), [2]);
        assert_eq!(left(&of(&[&[1], &[2]]), [1, 2]), [1]);
        assert_eq!(left(&of(&[&[1, 2, 3], &[3, 2]]), [1, 2, 3]), [1]);
    }

    #[test]
    fn of_servers_that_answer_by_turns_none_has_left() {
        assert_eq!(left(&of(&[&[1], &[2], &[1]]), [1, 2]), [0; 0]);
        assert_eq!(left(&of(&[&[1], &[2], &[1], &[2], &[1], &[2]]), [1, 2]), [0; 0]);
        let turns: Vec<[u8; 1]> = (0..24).map(|turn| [turn % 8]).collect();
        let turns: Vec<&[u8]> = turns.iter().map(|turn| &turn[..]).collect();
        assert_eq!(left(&of(&turns[..8]), 0..8), [0, 1, 2, 3, 4, 5, 6], "none has come back yet");
        for answers in 9..24 {
            assert_eq!(left(&of(&turns[..answers]), 0..8), [0; 0], "after {answers}");
        }
    }

    #[test]
    fn an_address_that_is_missing_for_longer_than_any_that_came_back_has_left() {
        let turns: &[&[u8]] = &[&[1, 2], &[2, 3], &[1, 3]];
        assert_eq!(left(&of(turns), [1, 2, 3]), [0; 0]);
        assert_eq!(left(&of(&[turns, &[&[1, 3]]].concat()), [1, 2, 3]), [2]);
    }

    #[test]
    fn who_comes_back_after_so_long_that_it_is_forgotten_has_not_taken_turns() {
        let mut answers: Vec<&[u8]> = vec![&[1]];
        answers.extend(vec![&[2][..]; MEMORY as usize + 1]);
        answers.extend([&[1][..], &[3][..]]);
        assert_eq!(left(&of(&answers), [1, 2, 3]), [1, 2], "it has left again");
    }

    #[test]
    fn twice_in_one_answer_is_once_and_an_answer_without_any_is_none() {
        assert_eq!(left(&of(&[&[1, 1], &[2, 2]]), [1, 2]), [1]);
        assert_eq!(left(&of(&[&[1], &[]]), [1]), [0; 0]);
    }

    #[test]
    fn f_no_number_of_addresses_fills_the_memory() {
        let mut history = History::default();
        for n in 0..100_u32 {
            history.note(&(0..256).map(|m| IpAddr::from((n << 8 | m).to_be_bytes())).collect::<Vec<_>>());
        }
        assert!(history.last_had.len() <= MOST_ADDRESSES);
    }
}
