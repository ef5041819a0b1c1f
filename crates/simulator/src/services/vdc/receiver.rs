//! Who is notified of network alarms.

use super::state::{Receiver, VDC};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("GetWanAlarmReceiver", list),
    ("UpdateWanAlarmReceiver", update),
];

/// All receivers, or those of a monitoring group.
#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn list(call: &mut Call) -> Result<Json, Refusal> {
    let group = call
        .params
        .text("ObjGroupId")
        .filter(|group| !group.is_empty());
    let receivers = call.cloud[VDC]
        .receivers
        .iter()
        .filter(|receiver| group.is_none_or(|group| receiver.groups.contains(group)));
    let views = receivers.map(|receiver| {
        let by_other = receiver
            .groups
            .iter()
            .any(|own| group != Some(own.as_str()));
        json!({
            "ReceiverId": receiver.id,
            "ReceiverName": receiver.name,
            "ReceiverMail": receiver.mail,
            "ReceiverTel": format!("({}){}", receiver.country, receiver.mobile),
            "UsedByNow": group.is_some_and(|group| receiver.groups.contains(group)),
            "UsedByOther": by_other,
        })
    });
    Ok(json!({"Data": views.collect::<Vec<_>>()}))
}

fn update(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let id = params.required("ReceiverId");
    let given = |name: &str| {
        params
            .text(name)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let known = call.cloud[VDC].receivers.get(id);
    let known =
        known.ok_or_else(|| call.malformed("ReceiverId", &format!("there is no receiver {id}")))?;
    let (mail, mobile, country) = (given("Email"), given("Mobile"), given("Code"));
    if mail.is_none() && mobile.is_none() && country.is_none() {
        return Err(call.missing("Email or Mobile"));
    }
    let new = Receiver {
        mail: mail.unwrap_or_else(|| known.mail.clone()),
        mobile: mobile.unwrap_or_else(|| known.mobile.clone()),
        country: country.unwrap_or_else(|| known.country.clone()),
        ..known.clone()
    };
    if !is_mail(&new.mail) {
        return Err(Refusal::new(
            "Parameter Error",
            "The mail address is not valid",
        ));
    }
    if !is_mobile(&new.country, &new.mobile) {
        return Err(Refusal::new(
            "Parameter Error",
            "The mobile number is not one of the country",
        ));
    }
    if let Some(receiver) = call.cloud[VDC].receivers.get_mut(id) {
        *receiver = new;
    }
    Ok(json!({"Data": {}}))
}

fn is_mail(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| {
        let has_dot = host.split('.').count() > 1 && host.split('.').all(|label| !label.is_empty());
        !name.is_empty() && has_dot && !text.contains(char::is_whitespace) && !host.contains('@')
    })
}

/// Eleven digits from 1 on in China, ten in North America.
fn is_mobile(country: &str, number: &str) -> bool {
    let digits = number.chars().all(|character| character.is_ascii_digit());
    match country {
        "+86" => digits && number.len() == 11 && number.starts_with('1'),
        "+1" => digits && number.len() == 10,
        _ => false,
    }
}
