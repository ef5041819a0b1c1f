//! Refusals, and the one table of codes that no document of the vendor's gives.

use cumulua_core::catalog::Action;
use std::borrow::Cow;
use std::fmt;

/// Codes that are not documented by the vendor for its cloud; they are Alibaba's names, whose
/// conventions it follows. The HTTP status stands beside each. `VDCNotFound` and
/// `InvalidVDCID.Malformed` are documented, but for /network only.
const OTHER_CODES: &[(&str, u16)] = &[
    ("AccessDenied", 403),
    ("BucketAlreadyExists", 409),
    ("BucketNotEmpty", 409),
    ("DependencyViolation", 403),
    ("EntityTooSmall", 400),
    ("IdempotentParameterMismatch", 400),
    ("IncorrectStatus", 403),
    ("IncorrectVdcStatus", 403),
    ("InternalError", 500),
    ("InvalidAccessKeyId.NotFound", 404),
    ("InvalidAction.NotFound", 404),
    ("InvalidAvailableZone.NotFound", 404),
    ("InvalidBandwidthId.NotFound", 404),
    ("InvalidBucketName", 400),
    ("InvalidCloudId.NotFound", 404),
    ("InvalidEIPId.NotFound", 404),
    ("InvalidEcsId.NotFound", 404),
    ("InvalidEvent.NotFound", 404),
    ("InvalidInstanceId.NotFound", 404),
    ("InvalidNetId.NotFound", 404),
    ("InvalidOperation", 403),
    ("InvalidOperation.AzMismatch", 403),
    ("InvalidOperation.DeletionProtection", 403),
    ("InvalidOperation.DiskStatusUnsupported", 403),
    ("InvalidOperation.InstanceStatusUnsupported", 403),
    ("InvalidOperation.SnapshotStatusUnsupported", 403),
    ("InvalidParameter", 400),
    ("InvalidPart", 400),
    ("InvalidRegion.NotFound", 404),
    ("InvalidSecurityGroupId.InUse", 403),
    ("InvalidSecurityGroupId.NotFound", 404),
    ("InvalidSecurityGroupRuleId.NotFound", 404),
    ("InvalidSignatureMethod", 400),
    ("InvalidSnapshotChainId.NotFound", 404),
    ("InvalidSnapshotId.NotFound", 404),
    ("InvalidSubnetId.NotFound", 404),
    ("InvalidTagId.NotFound", 404),
    ("InvalidTimeStamp.Expired", 400),
    ("InvalidTimeStamp.Format", 400),
    ("InvalidVDCID.Malformed", 400),
    ("InvalidVLINKId.NotFound", 404),
    ("InvalidVMId.NotFound", 404),
    ("InvalidVPCId.NotFound", 404),
    ("InvalidVersion", 400),
    ("InvalidVirtualGateWayId.NotFound", 404),
    ("MissingParameter", 400),
    ("NoSuchBucket", 404),
    ("NoSuchKey", 404),
    ("NoSuchUpload", 404),
    ("ORDER.OPEND", 400),
    ("Region.NotOnSale", 403),
    ("ServiceUnavailable", 503),
    ("SignatureDoesNotMatch", 403),
    ("SignatureNonceUsed", 400),
    ("Throttling", 429),
    ("UnsupportedHTTPMethod", 405),
    ("VDCNotFound", 400),
];

/// Parameters whose codes have another name in them, where the Action documents it.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("BillingMethod", "PublicNetwork.BillingMethod"),
    ("FloatBandwidth", "PublicNetwork.Bandwich"),
    ("IPNum", "PublicNetwork.Ip"),
    ("NetworkId", "PublicId"),
    ("Number", "PublicNetwork.IP"),
    ("PublicId", "PublicNetworkID"),
    ("Qos", "PublicNetwork.Bandwich"),
    ("SegmentId", "IpId"),
    ("Type", "PublicNetwork.Type"),
];
/// Codes for any parameter that is not given: `/ccs`, bare metal, desktops.
const MISSING: &[&str] = &[
    "IncompleteParamter",
    "MissingParameter",
    "InvalidParameter.IsNull",
    "ParameterInvalid",
    "10003",
];
/// Codes for any parameter that has a wrong value.
const MALFORMED: &[&str] = &["10003", "DataNotExists", "ParameterInvalid"];

/// Why the cloud does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    http: Option<u16>,
}

impl Refusal {
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            http: None,
        }
    }

    /// The same with a status of its own.
    pub(crate) fn with_status(mut self, http: u16) -> Self {
        self.http = Some(http);
        self
    }

    /// The code as this Action's document spells it (`InstanceID`, `InstanceId`), with the status
    /// that it gives.
    pub(crate) fn of(mut self, action: &Action) -> Self {
        if let Some(documented) = documented(action, &self.code) {
            self.code = documented.into();
        }
        self.http = self
            .http
            .or_else(|| action.error(&self.code).and_then(|error| error.http));
        self
    }

    /// The HTTP status; 400 where nothing says another.
    pub(crate) fn status(&self) -> u16 {
        let known = || {
            OTHER_CODES
                .iter()
                .find(|(code, _)| *code == self.code)
                .map(|(_, http)| *http)
        };
        self.http.or_else(known).unwrap_or(400)
    }

    /// A parameter that is not given.
    pub(crate) fn missing(action: &Action, name: &str) -> Self {
        let code = MISSING
            .iter()
            .find_map(|code| documented(action, code))
            .unwrap_or_else(|| "MissingParameter".to_owned());
        Self::new(code, format!("The parameter {name} is required"))
    }

    /// A parameter whose value does not fit: the code documented for it, where there is one.
    pub(crate) fn malformed(action: &Action, name: &str, why: impl fmt::Display) -> Self {
        let own = match name {
            "InstanceId" | "InstanceIds" => "InvalidInstanceID.Malformed".to_owned(),
            "PublicIp" | "PrivateIp" => format!("Invalid{name}Address.Malformed"),
            "Amount" if documented(action, "AmountOversize").is_some() => {
                "AmountOversize".to_owned()
            }
            _ => format!("Invalid{name}.Malformed"),
        };
        let of_service = || {
            action
                .service
                .errors
                .keys()
                .find(|code| code.eq_ignore_ascii_case(&own))
                .cloned()
        };
        let of_others = || {
            OTHER_CODES
                .iter()
                .find(|(code, _)| code.eq_ignore_ascii_case(&own))
                .map(|(code, _)| (*code).to_owned())
        };
        let other = OTHER_NAMES.iter().find(|(known, _)| *known == name);
        let by_other_name = || documented(action, &format!("Invalid{}.Malformed", other?.1));
        let of_any = || MALFORMED.iter().find_map(|code| documented(action, code));
        let of_other = || {
            MALFORMED
                .iter()
                .find(|code| action.service.errors.contains_key(**code))
                .map(|code| (*code).to_owned())
        };
        let code = documented(action, &own)
            .or_else(by_other_name)
            .or_else(of_service)
            .or_else(of_others)
            .or_else(of_any)
            .or_else(of_other);
        Self::new(
            code.unwrap_or_else(|| "InvalidParameter".to_owned()),
            format!("The parameter {name} is not valid: {why}"),
        )
    }
}

fn documented(action: &Action, code: &str) -> Option<String> {
    let exact = action.errors.iter().find(|error| error.code == code);
    let found = exact.or_else(|| {
        action
            .errors
            .iter()
            .find(|error| error.code.eq_ignore_ascii_case(code))
    });
    found.map(|error| error.code.clone())
}
