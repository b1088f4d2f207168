//! The chapters of the book as documentation of empty modules, so that `cargo test` compiles what Rust they hold.
//!
//! A listing of a chapter is either an anchor of a program under `examples/`, marked `rust,ignore` there because it is
//! compiled and run where it stands, or it stands in the chapter itself and is compiled here.

macro_rules! chapters {
    ($($chapter:ident)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../src/", stringify!($chapter), ".md"))]
            pub mod $chapter {}
        )*
    };
}

chapters! {
    introduction
    naive
    session
    deadlines
    many
    supervision
    first_request
    errors
    engine
    handle_tree
    notifications
    closing
    tls
    cookies
    dialing
    credentials
    proxies
    http2
    codings
    wires
    redirects
    downloads
    server_sent_events
    service
    caching
    websocket
    performance
    crawler
    glossary
}

pub mod winhttp {
    //! Those for who comes from WinHTTP and WinINet.

    macro_rules! chapters {
        ($($chapter:ident)*) => {
            $(
                #[cfg(doctest)]
                #[doc = include_str!(concat!("../../src/winhttp/", stringify!($chapter), ".md"))]
                pub mod $chapter {}
            )*
        };
    }

    chapters! {
        callbacks
        download
        get
        sendreq_async
        subscriber
        tree
        wait_for_multiple
    }
}
