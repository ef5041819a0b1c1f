//! What is sold where: sites, products and images.

use super::arguments::UNKNOWN;
use super::state::{DESKTOP, Image, Product, Site};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("QuerySites", sites),
    ("QueryProducts", products),
    ("QueryImages", images),
];

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn sites(call: &mut Call) -> Result<Json, Refusal> {
    let wanted = call.params.text("siteId");
    let sites = call.cloud[DESKTOP]
        .sites
        .iter()
        .filter(|site| wanted.is_none_or(|wanted| wanted == site.id));
    Ok(json!({"Data": sites.map(site_json).collect::<Vec<_>>()}))
}

fn site_json(site: &Site) -> Json {
    json!({
        "siteId": site.id,
        "siteName": site.name,
        "podName": site.pod,
        "cityId": site.city_id,
        "cityName": site.city,
        "regionId": site.region_id,
        "regionName": site.region,
    })
}

/// A row for each product and site.
#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn products(call: &mut Call) -> Result<Json, Refusal> {
    let wanted = call.params.text("siteId");
    let rows = |product: &'_ Product| -> Vec<Json> {
        let sites = product
            .sites
            .iter()
            .filter(|sold| wanted.is_none_or(|wanted| wanted == sold.site));
        sites
            .map(|sold| product_json(product, &sold.site, sold.allows_ssd))
            .collect()
    };
    Ok(json!({"Data": call.cloud[DESKTOP].products.iter().flat_map(rows).collect::<Vec<_>>()}))
}

fn product_json(product: &Product, site: &str, allows_ssd: bool) -> Json {
    // With ten decimals, as in the document's example.
    let minute = (product.hour_price.in_yuan() / 60.0 * 1e10).round() / 1e10;
    json!({
        "siteId": site,
        "productId": product.id,
        "goodsId": product.goods_id,
        "cpuCores": product.cpu,
        "memorySize": product.ram,
        "gpuModel": product.gpu,
        "gpuRam": product.gpu_ram,
        "systemDiskSize": product.disk_size,
        "os": product.os,
        "requirePrice": minute,
        "monthPrice": product.month_price.json(),
        "isAllowSsd": u8::from(allows_ssd),
    })
}

fn images(call: &mut Call) -> Result<Json, Refusal> {
    let (site, product) = (call.params.text("siteId"), call.params.text("productId"));
    let state = &call.cloud[DESKTOP];
    if let Some(site) = site {
        call.cloud.desktop_site(site)?;
    }
    if let Some(product) = product.filter(|product| !state.products.contains(product)) {
        return Err(Refusal::new(
            UNKNOWN,
            format!("There is no product {product:?}"),
        ));
    }
    let mut groups = Vec::new();
    for own in state
        .products
        .iter()
        .filter(|own| product.is_none_or(|product| product == own.id))
    {
        let list = |is_private: bool| -> Vec<Json> {
            let images = state
                .images
                .iter()
                .filter(|image| image.product == own.id && image.is_private == is_private);
            images
                .filter_map(|image| image_json(call, image, site))
                .collect()
        };
        groups.push(json!({
            "productId": own.id,
            "productName": own.name,
            "publicImages": list(false),
            "privateImages": list(true),
        }));
    }
    Ok(json!({"data": groups, "msg": null, "status": 0}))
}

/// An image with its sites; nothing where it is at none of those that are asked for.
fn image_json(call: &Call, image: &Image, site: Option<&str>) -> Option<Json> {
    let name = |site: &str| {
        call.cloud[DESKTOP]
            .sites
            .get(site)
            .map(|site| site.name.clone())
    };
    let places = image
        .sites
        .iter()
        .filter(|place| site.is_none_or(|site| site == place.site));
    let places = places
        .map(|place| json!({"imageSiteId": place.id, "siteId": place.site, "siteName": name(&place.site), "status": place.status}));
    let places: Vec<_> = places.collect();
    let json = json!({
        "imageId": image.id,
        "imageName": image.name,
        "detailName": image.detail,
        "imageType": if image.is_private { "Private" } else { "Public" },
        "osType": image.os,
        "imageSize": image.size,
        "message": "",
        "imageSites": places,
    });
    (!places.is_empty()).then_some(json)
}

/// The image that a desktop of a product shall be installed with at a site.
pub(super) fn installable<'a>(
    call: &'a Call,
    product: &str,
    site: &str,
) -> Result<&'a Image, Refusal> {
    let id = call.params.required("imageId");
    let unknown = || {
        Refusal::new(
            UNKNOWN,
            format!("There is no image {id:?} for the product at the site"),
        )
    };
    let image = call.cloud[DESKTOP]
        .images
        .get(id)
        .filter(|image| image.product == product)
        .ok_or_else(unknown)?;
    let place = image
        .sites
        .iter()
        .find(|place| place.site == site)
        .ok_or_else(unknown)?;
    if ["Available", "Using"].contains(&place.status.as_str()) {
        Ok(image)
    } else {
        Err(Refusal::new(
            UNKNOWN,
            format!("The image {id} is {} at the site", place.status),
        ))
    }
}
