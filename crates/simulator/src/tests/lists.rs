//! What the dashboard shows of the services.

use super::TestCloud;
use serde_json::Value as Json;

#[tokio::test(start_paused = true)]
async fn every_list_of_every_service_is_among_its_lists() {
    let cloud = TestCloud::new();
    let state = cloud.simulator.state();
    for service in state.kernel.services {
        // The account with Alibaba is no service: its orders and tokens are no resources.
        let Some(kind) = service.state().filter(|_| service.name() != "aliyun") else { continue };
        let lists = service.lists(&state.kernel.cloud);
        let json = serde_json::to_value((kind.new)()).unwrap();
        let fields = json.as_object().unwrap().iter();
        for (name, _) in fields.filter(|(_, value)| matches!(value, Json::Array(_))) {
            let is_listed = lists.iter().any(|(listed, _)| listed == name);
            assert!(is_listed, "{} does not list {name}", service.name());
        }
    }
}
