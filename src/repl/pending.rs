//! What a line leaves open in the cloud, and how to go on with it at the prompt.

use crate::gate::Pending;

/// A line for each call of unknown outcome and each task that goes on.
pub(super) fn lines(open: &Pending) -> Vec<String> {
    let unknown = open.unknown.iter().map(|call| {
        let advice = match &call.lookup {
            Some(lookup) => lookup.to_string(),
            None => "no documented Action shows it, look at the console".to_owned(),
        };
        format!(
            "unknown outcome: {} may have been carried out; {advice}",
            call.action
        )
    });
    let running = open.tasks.iter().map(|(task, action)| {
        let with: Vec<String> = task.with.iter().map(|(name, id)| format!("{name} = {id:?}")).collect();
        let with = if with.is_empty() { String::new() } else { format!(", {{ {} }}", with.join(", ")) };
        let handle = format!("task({:?}, {:?}{with})", task.dialect, task.id);
        let account = [("profile", &task.account.profile), ("region", &task.account.region)];
        let account = account.into_iter().filter_map(|(name, value)| Some(format!("{name} = {:?}", value.as_ref()?)));
        let account: Vec<String> = account.collect();
        let options = if account.is_empty() { String::new() } else { format!(", {{ {} }}", account.join(", ")) };
        format!("still running in the cloud: {task}, started by {action}; wait({handle}{options}) takes it up again")
    });
    unknown.chain(running).collect()
}
