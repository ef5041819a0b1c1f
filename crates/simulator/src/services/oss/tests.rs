use crate::tests::documented::documented;
use crate::tests::{Answer, TestCloud};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value as Json, json};

const HOST: &str = "test001.oss-cnbj01.cdsgss.com";

/// A cloud with the bucket of the examples.
fn with_bucket(kind: &str) -> TestCloud {
    let cloud = TestCloud::new();
    ask(&cloud, "PutBucket", &json!({"bucket_type": kind})).ok();
    cloud
}

/// Asks for something in the bucket.
fn ask(cloud: &TestCloud, action: &str, params: &Json) -> Answer {
    let mut params = params.clone();
    let host = params.as_object_mut().unwrap().entry("Host");
    host.or_insert(HOST.into());
    cloud.ask(&format!("cds.oss_v11.{action}"), &params)
}

fn upload(cloud: &TestCloud, key: &str, content: &str) {
    ask(
        cloud,
        "UploadObject",
        &json!({"key": key, "files": content}),
    )
    .ok();
}

/// The URL of an object, without the host.
fn url(cloud: &TestCloud, key: &str) -> String {
    let answer = ask(cloud, "GetObject", &json!({"key": key})).ok();
    let url = answer["Data"]["url"].as_str().unwrap();
    let (host, rest) = url
        .strip_prefix("https://")
        .unwrap()
        .split_once('/')
        .unwrap();
    assert!(host.ends_with(".oss-cnbj01.cdsgss.com"), "{host}");
    format!("/{rest}")
}

fn get(cloud: &TestCloud, url: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let request = headers
        .iter()
        .fold(Request::get(url), |request, (name, value)| {
            request.header(*name, *value)
        });
    cloud.simulator.handle(&request.body(Bytes::new()).unwrap())
}

fn list(cloud: &TestCloud, params: &Json) -> Json {
    let mut all = json!({"prefix": "", "limit": "", "pre_marker": "", "next_marker": "",
        "is_versions": "", "version_marker": ""});
    for (name, value) in params.as_object().unwrap() {
        all[name] = value.clone();
    }
    ask(cloud, "ListObjects", &all).ok()["Data"].take()
}

