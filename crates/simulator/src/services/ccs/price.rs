//! What an order of servers would cost.

use super::create::instance_type;
use super::image::Image;
use super::new_disks::data_disks;
use super::order::ServerOrder;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("DescribeInstancePrice", price)];

fn price(call: &mut Call) -> Result<Json, Refusal> {
    call.zone("RegionId")?;
    let params = call.params;
    instance_type(call)?;
    let image = Image::of(
        call,
        params.required("ImageId"),
        params.required("RegionId"),
    )?;
    let system = params
        .object("SystemDisk")
        .and_then(|disk| disk.count("Size"))
        .filter(|size| *size > 0)
        .unwrap_or(image.size);
    let disks = data_disks(call, &image)?;
    let price = ServerOrder::of(params, system, &disks).price(call.cloud.now());
    Ok(json!({"Message": "success", "Data": {"TotalPrice": price.json()}}))
}
