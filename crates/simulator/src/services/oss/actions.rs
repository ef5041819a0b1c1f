//! What carries each Action out.

use super::{buckets, download, metrics, objects, uploads};
use crate::cloud::call::Handler;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeRegions", |call| Ok(buckets::regions(call))),
    ("DescribeProjects", |call| Ok(buckets::projects(call))),
    ("DescribeBuckets", |call| Ok(buckets::list(call))),
    ("PutBucket", buckets::put),
    ("PutBucketTags", buckets::put_tags),
    ("GetBucketInfo", buckets::info),
    ("GetBucketStat", buckets::stat),
    ("GetBucketTags", buckets::tags),
    ("DeleteBucket", buckets::delete),
    ("DeleteBucketTags", buckets::delete_tags),
    ("UploadObject", objects::upload),
    ("UploadText", objects::upload_text),
    ("InitiateMultipartUpload", uploads::begin),
    ("UploadPart", uploads::part),
    ("CompleteMultipartUpload", uploads::complete),
    ("PutObjectTags", objects::put_tags),
    ("DeleteObject", objects::delete),
    ("DeletePrefixObjects", objects::delete_prefix),
    ("DeleteMultipleObjects", objects::delete_several),
    ("DescribeSTS", download::form_signature),
    ("GetObject", download::url_of_object),
    ("GeneratePresignedurl", download::url_of_object),
    ("ListObjects", objects::list),
    ("HeadObject", objects::head),
    ("GetObjectTags", objects::tags),
    ("DescribeBucketMonitor", metrics::monitor),
    ("DeleteObjectTags", objects::delete_tags),
];

pub(super) const METRICS: &[(&str, Handler)] = &[("DescribeBucketMetrics", metrics::bucket)];
