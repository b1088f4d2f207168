//! What the functions of a PAC script say, and what its answer means; the script itself runs elsewhere.

mod addresses;
mod found;
mod hosts;
mod lifetime;
mod shown_url;

pub(crate) use addresses::{convert_addr, is_in_net, is_in_net_ex, sort_addresses};
pub(crate) use found::{Unreadable, read_answer};
pub(crate) use hosts::{
    dns_domain_is, dns_domain_levels, is_plain_host_name, local_host_or_domain_is, shell_expression_matches,
};
pub(crate) use lifetime::{held_until, lifetime};
pub(crate) use shown_url::shown_to_script;
