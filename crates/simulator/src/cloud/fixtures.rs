//! What stands ready in a new cloud, by the ids that the documents give as examples.

/// The access key that is known by default.
pub const ACCESS_KEY: &str = "sim";
/// The secret of [`ACCESS_KEY`].
pub const SECRET: &str = "sim-secret";
/// The zone of the VDC that stands ready.
pub const REGION_ID: &str = "CN_Beijing_A";
/// The VDC that stands ready, as in the document's example of `CreateInstance`.
pub const VDC_ID: &str = "0bb08ed7-e686-4168-93e5-e0187579753b";
/// The account, as in the document of cloud desktops.
pub const ACCOUNT_ID: &str = "7e7ba91e-4357-470a-9609-ce60d9d7e38f";
/// The VDC's public network (101.251.0.0/20), as in the document's example of `DescribeVdc`.
pub const PUBLIC_ID: &str = "e1186a02-a7b6-11e9-9052-0242ac11001b";
/// The VDC's private network (10.240.192.0/20), as in the document's example of `DescribeVdc`.
pub const PRIVATE_ID: &str = "4e6f6790-a6b3-11e9-8f88-0242ac110041";
/// The VPC that stands ready (10.10.0.0/16 in Hong Kong), as in the document's example of
/// `DescribeSubnet`.
pub const VPC_ID: &str = "22310dfc-af37-11ec-8944-1200cba86117";
/// The VPC's subnet (10.10.11.0/24 in zone B), as in the document's example of `DescribeSubnet`.
pub const SUBNET_ID: &str = "22390f70-af37-11ec-8944-1200cba86117";
/// The VPC that stands ready at the edge site Hohhot B, as in the document's example of
/// `CreateInstance` of elastic servers.
pub const EDGE_VPC_ID: &str = "7ab97a9a-8c0f-11ec-9b99-d2fedeecdbd1";
/// Its subnet (10.15.100.0/22), as in the same example.
pub const EDGE_SUBNET_ID: &str = "2cee7596-bbbb-11ec-a287-debf4cca37ce";
/// Its virtual egress gateway (10.15.0.0/22).
pub const EDGE_GATEWAY_ID: &str = "3d1f86a8-bbbb-11ec-a287-debf4cca37ce";
/// The image that the document's examples name; here it stands for the default public one.
pub const IMAGE_ID: &str = "bbf63749-0186-4c68-8adc-9bf584bc1376";
