//! Ordering desktops.

use super::arguments::{MALFORMED, UNKNOWN, filled, number, says_yes};
use super::line::{Line, line, pool};
use super::offerings::installable;
use super::price::{Prices, ssd_size, term};
use super::request_content::content;
use super::state::{DESKTOP, Desktop, Network, Power, Product, Vpc};
use super::{Effect, work};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[("CreateVm", create)];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let request = filled(call, "requestId")?;
    let name = filled(call, "name")?;
    let site = call.cloud.desktop_site(filled(call, "siteId")?)?.id.clone();
    let (product, allows_ssd) = product(call, &site)?;
    let image = installable(call, &product.id, &site)?;
    let (image_id, image_size) = (image.id.clone(), image.size);
    let ssd_size = ssd_size(call, image_size, allows_ssd)?;
    let (amount, first, bandwidth) = (
        number(call, "num", 1)?,
        number(call, "hostNo", 1)?,
        number(call, "qos", 1)?,
    );
    let cycle = call.params.text("billCycle").unwrap_or("minute");
    if !["minute", "month"].contains(&cycle) {
        return Err(Refusal::new(MALFORMED, "billCycle is minute or month"));
    }
    let is_monthly = cycle == "month";
    let term = term(call)?;
    let credit = credit(call, is_monthly)?;
    let place = Location::of(call, &site)?;
    quota(call, is_monthly, amount)?;
    check_capacity(call, &site, amount)?;
    let addresses = place.addresses(call, amount)?;
    let created = call.cloud.now();
    let months = Prices::of_month(&product, ssd_size);
    let unit = if is_monthly {
        term.price(created, months.sum())
    } else {
        Prices::of_hour(&product, ssd_size).sum()
    };
    if !call.cloud.affords(unit * amount, credit) {
        return Err(Refusal::new(
            "13001",
            "The account's balance does not cover the order",
        ));
    }
    let ids: Vec<String> = (0..amount).map(|_| call.cloud.ids.uuid()).collect();
    for ((number, id), [private, public, elastic]) in (first..).zip(&ids).zip(addresses) {
        // The first one has no number: test, test_001, test_002.
        let numbered = number
            .checked_sub(first)
            .filter(|place| *place > 0)
            .map(|_| format!("{name}_{:03}", number - 1));
        call.cloud.add_desktop(Desktop {
            id: id.clone(),
            name: numbered.unwrap_or_else(|| name.to_owned()),
            site: site.clone(),
            product: product.id.clone(),
            image: image_id.clone(),
            vpc: place.vpc.clone(),
            subnet: place.subnet.0.clone(),
            private_address: private,
            gateway: place.gateway.0.clone(),
            public_address: public,
            elastic_address: elastic,
            bandwidth,
            ssd_size,
            power: Power::Off,
            account: None,
            label: String::new(),
            month_price: months.sum(),
            paid_until: term.end(created).filter(|_| is_monthly),
            renews_itself: is_monthly && says_yes(call, "isAutoRenewal", false),
            created,
        });
    }
    let charge = is_monthly
        .then(|| {
            call.cloud
                .pay("cds.desktop", "CreateVm", ids.clone(), unit * amount)
        })
        .flatten();
    let plan = Plan::holding(work::CREATE, ids.clone())
        .showing("configuring")
        .asked_with(request);
    let plan = plan.then(Effect::Build {
        desktops: ids.clone(),
        credit,
    });
    let task = call.cloud.start(plan.or_else(Effect::CancelOrder {
        desktops: ids.clone(),
        charge,
    }));
    let filled_in = json!({
        "billCycle": cycle,
        "billMethod": u8::from(is_monthly),
        "duration": term.months,
        "isAutoRenewal": u8::from(says_yes(call, "isAutoRenewal", false)),
        "isToMonth": u8::from(term.to_month_end),
        "num": amount,
        "priceToMonth": u8::from(term.charges_whole_months),
        "qos": bandwidth,
        "vGatewayConfName": place.line.name,
        "vpcName": place.vpc_name,
    });
    let content = content(call, &filled_in);
    Ok(
        json!({"Data": {"requestContent": content, "requestId": request, "taskId": task, "vmIds": ids}}),
    )
}

/// The trial credit that the desktops are billed to; it pays for what is used on demand.
fn credit(call: &Call, is_monthly: bool) -> Result<Option<u64>, Refusal> {
    let Some(id) = call.params.text("subAccountId").filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let known = id.parse().ok().filter(|id| call.cloud.has_credit(*id));
    let credit = known
        .ok_or_else(|| Refusal::new(UNKNOWN, format!("The account has no trial credit {id:?}")))?;
    if is_monthly {
        Err(Refusal::new("13001", "A trial credit pays on demand only"))
    } else {
        Ok(Some(credit))
    }
}

