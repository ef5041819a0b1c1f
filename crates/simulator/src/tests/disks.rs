use super::{TestCloud, advance};
use serde_json::{Value as Json, json};

#[tokio::test(start_paused = true)]
async fn disks_are_added_grown_and_deleted() {
    let cloud = TestCloud::new();
    let id = cloud.servers(1).remove(0);
    let disks = || cloud.instance(&id)["Disks"]["DataDisks"].clone();
    let new = json!({"InstanceId": id, "DataDisks": [{"Size": 100, "Type": "ssd_disk", "IOPS": 5}, {"Size": 200}]});
    cloud.ask("CreateDisk", &new).ok();
    assert_eq!(
        disks(),
        json!([]),
        "a disk is there when its task has ended"
    );
    cloud
        .ask("CreateDisk", &new)
        .refused(403, "IncorrectInstanceStatus");
    advance(46);
    let there = disks();
    assert_eq!(
        (
            &there[0]["Size"],
            &there[0]["IopsSize"],
            &there[1]["DiskType"]
        ),
        (&json!(100), &json!(5), &json!("high_disk"))
    );

    let resize =
        |size: u64| json!({"InstanceId": id, "DiskId": there[0]["DiskId"], "DataSize": size});
    cloud
        .ask("ResizeDisk", &resize(50))
        .refused(403, "InvalidDiskSize.TooSmall");
    cloud.finish("ResizeDisk", &resize(300));
    assert_eq!(
        (&disks()[0]["Size"], &disks()[0]["IopsSize"]),
        (&json!(300), &json!(0))
    );

    let delete = |disk: &Json| json!({"InstanceId": id, "DiskIds": [disk]});
    cloud
        .ask(
            "DeleteDisk",
            &delete(&json!("a67644ba-873f-11e9-bf49-0242ac1104e7")),
        )
        .refused(400, "InvalidParameter");
    cloud.finish("DeleteDisk", &delete(&there[0]["DiskId"]));
    assert_eq!(disks(), json!([there[1]]));

    let too_large = json!({"InstanceId": id, "DataDisks": [{"Size": 5000}]});
    cloud
        .ask("CreateDisk", &too_large)
        .refused(400, "InvalidDataDiskSize.ValueNotSupported");
    let unknown = json!({"InstanceId": id, "DataDisks": [{"Size": 50, "Type": "tape"}]});
    cloud
        .ask("CreateDisk", &unknown)
        .refused(400, "InvalidInstanceTypeDisk.ValueUnauthorized");
}

#[tokio::test(start_paused = true)]
async fn a_system_disk_only_grows() {
    let cloud = TestCloud::new();
    let id = cloud.servers(1).remove(0);
    cloud.finish("ExtendSystemDisk", &json!({"InstanceId": id, "Size": 60}));
    assert_eq!(cloud.instance(&id)["Disks"]["SystemDisk"]["Size"], 60);
    cloud
        .ask("ExtendSystemDisk", &json!({"InstanceId": id, "Size": 40}))
        .refused(403, "InvalidDiskSize.TooSmall");
    cloud
        .ask("ExtendSystemDisk", &json!({"InstanceId": id}))
        .refused(400, "MissingParameter");
}
