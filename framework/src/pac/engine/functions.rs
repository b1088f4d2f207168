//! The functions that a proxy script is promised, as far as they are native.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use rquickjs::function::{Func, Opt};
use rquickjs::{Coerced, Ctx, Exception};

use super::{Run, World};
use crate::policy::pac as said;

/// An argument as text, whatever it was; one that is missing is empty.
type Text = Opt<Coerced<String>>;

fn text(argument: &Text) -> &str {
    argument.0.as_ref().map_or("", |given| given.0.as_str())
}

/// Makes them known to the script.
pub(super) fn give<W: World>(context: &Ctx<'_>, run: &Rc<Run<W>>) -> rquickjs::Result<()> {
    about_names(context)?;
    about_addresses(context, run)?;
    about_addresses_of_both_families(context, run)
}

fn about_names(context: &Ctx<'_>) -> rquickjs::Result<()> {
    let globals = context.globals();
    globals.set("isPlainHostName", Func::from(|host: Text| said::is_plain_host_name(text(&host))))?;
    globals
        .set("dnsDomainIs", Func::from(|host: Text, domain: Text| said::dns_domain_is(text(&host), text(&domain))))?;
    globals.set(
        "localHostOrDomainIs",
        Func::from(|host: Text, full: Text| said::local_host_or_domain_is(text(&host), text(&full))),
    )?;
    globals.set("dnsDomainLevels", Func::from(|host: Text| count(said::dns_domain_levels(text(&host)))))?;
    globals.set(
        "shExpMatch",
        Func::from(|of: Text, pattern: Text| said::shell_expression_matches(text(&of), text(&pattern))),
    )?;
    globals.set("convert_addr", Func::from(|address: Text| f64::from(said::convert_addr(text(&address)))))?;
    // Nobody reads it.
    globals.set("alert", Func::from(|_: Text| ()))
}

fn about_addresses<W: World>(context: &Ctx<'_>, run: &Rc<Run<W>>) -> rquickjs::Result<()> {
    let globals = context.globals();
    let with = Rc::clone(run);
    globals.set(
        "dnsResolve",
        Func::from(move |context: Ctx<'_>, host: Text| -> rquickjs::Result<_> {
            let address = first(&look_up(&context, &with, &host)?);
            Ok(Nullable(address.map(|address| address.to_string())))
        }),
    )?;
    let with = Rc::clone(run);
    globals.set(
        "isResolvable",
        Func::from(move |context: Ctx<'_>, host: Text| -> rquickjs::Result<_> {
            Ok(first(&look_up(&context, &with, &host)?).is_some())
        }),
    )?;
    let with = Rc::clone(run);
    globals.set(
        "isInNet",
        Func::from(move |context: Ctx<'_>, host: Text, pattern: Text, mask: Text| -> rquickjs::Result<_> {
            let address = first(&look_up(&context, &with, &host)?);
            Ok(address.is_some_and(|address| said::is_in_net(address, text(&pattern), text(&mask))))
        }),
    )?;
    let with = Rc::clone(run);
    globals.set(
        "myIpAddress",
        Func::from(move || {
            let own = with.world.borrow_mut().own_addresses();
            own.first().copied().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_string()
        }),
    )
}

/// Microsoft's, which know IPv6 too.
fn about_addresses_of_both_families<W: World>(context: &Ctx<'_>, run: &Rc<Run<W>>) -> rquickjs::Result<()> {
    let globals = context.globals();
    let with = Rc::clone(run);
    globals.set(
        "dnsResolveEx",
        Func::from(move |context: Ctx<'_>, host: Text| -> rquickjs::Result<_> {
            Ok(list(&look_up(&context, &with, &host)?))
        }),
    )?;
    let with = Rc::clone(run);
    globals.set(
        "isResolvableEx",
        Func::from(move |context: Ctx<'_>, host: Text| -> rquickjs::Result<_> {
            Ok(!look_up(&context, &with, &host)?.is_empty())
        }),
    )?;
    let with = Rc::clone(run);
    globals.set(
        "isInNetEx",
        Func::from(move |context: Ctx<'_>, host: Text, prefix: Text| -> rquickjs::Result<_> {
            Ok(look_up(&context, &with, &host)?.iter().any(|address| said::is_in_net_ex(*address, text(&prefix))))
        }),
    )?;
    let with = Rc::clone(run);
    globals.set("myIpAddressEx", Func::from(move || list(&with.world.borrow_mut().own_addresses())))?;
    globals
        .set("sortIpAddressList", Func::from(|given: Text| said::sort_addresses(text(&given)).unwrap_or_default()))?;
    globals.set("getClientVersion", Func::from(|| "1.0"))
}

/// Past the limit of look-ups this throws; and what the script makes of it does not matter: the run is over.
fn look_up<W: World>(context: &Ctx<'_>, run: &Run<W>, host: &Text) -> rquickjs::Result<Vec<IpAddr>> {
    let host = text(host);
    run.addresses(host).ok_or_else(|| Exception::throw_message(context, "too many names are asked for"))
}

fn first(addresses: &[IpAddr]) -> Option<Ipv4Addr> {
    addresses.iter().find_map(|address| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    })
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(";")
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// `null` where there is nothing, as browsers give it, and not `undefined`.
struct Nullable(Option<String>);

impl<'js> rquickjs::IntoJs<'js> for Nullable {
    fn into_js(self, context: &Ctx<'js>) -> rquickjs::Result<rquickjs::Value<'js>> {
        match self.0 {
            Some(text) => text.into_js(context),
            None => Ok(rquickjs::Value::new_null(context.clone())),
        }
    }
}
