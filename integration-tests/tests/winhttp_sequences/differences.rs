//! Where we differ from the recordings on purpose, each with its reason, and what the recordings left out.

/// What is done to a recording before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A call that was made and not written down, before the first line that begins so.
    Unlogged { before: &'static str, call: &'static str },
    /// The callback was not set when the session was opened.
    StartsSilent,
    /// The n-th request dials after all.
    Dials(&'static str),
    /// The name is looked up for the second dial of this request too.
    LooksUpAgain(&'static str),
    /// The send of this request completes as soon as it is sent.
    SendCompletes(&'static str),
    /// The call is refused at once instead of being accepted and failed.
    Refused(&'static str),
    /// Which thread worked for which request.
    Workers(&'static [(&'static str, &'static str)]),
}

/// Differences in single scenarios, each with its reason.
pub(crate) const DIFFERENCES: &[(&str, Edit, &str)] = &[
    ("reuse_other_session", Edit::Dials("request#2"), "C.9: pools are never shared across sessions"),
    (
        "double_recv",
        Edit::Refused("ReceiveResponse"),
        "C.9: a second ReceiveResponse is refused with 12019 and tells nothing",
    ),
    (
        "two_parallel",
        Edit::Dials("request#2"),
        "C.9: every dial reports its look-up; there the second used a look-up of the first",
    ),
    ("redir_close", Edit::LooksUpAgain("request#1"), "C.9: every dial reports its look-up; there it was remembered"),
    ("idle_close_reconnect", Edit::Dials("request#2"), "C.9: every dial reports its look-up; there it was remembered"),
    (
        "two_parallel",
        Edit::Workers(&[("w1", "request#1"), ("w2", "request#2")]),
        "the recording names threads, not handles",
    ),
    ("cb_connect_level", Edit::StartsSilent, "the callback is set on the connect handle only"),
    ("cb_set_after_children", Edit::StartsSilent, "the callback is set after the children were created"),
    (
        "cb_set_after_children",
        Edit::Unlogged { before: "SendRequest", call: "SetStatusCallback(session#1, cb=A flags=0xffffffff) = NULL" },
        "the remark says so",
    ),
    (
        "cb_previous",
        Edit::Unlogged { before: "Connect", call: "SetStatusCallback(session#1, cb=A flags=0xffffffff) = NULL" },
        "the connect handle inherits A again",
    ),
    (
        "cb_cleared_midway",
        Edit::SendCompletes("request#1"),
        "there the completion was held back until the response came, and by then the callback was gone",
    ),
    ("cb_mask_completions", Edit::StartsSilent, "the recording begins with setting it"),
    ("cb_mask_none", Edit::StartsSilent, "the recording begins with setting it"),
    ("cb_mask_handles", Edit::StartsSilent, "the recording begins with setting it"),
    (
        "ctx",
        Edit::Unlogged {
            before: "Connect",
            call: "SetOption(session#1, option=45(CONTEXT_VALUE) value=0x1111) = true",
        },
        "the connect handle inherits 0x1111",
    ),
];

/// The scenarios that need nothing but HTTP/1.1 without TLS, credentials and proxies.
pub(crate) const SCENARIOS: &[&str] = &[
    "get_simple",
    "get_localhost",
    "keepalive",
    "reuse_other_connect",
    "reuse_other_session",
    "cl_read_exact",
    "idle_close_reconnect",
    "post_write3",
    "post_part_then_write",
    "chunked_loop",
    "chunked_read_only",
    "chunked_fast_small_reads",
    "cl_query_loop",
    "cl_read_big_buffer",
    "big_body",
    "http10",
    "status_204",
    "status_404",
    "two_parallel",
    "refused_localhost",
    "name_not_resolved",
    "garbage",
    "unload_event",
    "double_recv",
    "cb_session_level",
    "cb_connect_level",
    "cb_changed_after_children",
    "cb_set_after_children",
    "cb_mask_completions",
    "cb_mask_none",
    "cb_mask_handles",
    "cb_previous",
    "cb_cleared_midway",
    "ctx",
    "chain_small",
    "chain_big",
    "chain_chunked",
    "recv_in_sent",
    "redir_close",
    "redir_cross",
    "redir_port",
    "redir_disabled",
    "redir_policy_never",
    "redir_refused",
    "redir_post307",
];

/// The edits of one scenario.
pub(crate) fn of(scenario: &str) -> impl Iterator<Item = Edit> {
    DIFFERENCES.iter().filter(move |(name, _, _)| *name == scenario).map(|(_, edit, _)| *edit)
}
