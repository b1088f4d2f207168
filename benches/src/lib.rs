//! What `hinternet` costs, beside what people use.
//!
//! | program | tells |
//! |---|---|
//! | `peers` | CPU time, throughput, latency and memory of clients that take turns against one server |
//! | `peers-counting` | the same with every allocation counted, which makes it slower: read no times there |
//! | `layers` (`cargo bench`) | what the parts of a request take, each seen through the public interface |
//! | `instructions` | how many instructions a request takes, a number that repeats on a busy machine |

pub mod floor;
pub mod in_memory;
#[cfg(feature = "peers")]
pub mod peers;
