//! Other sizes for servers that are off.

use super::answers::started;
use super::arguments::ids;
use super::family::{self, Size};
use super::price;
use super::state::{Billing, Power, Server};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use jiff::Timestamp;
use serde_json::Value as Json;

pub(super) const ACTIONS: &[(&str, Handler)] = &[("ChangeInstanceConfigure", configure)];

const DAY: i64 = 24 * 60 * 60;

/// The document's conditions are in a list of sentences; it has no codes.
fn unsupported(text: impl Into<String>) -> Refusal {
    Refusal::new("InvalidOperation", text)
}

fn configure(call: &mut Call) -> Result<Json, Refusal> {
    let zone = call.edge_zone("AvailableZoneCode")?.code;
    let family = call.params.required("EcsFamilyName").to_owned();
    let size = family::size(call)?;
    let servers = call.batch(&ids(call, "EcsIds")?)?;
    let mut price = Money::ZERO;
    for id in &servers {
        let server = call.cloud.ecs_server(id)?;
        if server.zone != zone {
            return Err(call.malformed("AvailableZoneCode", "the servers lie in another zone"));
        }
        if server.power != Power::Shutdown {
            return Err(call.cloud.wrong_state(server));
        }
        call.cloud.paid_ecs_server(server)?;
        can_become(server, &family, size)?;
        price += rest(server, size, call.cloud.now());
    }
    if !call.cloud.affords(price, None) {
        return Err(unsupported(
            "The account's balance does not cover the order",
        ));
    }
    let action = "ChangeInstanceConfigure";
    let charge = call.cloud.pay("cds.ecs", action, servers.clone(), price);
    let plan = Plan::holding(work::CONFIGURE, servers.clone());
    let plan = plan
        .then(Effect::Configure {
            servers,
            family,
            size,
        })
        .or_else(Effect::Refund { charge });
    Ok(started(&call.cloud.start(plan)))
}

/// What the document's conditions say of a server. Whether a family is of another type is seen by
/// its driver: those without graphics cards have none.
fn can_become(server: &Server, family: &str, (cpu, ram, gpu): Size) -> Result<(), Refusal> {
    let id = &server.id;
    let driver = |name: &str| family::known(name).map(|family| family.driver);
    let (own, wanted) = (driver(&server.family), driver(family));
    if own.is_some_and(|own| wanted != Some(own)) {
        return Err(unsupported(format!(
            "The server {id} is of a family of another type"
        )));
    }
    if !server.local_disks.is_empty() && server.family != family {
        return Err(unsupported(format!(
            "The server {id} has local disks and stays in its family"
        )));
    }
    let is_less = cpu < server.cpu || ram < server.ram || gpu < server.gpu;
    if is_less && server.billing != Billing::OnDemand {
        return Err(unsupported(format!(
            "The server {id} is paid in advance and can only grow"
        )));
    }
    Ok(())
}

/// What the rest of a paid term costs more, by days.
fn rest(server: &Server, size: Size, now: Timestamp) -> Money {
    let Billing::Prepaid { until, .. } = &server.billing else {
        return Money::ZERO;
    };
    let seconds = until.duration_since(now).as_secs().max(0);
    let days = u64::try_from(seconds.div_euclid(DAY) + 1).unwrap_or(1);
    price::more_per_day(server, size) * days
}