fn names(list: &Json) -> Vec<&str> {
    let rows = list["object_list"].as_array().unwrap();
    rows.iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_action_answers_as_documented() {
    let catalog = TestCloud::new().catalog;
    let mut actions = catalog.actions_of("cds.oss_v11").unwrap();
    actions.extend(catalog.actions_of("cds.oss_v12").unwrap());
    assert_eq!(actions.len(), 28);
    for action in actions {
        let cloud = TestCloud::new();
        if action.name != "PutBucket" {
            ask(&cloud, "PutBucket", &json!({"bucket_type": "public"})).ok();
        }
        let mut example = action.example.clone();
        if let Some(key) = example["key"].as_str()
            && !action.name.starts_with("Upload")
        {
            upload(&cloud, key, "content");
        }
        match action.name.as_str() {
            "UploadPart" | "CompleteMultipartUpload" => {
                let key = json!({"key": example["key"]});
                let begun = ask(&cloud, "InitiateMultipartUpload", &key).ok();
                example["upload_id"] = begun["Data"]["Upload_Id"].clone();
            }
            "ListObjects" => {
                for name in ["pre_marker", "next_marker", "is_versions", "version_marker"] {
                    example[name] = json!("");
                }
            }
            "DescribeBucketMetrics" => {
                example["endpoint"] = json!(HOST);
                example["BucketName"] = json!("test001");
            }
            _ => {}
        }
        if action.name == "CompleteMultipartUpload" {
            let part = json!({"key": example["key"], "upload_id": example["upload_id"],
                "part_number": 1, "files": "content"});
            let part = ask(&cloud, "UploadPart", &part).ok();
            let id = &part["Data"]["part_id"];
            example["multipart_info"] = json!([{"part_id": id, "part_number": 1}]);
        }
        let answer = cloud.ask(&action.full_name, &example).ok();
        documented(&action, &answer);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_service_is_refused() {
    let cloud = TestCloud::new();
    let mut counted = 0;
    for service in ["cds.oss", "cds.oss_suqian"] {
        for action in cloud.catalog.actions_of(service).unwrap() {
            let answer = cloud.ask(&action.full_name, &action.example);
            answer.refused(404, "InvalidAction.NotFound");
            let text = answer.1["Message"].as_str().unwrap();
            let is_named = text.contains(&*action.full_name) && text.contains("out of service");
            assert!(is_named, "{text}");
            counted += 1;
        }
    }
    assert_eq!(counted, 12);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_made_found_changed_and_deleted() {
    let cloud = with_bucket("private");
    ask(&cloud, "PutBucket", &json!({"bucket_type": "public"})).refused(409, "BucketAlreadyExists");
    for host in ["Xy.oss-cnbj01.cdsgss.com", "a.oss-cnbj01.cdsgss.com"] {
        let params = json!({"Host": host, "bucket_type": "public"});
        ask(&cloud, "PutBucket", &params).refused(400, "InvalidBucketName");
    }
    let elsewhere = json!({"Host": "test001.oss-sgp.cdsgss.com"});
    ask(&cloud, "GetBucketInfo", &elsewhere).refused(404, "NoSuchBucket");
    let nowhere = json!({"Host": "test001.oss-mars.cdsgss.com", "bucket_type": "public"});
    ask(&cloud, "PutBucket", &nowhere).refused(400, "InvalidParameter");

    let second = json!({"Host": "second.oss-sgp.cdsgss.com", "bucket_type": "public",
        "alias_name": "zwei", "tags": [{"key": "a", "value": "1"}]});
    ask(&cloud, "PutBucket", &second).ok();
    let found = |params: Json| -> Vec<String> {
        let answer = ask(&cloud, "DescribeBuckets", &params).ok();
        let rows = answer["Data"].as_array().unwrap().iter();
        rows.map(|row| row["bucket_name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        found(json!({"Host": "127.0.0.1:80"})),
        ["test001", "second"]
    );
    assert_eq!(found(json!({"Host": "oss-sgp.cdsgss.com"})), ["second"]);
    assert_eq!(found(json!({"Host": HOST})), ["test001"]);
    assert_eq!(
        found(json!({"Host": "x", "bucket_type": "private"})),
        ["test001"]
    );
    assert_eq!(
        found(json!({"Host": "x", "alias_name": "zwei"})),
        ["second"]
    );

    let host = json!({"Host": "second.oss-sgp.cdsgss.com"});
    let tags = |answer: Json| answer["Data"]["tags"].clone();
    assert_eq!(
        tags(ask(&cloud, "GetBucketTags", &host).ok()),
        json!([{"key": "a", "value": "1"}])
    );
    let new = json!({"Host": host["Host"], "tags": [{"key": "b"}, {"key": "c"}]});
    ask(&cloud, "PutBucketTags", &new).ok();
    let twice = json!({"Host": host["Host"], "tags": [{"key": "b"}, {"key": "b"}]});
    ask(&cloud, "PutBucketTags", &twice).refused(400, "InvalidParameter");
    let one = json!({"Host": host["Host"], "tags": [{"key": "b"}]});
    let left = tags(ask(&cloud, "DeleteBucketTags", &one).ok());
    assert_eq!(left, json!([{"key": "c", "value": ""}]));
    assert_eq!(tags(ask(&cloud, "DeleteBucketTags", &host).ok()), json!([]));

    upload(&cloud, "one", "content");
    ask(&cloud, "DeleteBucket", &json!({})).refused(409, "BucketNotEmpty");
    ask(&cloud, "DeleteObject", &json!({"key": "one"})).ok();
    ask(&cloud, "DeleteBucket", &json!({})).ok();
    ask(&cloud, "DeleteBucket", &json!({})).refused(404, "NoSuchBucket");
    assert_eq!(found(json!({"Host": "x"})), ["second"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_is_stored_replaced_counted_and_deleted() {
    let cloud = with_bucket("public");
    let tags = json!([{"key": "k", "value": "v"}]);
    let text = json!({"key": "t", "content": "ä", "tags": tags});
    ask(&cloud, "UploadText", &text).ok();
    upload(&cloud, "t2", "12345");
    upload(&cloud, "t2", "123");
    let stat = ask(&cloud, "GetBucketStat", &json!({})).ok();
    assert_eq!(stat["Data"]["bucket_object_count"], 2);
    assert_eq!(stat["Data"]["bucket_bytes_used"], 5);
    let head = ask(&cloud, "HeadObject", &json!({"key": "t2"})).ok();
    assert_eq!(head["Data"]["content_length"], 3);
    let of_text = json!({"key": "t"});
    assert_eq!(
        ask(&cloud, "GetObjectTags", &of_text).ok()["Data"]["tags"],
        tags
    );
    ask(&cloud, "DeleteObjectTags", &of_text).ok();
    assert_eq!(
        ask(&cloud, "GetObjectTags", &of_text).ok()["Data"]["tags"],
        json!([])
    );
    for action in ["HeadObject", "GetObject", "GetObjectTags", "DeleteObject"] {
        ask(&cloud, action, &json!({"key": "none"})).refused(404, "NoSuchKey");
    }
    upload(&cloud, "other", "");
    let removed = ask(&cloud, "DeletePrefixObjects", &json!({"prefix": "t"})).ok();
    assert_eq!(removed["Data"], json!(["t", "t2"]));
    let several = json!({"keys": ["none", "other"]});
    let removed = ask(&cloud, "DeleteMultipleObjects", &several).ok();
    assert_eq!(removed["Data"], json!(["other"]));
    assert_eq!(names(&list(&cloud, &json!({}))), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn objects_are_listed_page_by_page_in_both_directions() {
    let cloud = with_bucket("public");
    for number in 1..=5 {
        upload(&cloud, &format!("a{number}"), "x");
    }
    upload(&cloud, "b", "x");
    let first = list(&cloud, &json!({"prefix": "a", "limit": "2"}));
    assert_eq!(names(&first), ["a1", "a2"]);
    assert_eq!(
        (&first["is_next_page"], &first["is_previous_page"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(first["bucket"]["object_num"], "6");
    let second = list(
        &cloud,
        &json!({"prefix": "a", "limit": "2", "next_marker": "a2"}),
    );
    assert_eq!(
        (names(&second), &second["is_previous_page"]),
        (vec!["a3", "a4"], &json!(true))
    );
    let last = list(
        &cloud,
        &json!({"prefix": "a", "limit": "2", "next_marker": "a4"}),
    );
    assert_eq!(
        (names(&last), &last["is_next_page"]),
        (vec!["a5"], &json!(false))
    );
    let back = list(&cloud, &json!({"limit": "2", "pre_marker": "a3"}));
    assert_eq!(
        (names(&back), &back["is_previous_page"]),
        (vec!["a1", "a2"], &json!(false))
    );
    assert_eq!(names(&list(&cloud, &json!({"next_marker": "b"}))), [""; 0]);
    let bad = json!({"prefix": "", "limit": "0", "pre_marker": "", "next_marker": "",
        "is_versions": "", "version_marker": ""});
    ask(&cloud, "ListObjects", &bad).refused(400, "InvalidParameter");
}

#[tokio::test(start_paused = true)]
async fn a_url_gives_an_object_whole_or_from_a_place_on() {
    let cloud = with_bucket("private");
    upload(&cloud, "a/ä b", "content");
    let url = url(&cloud, "a/ä b");
    let whole = get(&cloud, &url, &[]);
    assert_eq!(
        (whole.status().as_u16(), &whole.body()[..]),
        (200, &b"content"[..])
    );
    let tag = whole.headers()["etag"].to_str().unwrap();
    let rest = get(&cloud, &url, &[("range", "bytes=3-"), ("if-range", tag)]);
    assert_eq!(
        (rest.status().as_u16(), &rest.body()[..]),
        (206, &b"tent"[..])
    );
    assert_eq!(rest.headers()["content-range"], "bytes 3-6/7");
    let beyond = get(&cloud, &url, &[("range", "bytes=7-")]);
    assert_eq!(beyond.status().as_u16(), 416);
    // Another object by that name has another tag.
    upload(&cloud, "a/ä b", "new");
    let anew = get(&cloud, &url, &[("range", "bytes=2-"), ("if-range", tag)]);
    assert_eq!(
        (anew.status().as_u16(), &anew.body()[..]),
        (200, &b"new"[..])
    );
    let log = cloud.simulator.requests();
    assert_eq!(log.last().unwrap().status, Some(200));
}

#[tokio::test(start_paused = true)]
async fn the_url_of_a_private_object_is_signed_and_ends() {
    let cloud = with_bucket("private");
    upload(&cloud, "one", "content");
    upload(&cloud, "two", "content");
    let url = url(&cloud, "one");
    for other in [
        "/test001/one",
        &url.replace("one", "two"),
        &url.replace("Expires=1", "Expires=2"),
    ] {
        assert_eq!(get(&cloud, other, &[]).status().as_u16(), 403, "{other}");
    }
    tokio::time::advance(std::time::Duration::from_secs(3601)).await;
    cloud.ask("cds.oss_v11.DescribeRegions", &json!({})).ok();
    assert_eq!(get(&cloud, &url, &[]).status().as_u16(), 403);
    let public = with_bucket("public");
    upload(&public, "one", "content");
    assert_eq!(get(&public, "/test001/one", &[]).status().as_u16(), 200);
    assert_eq!(get(&public, "/test001/none", &[]).status().as_u16(), 404);
}

#[tokio::test(start_paused = true)]
async fn parts_make_one_object() {
    let cloud = with_bucket("public");
    let begun = ask(&cloud, "InitiateMultipartUpload", &json!({"key": "big"})).ok();
    let id = &begun["Data"]["Upload_Id"];
    let part = |number: i64, content: &str| {
        let params =
            json!({"key": "big", "upload_id": id, "part_number": number, "files": content});
        let answer = ask(&cloud, "UploadPart", &params).ok();
        json!({"part_id": answer["Data"]["part_id"], "part_number": number})
    };
    let complete = |parts: Json| {
        let params = json!({"key": "big", "upload_id": id, "multipart_info": parts});
        ask(&cloud, "CompleteMultipartUpload", &params)
    };
    let (small, last) = (part(1, "small"), part(2, "end"));
    complete(json!([small, last])).refused(400, "EntityTooSmall");
    let large = part(1, &"x".repeat(5_000_000));
    complete(json!([small, last])).refused(400, "InvalidPart");
    complete(json!([last, large])).refused(400, "InvalidParameter");
    complete(json!([large, last])).ok();
    complete(json!([large, last])).refused(404, "NoSuchUpload");
    let params = json!({"key": "big", "upload_id": id, "part_number": 1, "files": "x"});
    ask(&cloud, "UploadPart", &params).refused(404, "NoSuchUpload");
    let whole = get(&cloud, "/test001/big", &[]);
    assert_eq!(whole.body().len(), 5_000_003);
    let end = get(&cloud, "/test001/big", &[("range", "bytes=4999999-")]);
    assert_eq!(&end.body()[..], b"xend");
}

#[tokio::test(start_paused = true)]
async fn objects_go_on_in_a_saved_cloud() {
    let cloud = with_bucket("public");
    upload(&cloud, "one", "content");
    let saved = cloud.simulator.saved();
    let later = TestCloud::from_saved(&saved, cloud.clock.now()).unwrap();
    assert_eq!(&get(&later, "/test001/one", &[]).body()[..], b"content");
    let elsewhere = saved.replace(
        "\"memory\": \"Y29udGVudA==\"",
        "\"file\": {\"name\": \"../x\", \"bytes\": 1}",
    );
    assert_ne!(saved, elsewhere);
    let problem = TestCloud::from_saved(&elsewhere, cloud.clock.now())
        .err()
        .unwrap();
    assert!(problem.contains("other characters"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn a_form_without_a_file_is_refused_and_one_that_is_refused_leaves_none() {
    let cloud = with_bucket("public");
    ask(&cloud, "UploadObject", &json!({"key": "one"})).refused(400, "MissingParameter");
    let folder = tempfile::tempdir().unwrap();
    cloud.simulator.keep_objects_in(folder.path()).unwrap();
    let elsewhere = json!({"Host": "none.oss-sgp.cdsgss.com", "key": "one", "files": "x"});
    ask(&cloud, "UploadObject", &elsewhere).refused(404, "NoSuchBucket");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