/// The product that is sold at the site, and whether a cloud disk may be its system disk there.
fn product(call: &Call, site: &str) -> Result<(Product, bool), Refusal> {
    let id = filled(call, "productId")?;
    let unknown = || {
        Refusal::new(
            UNKNOWN,
            format!("The site does not sell the product {id:?}"),
        )
    };
    let product = call.cloud[DESKTOP].products.get(id).ok_or_else(unknown)?;
    let place = product
        .sites
        .iter()
        .find(|place| place.site == site)
        .ok_or_else(unknown)?;
    Ok((product.clone(), place.allows_ssd))
}

/// Refuses more desktops than the account may have of a kind.
pub(super) fn quota(call: &Call, monthly: bool, more: u64) -> Result<(), Refusal> {
    let state = &call.cloud[DESKTOP];
    let present = state
        .desktops
        .iter()
        .filter(|desktop| desktop.paid_until.is_some() == monthly)
        .count() as u64;
    let (quota, code, kind) = if monthly {
        (state.monthly_quota, "12501", "monthly")
    } else {
        (state.on_demand_quota, "12502", "on-demand")
    };
    if present.saturating_add(more) <= quota {
        return Ok(());
    }
    Err(Refusal::new(
        code,
        format!("The account may have {quota} {kind} desktops and has {present}"),
    ))
}

fn check_capacity(call: &Call, site: &str, more: u64) -> Result<(), Refusal> {
    let present = call.cloud[DESKTOP]
        .desktops
        .iter()
        .filter(|desktop| desktop.site == site)
        .count() as u64;
    let capacity = call.cloud.desktop_site(site)?.capacity;
    if present.saturating_add(more) <= capacity {
        return Ok(());
    }
    Err(Refusal::new(
        "13000",
        format!(
            "The site has check_capacity for {} desktops more",
            capacity.saturating_sub(present)
        ),
    ))
}

/// Where in the network a desktop shall stand.
struct Location {
    vpc: String,
    vpc_name: String,
    subnet: (String, Range),
    gateway: (String, Range),
    line: &'static Line,
}

impl Location {
    fn of(call: &Call, site: &str) -> Result<Self, Refusal> {
        let wrong = |why: String| Refusal::new("13505", why);
        let id = filled(call, "vpcId")?;
        let vpc = call.cloud[DESKTOP]
            .vpcs
            .get(id)
            .filter(|vpc| vpc.site == site);
        let vpc = vpc.ok_or_else(|| wrong(format!("There is no VPC {id:?} at the site")))?;
        if let Some(state) = call.cloud.tasks.state_of(id) {
            return Err(wrong(format!("The VPC {id} is {state}")));
        }
        let network = |vpc: &'_ Vpc, name: &str, is_gateway: bool| -> Result<Network, Refusal> {
            let id = filled(call, name)?;
            let network = vpc
                .network(id)
                .filter(|network| network.line.is_some() == is_gateway);
            network
                .cloned()
                .ok_or_else(|| wrong(format!("The VPC has no such {name} {id:?}")))
        };
        let (subnet, gateway) = (
            network(vpc, "subnetNetId", false)?,
            network(vpc, "vgatewayNetId", true)?,
        );
        let conf = filled(call, "vgatewayConfId")?;
        let own = gateway
            .line
            .and_then(line)
            .filter(|line| line.id.to_string() == conf);
        let line = own.ok_or_else(|| {
            wrong(format!(
                "The gateway {} does not have the conf_id {conf:?}",
                gateway.id
            ))
        })?;
        Ok(Self {
            vpc: vpc.id.clone(),
            vpc_name: vpc.name.clone(),
            subnet: (subnet.id, subnet.range),
            gateway: (gateway.id, gateway.range),
            line,
        })
    }

    /// A private, a public and an elastic address for each desktop.
    fn addresses(&self, call: &Call, amount: u64) -> Result<Vec<[Ipv4Addr; 3]>, Refusal> {
        let addresses = &call.cloud.addresses;
        let pool = pool(self.line.id);
        let private = addresses.free(&self.subnet.0, self.subnet.1, None);
        let public = addresses.free(&self.gateway.0, self.gateway.1, None);
        let elastic = addresses.free(&pool, self.line.range(), None);
        let all = private
            .zip(public)
            .zip(elastic)
            .map(|((private, public), elastic)| [private, public, elastic]);
        let all: Vec<_> = all
            .take(usize::try_from(amount).unwrap_or(usize::MAX))
            .collect();
        let few = || Refusal::new("13000", "The networks have too few free addresses");
        if all.len() as u64 == amount {
            Ok(all)
        } else {
            Err(few())
        }
    }
}
