//! A polite site crawler on `hinternet`.
//!
//! | module | is |
//! |---|---|
//! | [`arguments`], [`plan`] | what the crawl is asked to do |
//! | [`signals`], [`output`] | when it is to stop, and where its report goes |
//! | [`crawl`] | the loop: starts what may start, says which redirects are followed, settles what has ended |
//! | [`fetch`], [`progress`] | the two places where the framework is used: requests, and the subscriber of its notifications |
//! | [`frontier`], [`politeness`], [`retry`] | what is fetched next, and when: decided without a socket or a clock |
//! | [`robots`], [`scope`] | what may be fetched |
//! | [`kept`] | what one crawl keeps for the next |
//! | [`links`], [`discovery`] | what a page links to, and which of it is new |
//! | [`report`] | what was found out |
//! | [`lab`] | the crawl of a web made for the purpose, and the check of its report |

pub mod arguments;
pub mod crawl;
pub mod discovery;
mod entities;
pub mod fetch;
pub mod fingerprint;
pub mod frontier;
pub mod guard;
pub mod kept;
pub mod lab;
pub mod links;
pub mod output;
pub mod plan;
pub mod politeness;
pub mod progress;
pub mod report;
pub mod retry;
pub mod robots;
pub mod scope;
pub mod signals;
