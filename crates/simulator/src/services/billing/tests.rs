use crate::services::ecs::tests::{order, servers};
use crate::tests::documented::documented;
use crate::tests::{TestCloud, advance};
use serde_json::{Value as Json, json};

const DAY: u64 = 86_400;

/// A cloud with a prepaid server of /ccs, an elastic one and a disk that is gone, two days on.
fn busy() -> (TestCloud, String) {
    let cloud = TestCloud::new();
    cloud.finish(
        "CreateInstance",
        &crate::tests::order(&json!({"InstanceChargeType": "PrePaid", "PrepaidMonth": 1})),
    );
    let disk = cloud.done(
        "cds.ebs.CreateDisk",
        &json!({"AvailableZoneCode": "CN_Hohhot_B", "DiskFeature": "SSD", "Size": 80}),
    );
    let server = servers(&cloud, &json!({})).remove(0);
    advance(DAY);
    cloud.done(
        "cds.ebs.DeleteDisk",
        &json!({"DiskIds": disk["Data"]["DiskIdSet"]}),
    );
    advance(DAY);
    (cloud, server)
}

fn cents(amount: &Json) -> i64 {
    let yuan = amount
        .as_f64()
        .unwrap_or_else(|| amount.as_str().unwrap().parse().unwrap());
    format!("{:.0}", yuan * 100.0).parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_action_of_the_catalogue_is_carried_out() {
    let (cloud, server) = busy();
    for service in ["cds.billing", "cds.subject", "cds.metering"] {
        for action in cloud.catalog.actions_of(service).unwrap() {
            let mut params = action.example.clone();
            if params.get("ResourceId").is_some() {
                params["ResourceId"] = json!(server);
            }
            let of_today = [
                ("DateFromTo", json!("2026.03.01 - 2026.03.03")),
                (
                    "DateFrom",
                    json!(if action.name.contains("Cost") {
                        "2026-03-01"
                    } else {
                        "2026.03.01"
                    }),
                ),
                (
                    "DateTo",
                    json!(if action.name.contains("Cost") {
                        "2026-03-31"
                    } else {
                        "2026.03.31"
                    }),
                ),
            ];
            for (name, value) in of_today {
                if params.get(name).is_some() {
                    params[name] = value;
                }
            }
            let answer = cloud
                .ask(&format!("{service}.{}", action.name), &params)
                .ok();
            documented(&action, &answer);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bills_and_summaries_agree_with_each_other_and_with_the_balance() {
    let (cloud, server) = busy();
    let whole = json!({"DateFrom": "2026-03-01", "DateTo": "2026-03-31", "Currency": "CN"});
    let products = cloud
        .ask("cds.billing.DescribeCostSummaryByPro", &whole)
        .ok()["Data"]
        .clone();
    let projects = cloud
        .ask("cds.billing.DescribeCostSummaryByProject", &whole)
        .ok()["Data"]
        .clone();
    assert_eq!(products["TotalSummary"], projects["TotalSummary"]);
    let total = cents(&products["TotalSummary"]["TotalCost"]);
    let part = |name: &str| cents(&products["TotalSummary"][name]);
    assert_eq!(
        total,
        part("MasterCost") + part("ViceCost") + part("ToDeduct")
    );
    let sum = |list: &Json| {
        list.as_array()
            .unwrap()
            .iter()
            .map(|entry| cents(&entry["TotalCost"]))
            .sum::<i64>()
    };
    assert_eq!(
        (sum(&products["BillInfo"]), sum(&projects["BillInfo"])),
        (total, total)
    );
    let kinds: Vec<_> = products["BillInfo"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["ProductType"].clone())
        .collect();
    assert!(
        kinds.contains(&json!("vm"))
            && kinds.contains(&json!("ecs"))
            && kinds.contains(&json!("disk"))
    );

    let bill = cloud
        .ask(
            "cds.billing.DescribeBill",
            &json!({"DateFromTo": "2026.03.01 - 2026.03.31", "Currency": "CN"}),
        )
        .ok()["Data"]
        .clone();
    assert_eq!(
        (sum(&bill["BillInfo"]), cents(&bill["TotalMasterCost"])),
        (total, total)
    );
    let gone = bill["BillInfo"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["DeleteTime"] != "")
        .count();
    assert_eq!((bill["BillInfo"].as_array().unwrap().len(), gone), (5, 1));
    let detail = cloud
        .ask(
            "cds.billing.DescribeBillDetail",
            &json!({"DateFrom": "2026.03.01", "DateTo": "2026.03.31"}),
        )
        .ok()["Data"]
        .clone();
    assert_eq!(
        (
            sum(&detail["BillDetail"]),
            &detail["TotalRecords"],
            &detail["TotalSummary"]
        ),
        (total, &json!(5), &products["TotalSummary"])
    );

    let one = |from: &str, to: &str| {
        let params =
            json!({"DateFrom": from, "DateTo": to, "ResourceId": server, "Currency": "CN"});
        cents(&cloud.ask("cds.billing.DescribeBillInfo", &params).ok()["Data"]["TotalCost"])
    };
    let days = [
        ("2026.03.01", "2026.03.01"),
        ("2026.03.02", "2026.03.02"),
        ("2026.03.03", "2026.03.04"),
    ];
    assert_eq!(
        days.iter().map(|(from, to)| one(from, to)).sum::<i64>(),
        one("2026.03.01", "2026.03.31")
    );
    assert_eq!(one("2026.03.02", "2026.03.02"), 2 * 96 + 4 * 48);

    let account = cloud
        .ask("cds.billing.DescribeAccountInfo", &json!({}))
        .ok()["Data"]
        .clone();
    assert_eq!(cents(&account["ToDeduct"]), part("ToDeduct"));
    assert_eq!(cents(&account["MasterTotalCost"]), part("MasterCost"));
    assert_eq!(
        cents(&account["MasterTotalBalance"]),
        100_000_000 - part("MasterCost")
    );
    assert_eq!(
        cents(&account["CostRecords"][0]["Amount"]),
        part("MasterCost")
    );
    assert_eq!(cents(&account["RechargeRecord"][0]["Amount"]), 100_000_000);
}

#[tokio::test(start_paused = true)]
async fn what_is_used_is_paid_when_it_ends() {
    let cloud = TestCloud::new();
    let account = || {
        cloud
            .ask("cds.billing.DescribeAccountInfo", &json!({}))
            .ok()["Data"]
            .clone()
    };
    let id = servers(&cloud, &json!({"DataDisk": []})).remove(0);
    assert_eq!(cents(&account()["MasterTotalCost"]), 0);
    advance(DAY / 2);
    let due = cents(&account()["ToDeduct"]);
    assert!((230..=240).contains(&due), "{due}");
    cloud.done("cds.ecs.DeleteInstance", &json!({"EcsIds": [id]}));
    let paid = account();
    assert_eq!(cents(&paid["ToDeduct"]), 0);
    assert!(cents(&paid["MasterTotalCost"]) >= due);
    advance(DAY);
    assert_eq!(account(), paid);
}

#[tokio::test(start_paused = true)]
async fn a_test_account_pays_until_its_credit_is_used_up() {
    let cloud = TestCloud::new();
    let credit = || cloud.ask("cds.ecs.DescribeAccountSubject", &json!({})).ok()["Data"][4].clone();
    let balance = || {
        cents(
            &cloud
                .ask("cds.billing.DescribeAccountInfo", &json!({}))
                .ok()["Data"]["MasterTotalBalance"],
        )
    };
    let id = servers(&cloud, &json!({"TestAccount": "kvmtest", "DataDisk": []})).remove(0);
    let before = balance();
    advance(DAY);
    cloud.done("cds.ecs.DeleteInstance", &json!({"EcsIds": [id]}));
    let left = cents(&credit()["Balance"]);
    assert!((99_500..99_540).contains(&left), "{left}");
    assert_eq!(balance(), before);
    let subject = cloud.ask("cds.subject.DescribeSubjects", &json!({})).ok()["Data"].clone();
    assert_eq!(
        (
            cents(&subject["SubjectList"][4]["Balance"]),
            &subject["Total"]
        ),
        (left, &json!(5))
    );
    let spent = json!({"DateFrom": "2026-03-01", "DateTo": "2026-03-31", "Currency": "CN"});
    let spent = cloud
        .ask("cds.billing.DescribeCostSummaryByPro", &spent)
        .ok()["Data"]["TotalSummary"]
        .clone();
    assert_eq!(
        (cents(&spent["ViceCost"]), cents(&spent["MasterCost"])),
        (100_001 - left, 0)
    );
    let large = json!({"TestAccount": "kvmtest", "EcsFamilyName": "专业渲染型rp3", "Cpu": 32, "Ram": 64, "Gpu": 2, "Number": 20});
    cloud
        .ask("cds.ecs.CreateInstance", &order(&large))
        .refused(403, "InvalidOperation");
}

#[tokio::test(start_paused = true)]
async fn periods_that_make_no_sense_are_refused() {
    let (cloud, _) = busy();
    let bill = |period: &str| {
        cloud.ask(
            "cds.billing.DescribeBill",
            &json!({"DateFromTo": period, "Currency": "CN"}),
        )
    };
    for wrong in [
        "2026.03.01",
        "2026-03-01 - 2026-03-02",
        "2026.03.02 - 2026.03.01",
        "2026.02.30 - 2026.03.01",
    ] {
        bill(wrong).refused(400, "InvalidPublicId.Malformed");
    }
    assert_eq!(
        bill("2026.02.01 - 2026.02.28").ok()["Data"]["BillInfo"],
        json!([])
    );
    let detail = |from: &str, to: &str, project: &str| {
        cloud.ask(
            "cds.billing.DescribeBillDetail",
            &json!({"DateFrom": from, "DateTo": to, "ProjectName": project}),
        )
    };
    detail("2018.12.01", "2018.12.02", "").refused(400, "InvalidParameter");
    detail("2026.03.01", "2026.04.02", "").refused(400, "InvalidParameter");
    assert_eq!(
        detail("2026.03.01", "2026.04.01", "其他项目").ok()["Data"]["TotalRecords"],
        0
    );
    assert_eq!(
        detail("2026.03.01", "2026.04.01", "默认项目组").ok()["Data"]["TotalRecords"],
        5
    );
    let us = json!({"DateFrom": "2026-03-01", "DateTo": "2026-03-31", "Currency": "US"});
    assert_eq!(
        cloud.ask("cds.billing.DescribeCostSummaryByPro", &us).ok()["Data"]["TotalSummary"]["TotalCost"],
        0.0
    );
    cloud
        .ask(
            "cds.billing.DescribeCostSummaryByPro",
            &json!({"DateFrom": "2026-03-01"}),
        )
        .refused(400, "MissingParameter");
}

#[tokio::test(start_paused = true)]
async fn storage_is_metered_by_pool() {
    let cloud = TestCloud::new();
    let metering = |params: &Json| cloud.ask("cds.metering.GetMetering", params);
    assert_eq!(
        metering(&json!({"EndTime": "20191101"})).ok()["Data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        metering(&json!({"EndTime": "20191101", "Uid": "2001"})).ok()["Data"][0]["Cold"],
        165.1226
    );
    metering(&json!({"EndTime": "20191101", "Uid": "7"})).refused(400, "InvalidParamater");
    metering(&json!({"EndTime": "2019-11-01"})).refused(400, "InvalidParamater");
    metering(&json!({})).refused(400, "InvalidParameter.IsNull");
}
