//! What desktops cost.

use super::arguments::{MALFORMED, UNKNOWN, filled, number, says_yes};
use super::request_content::content;
use super::state::{DESKTOP, Product};
use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::term::Term;
use crate::services::billing::Use;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("QueryVmPrice", query)];

/// Of a month and a GB of cloud disk; no document has it.
const SSD_GB: Money = Money::cents(100);
/// Hours of a month that is paid on demand.
const MONTH_HOURS: i64 = 720;

/// The prices of a desktop and of its system disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prices {
    pub(super) desktop: Money,
    pub(super) disk: Money,
}

impl Prices {
    pub(super) fn of_month(product: &Product, ssd_size: Option<u64>) -> Self {
        Self {
            desktop: product.month_price,
            disk: SSD_GB * ssd_size.unwrap_or(0),
        }
    }

    pub(super) fn of_hour(product: &Product, ssd_size: Option<u64>) -> Self {
        let disk = (SSD_GB * ssd_size.unwrap_or(0)).in_cents();
        Self {
            desktop: product.hour_price,
            disk: Money::cents(disk / MONTH_HOURS + i64::from(disk % MONTH_HOURS != 0)),
        }
    }

    pub(super) fn sum(self) -> Money {
        self.desktop + self.disk
    }
}

impl Cloud {
    /// A desktop is there and costs, if it is paid on demand, 24 hours a day.
    pub(super) fn meter_desktop(&mut self, id: &str, credit: Option<u64>) {
        let Some(desktop) = self[DESKTOP]
            .desktops
            .get(id)
            .filter(|desktop| desktop.paid_until.is_none())
        else {
            return;
        };
        let Some(product) = self[DESKTOP].products.get(&desktop.product) else {
            return;
        };
        let per_day = Prices::of_hour(product, desktop.ssd_size).sum() * 24;
        let metered = Use::of(id, "cds.desktop", "CreateVm", per_day)
            .named(&desktop.name, &desktop.site)
            .paid_by(credit);
        self.begin_use(metered);
    }
}

/// The term that `duration`, `isToMonth` and `priceToMonth` name.
pub(super) fn term(call: &Call) -> Result<Term, Refusal> {
    let term = Term {
        months: number(call, "duration", 1)?,
        to_month_end: says_yes(call, "isToMonth", false),
        charges_whole_months: says_yes(call, "priceToMonth", false),
    };
    let has_end = term.end(call.cloud.now()).is_some();
    if has_end {
        Ok(term)
    } else {
        Err(Refusal::new(MALFORMED, "duration is too large"))
    }
}

/// The size of the cloud disk that shall be the system disk, if it shall be one: larger than the
/// image, a multiple of 8.
pub(super) fn ssd_size(
    call: &Call,
    image_size: u64,
    allowed: bool,
) -> Result<Option<u64>, Refusal> {
    match call.params.text("sysVolume").unwrap_or("local") {
        "local" => Ok(None),
        "ssd" if !allowed => Err(Refusal::new(
            UNKNOWN,
            "The product has no cloud disks at the site",
        )),
        "ssd" => {
            let size = number(call, "sysVolumeSize", 0)?;
            if size > image_size && size.is_multiple_of(8) {
                return Ok(Some(size));
            }
            let message = format!(
                "sysVolumeSize must be a multiple of 8 and larger than the image's {image_size} GB"
            );
            Err(Refusal::new(MALFORMED, message))
        }
        other => Err(Refusal::new(
            MALFORMED,
            format!("sysVolume is local or ssd, not {other:?}"),
        )),
    }
}

/// For an hour where it is paid on demand, otherwise for the whole term; in yuan, as the table
/// says.
fn query(call: &mut Call) -> Result<Json, Refusal> {
    let request = filled(call, "requestId")?;
    let site = call.cloud.desktop_site(filled(call, "siteId")?)?.id.clone();
    let goods = filled(call, "goodsId")?;
    let mut products = call.cloud[DESKTOP].products.iter();
    let sold = products.find_map(|product| {
        let place = product.sites.iter().find(|place| place.site == site)?;
        (product.goods_id.to_string() == goods).then_some((product, place))
    });
    let (product, place) = sold.ok_or_else(|| {
        Refusal::new(
            "12505",
            format!("The site does not sell the goods {goods:?}"),
        )
    })?;
    let (size, amount) = (
        ssd_size(call, 0, place.allows_ssd)?,
        number(call, "num", 1)?,
    );
    let now = call.cloud.now();
    let term = term(call)?;
    let over = |term: Term, prices: Prices| Prices {
        desktop: term.price(now, prices.desktop),
        disk: term.price(now, prices.disk),
    };
    let months = Prices::of_month(product, size);
    let cycle = call.params.text("billCycle").unwrap_or("minute");
    let prices = match cycle {
        "minute" => Prices::of_hour(product, size),
        "month" => over(term, months),
        _ => over(
            Term {
                months: term.months.saturating_mul(12),
                ..term
            },
            months,
        ),
    };
    let filled_in = json!({
        "billCycle": cycle,
        "billMethod": if cycle == "minute" { "0" } else { "1" },
        "duration": term.months.to_string(),
        "isToMonth": if term.to_month_end { "1" } else { "0" },
        "num": amount.to_string(),
        "sysVolume": if size.is_some() { "ssd" } else { "local" },
    });
    Ok(json!({"Data": {
        "tradeAmount": (prices.sum() * amount).json(),
        "singleTradeAmount": prices.sum().json(),
        "num": amount,
        "vmPrice": prices.desktop.json(),
        "sysVolumePrice": prices.disk.json(),
        "areaId": "CN",
        "requestId": request,
        "requestContent": content(call, &filled_in),
    }}))
}
