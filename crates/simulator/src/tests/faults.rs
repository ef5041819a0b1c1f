use super::{TestCloud, advance, order};
use crate::{Fault, FaultRule, Outcome};
use serde_json::json;
use std::time::Duration;

fn create_tag(cloud: &TestCloud, name: &str) -> Outcome {
    cloud.outcome("CreateTag", &json!({"TagName": name}))
}

fn body(outcome: Outcome) -> String {
    match outcome {
        Outcome::Answer(response) | Outcome::Delayed(_, response) => {
            String::from_utf8(response.body().to_vec()).unwrap()
        }
        Outcome::Unconnected | Outcome::Dropped => panic!("there is no answer"),
    }
}

fn tags(cloud: &TestCloud) -> usize {
    cloud.ask("DescribeTags", &json!({})).ok()["Data"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test(start_paused = true)]
async fn refusals_strike_where_and_as_often_as_they_shall() {
    let cloud = TestCloud::new();
    cloud.simulator.fault(
        FaultRule::new(Fault::Throttle)
            .on("Create*")
            .after(1)
            .times(2),
    );
    let codes: Vec<_> = (0..4)
        .map(|n| {
            cloud
                .ask("CreateTag", &json!({"TagName": format!("t{n}")}))
                .0
        })
        .collect();
    assert_eq!(codes, [200, 429, 429, 200]);
    assert_eq!(tags(&cloud), 2);
    cloud.simulator.fault(
        FaultRule::new(Fault::Refuse {
            code: "NotEnoughBalance".into(),
            http: None,
        })
        .on("cds.ccs.CreateInstance"),
    );
    cloud
        .ask("CreateInstance", &order(&json!({})))
        .refused(400, "NotEnoughBalance");
    cloud.simulator.clear_faults();
    cloud.ask("CreateInstance", &order(&json!({}))).ok();
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_says_nothing_of_whether_the_call_was_carried_out() {
    let cloud = TestCloud::new();
    let add = |fault| cloud.simulator.fault(FaultRule::new(fault).times(1));
    add(Fault::DropBefore);
    assert!(matches!(create_tag(&cloud, "a"), Outcome::Dropped));
    assert_eq!(tags(&cloud), 0);
    add(Fault::DropAfter);
    assert!(matches!(create_tag(&cloud, "a"), Outcome::Dropped));
    assert_eq!(tags(&cloud), 1);
    add(Fault::ServerError {
        http: 500,
        carried_out: false,
    });
    assert!(body(create_tag(&cloud, "b")).contains("InternalError"));
    assert_eq!(tags(&cloud), 1);
    add(Fault::ServerError {
        http: 503,
        carried_out: true,
    });
    assert!(body(create_tag(&cloud, "b")).contains("ServiceUnavailable"));
    assert_eq!(tags(&cloud), 2);
}

#[tokio::test(start_paused = true)]
async fn answers_are_spoilt_in_every_way() {
    let cloud = TestCloud::new();
    let spoilt = |fault: Fault| {
        cloud.simulator.fault(FaultRule::new(fault).times(1));
        cloud.outcome("DescribeTags", &json!({}))
    };
    let Outcome::Answer(cut) = spoilt(Fault::CutShort) else {
        panic!("it is an answer")
    };
    let promised: usize = cut.headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(promised > cut.body().len() && !cut.body().is_empty());
    assert!(serde_json::from_str::<serde_json::Value>(&body(spoilt(Fault::Malformed))).is_err());
    assert_eq!(body(spoilt(Fault::Empty)), "");
    assert!(body(spoilt(Fault::Deep)).contains(&"[".repeat(10_000)));
    assert!(body(spoilt(Fault::TooLarge(40_000_000))).len() > 40_000_000);
    let late = Duration::from_secs(90);
    assert!(matches!(spoilt(Fault::Delay(late)), Outcome::Delayed(delay, _) if delay == late));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_changes_nothing_and_says_why() {
    let cloud = TestCloud::new();
    let id = cloud.servers(1).remove(0);
    let fails = || {
        cloud
            .simulator
            .fault(FaultRule::new(Fault::TaskFails("the host is full".into())).times(1));
    };
    fails();
    let stop = cloud.ask("StopInstance", &json!({"InstanceId": id})).ok();
    advance(41);
    let task = cloud
        .ask("DescribeTask", &json!({"TaskId": stop["TaskId"]}))
        .ok();
    assert_eq!(
        (&task["Data"]["Status"], &task["Message"]),
        (&json!("ERROR"), &json!("the host is full"))
    );
    assert_eq!(cloud.status(&id), "running");
    fails();
    cloud.ask("CreateInstance", &order(&json!({}))).ok();
    advance(181);
    assert_eq!(
        cloud.ask("DescribeInstances", &json!({})).ok()["Data"]["Instances"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_hangs_never_ends() {
    let cloud = TestCloud::new();
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskHangs).times(1));
    let task = cloud.ask("CreateInstance", &order(&json!({}))).ok()["TaskId"].clone();
    advance(1_000_000);
    assert_eq!(
        cloud.ask("DescribeTask", &json!({"TaskId": task})).ok()["Data"]["Status"],
        "DOING"
    );
}

#[tokio::test(start_paused = true)]
async fn chance_follows_from_the_seed() {
    let run = |seed: u64| -> Vec<u16> {
        let cloud = TestCloud::with_seed(seed);
        cloud
            .simulator
            .fault(FaultRule::new(Fault::Throttle).with_probability(0.5));
        (0..40)
            .map(|_| cloud.ask("DescribeTags", &json!({})).0)
            .collect()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert!(run(1).contains(&200) && run(1).contains(&429));
}

#[tokio::test(start_paused = true)]
async fn time_can_be_scaled_away() {
    let cloud = TestCloud::new();
    cloud.simulator.set_time_scale(0.001);
    let task = cloud.ask("CreateInstance", &order(&json!({}))).ok()["TaskId"].clone();
    advance(1);
    assert_eq!(
        cloud.ask("DescribeTask", &json!({"TaskId": task})).ok()["Data"]["Status"],
        "FINISH"
    );
    assert_eq!(
        cloud
            .simulator
            .handle(&cloud.request("DescribeTags", &json!({})))
            .headers()["date"],
        "Sun, 01 Mar 2026 08:00:01 GMT"
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_after_the_first_slips_by_an_item() {
    let cloud = TestCloud::new();
    let ids = cloud.servers(5);
    let page = |number: u64| -> Vec<String> {
        let answer = cloud
            .ask(
                "DescribeInstances",
                &json!({"PageNumber": number, "PageSize": 2}),
            )
            .ok();
        let instances = answer["Data"]["Instances"].as_array().unwrap().clone();
        instances
            .iter()
            .map(|instance| instance["InstanceId"].as_str().unwrap().to_owned())
            .collect()
    };
    cloud
        .simulator
        .fault(FaultRule::new(Fault::PageGrows).times(1));
    assert_eq!(
        (page(1), page(2), page(2)),
        (ids[..2].to_vec(), ids[1..3].to_vec(), ids[2..4].to_vec())
    );
    cloud
        .simulator
        .fault(FaultRule::new(Fault::PageShrinks).times(1));
    assert_eq!(
        (page(1), page(2), page(3)),
        (ids[..2].to_vec(), ids[3..].to_vec(), ids[4..].to_vec())
    );
}

#[tokio::test(start_paused = true)]
async fn errors_carry_a_retry_after_where_they_shall() {
    let cloud = TestCloud::new();
    cloud
        .simulator
        .fault(FaultRule::new(Fault::Throttle).retry_after(7).times(1));
    cloud
        .simulator
        .fault(FaultRule::new(Fault::Throttle).times(1));
    let answer = || {
        cloud
            .simulator
            .handle(&cloud.request("DescribeTags", &json!({})))
    };
    let (with, without) = (answer(), answer());
    assert_eq!(
        (with.status().as_u16(), &with.headers()["retry-after"]),
        (429, &http::HeaderValue::from_static("7"))
    );
    assert_eq!(
        (
            without.status().as_u16(),
            without.headers().get("retry-after")
        ),
        (429, None)
    );
    assert!(!answer().headers().contains_key("retry-after"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_the_documented_status_unless_another_is_given() {
    let cloud = TestCloud::new();
    let refuse = |http| {
        cloud.simulator.clear_faults();
        cloud.simulator.fault(FaultRule::new(Fault::Refuse {
            code: "IncorrectInstanceStatus".into(),
            http,
        }));
        cloud.ask("StopInstance", &json!({"InstanceId": "x"}))
    };
    refuse(None).refused(403, "IncorrectInstanceStatus");
    refuse(Some(409)).refused(409, "IncorrectInstanceStatus");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_not_made_carries_nothing_out() {
    let cloud = TestCloud::new();
    cloud
        .simulator
        .fault(FaultRule::new(Fault::NoConnection).times(1));
    assert!(matches!(create_tag(&cloud, "a"), Outcome::Unconnected));
    assert_eq!(tags(&cloud), 0);
}
