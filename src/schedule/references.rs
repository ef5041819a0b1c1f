//! What schedules of a file name of it: calendars, pools, other schedules.

use super::calendar::{Calendars, Listed, Window, Wrong};
use super::document::{Entry, Fault, Names, PoolTable};
use super::model::{RunLimits, Schedule};
use super::value::Zone;
use cumulua_core::catalog::suggest;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;

pub(super) fn fault((span, reason): Wrong) -> Fault {
    Fault::new(span, reason)
}

/// How many runs go on at once.
pub(super) fn run_limits(
    max_running: Option<&Spanned<u32>>,
    pools: &BTreeMap<String, Spanned<PoolTable>>,
) -> Result<RunLimits, Fault> {
    let check = |size: &Spanned<u32>| match *size.as_ref() {
        0 => Err(Fault::new(
            size.span(),
            "nothing could run: it is 1 at least",
        )),
        size => Ok(size),
    };
    let pool = |(name, table): (&String, &Spanned<PoolTable>)| {
        Ok((Arc::from(name.as_str()), check(&table.as_ref().size)?))
    };
    Ok(RunLimits {
        max_running: max_running.map(check).transpose()?,
        pools: pools.iter().map(pool).collect::<Result<_, _>>()?,
    })
}

fn listed(own: Option<&Spanned<Names>>, shared: Option<&Spanned<Names>>) -> Listed {
    own.or(shared).map_or_else(Listed::default, |names| Listed {
        names: names.as_ref().list(),
        place: names.span(),
    })
}

pub(super) fn window(
    own: &Entry,
    defaults: &Entry,
    zone: &Zone,
    calendars: &mut Calendars,
) -> Result<Option<Arc<Window>>, Fault> {
    let blocked = own
        .when_blocked
        .or(defaults.when_blocked)
        .unwrap_or_default();
    let window = calendars.window(
        &listed(own.not_during.as_ref(), defaults.not_during.as_ref()),
        &listed(own.only_during.as_ref(), defaults.only_during.as_ref()),
        blocked,
        zone,
    );
    Ok(window.map_err(fault)?.map(Arc::new))
}

pub(super) fn pool(
    own: &Entry,
    defaults: &Entry,
    limits: &RunLimits,
) -> Result<Option<Arc<str>>, Fault> {
    let Some(wanted) = own.pool.as_ref().or(defaults.pool.as_ref()) else {
        return Ok(None);
    };
    let known = limits.pools.get_key_value(wanted.as_ref().as_str());
    let (name, _) = known.ok_or_else(|| {
        let near = suggest::nearest(wanted.as_ref(), limits.pools.keys().map(|name| &**name));
        let hint = suggest::did_you_mean(&near);
        Fault::new(
            wanted.span(),
            format!("there is no [pool.{}]{hint}", wanted.as_ref()),
        )
    })?;
    Ok(Some(Arc::clone(name)))
}

/// Holds each `after` to schedules that there are, without a circle.
pub(super) fn check_chains(
    schedules: &[Arc<Schedule>],
    spans: &BTreeMap<Arc<str>, Range<usize>>,
) -> Result<(), Fault> {
    let after: BTreeMap<&str, &[Arc<str>]> = schedules
        .iter()
        .map(|schedule| (&*schedule.name, schedule.timing.after()))
        .collect();
    for (name, before) in &after {
        let wrong =
            |reason: String| Fault::new(spans.get(*name).cloned().unwrap_or_default(), reason);
        if let Some(unknown) = before.iter().find(|before| !after.contains_key(&***before)) {
            let near = suggest::nearest(unknown, after.keys().copied());
            let hint = suggest::did_you_mean(&near);
            return Err(wrong(format!("there is no schedule {unknown:?}{hint}")));
        }
        if let Some(circle) = circle(name, &after) {
            let circle = circle.join(", which follows ");
            return Err(wrong(format!("nothing makes it fire: {circle}")));
        }
    }
    Ok(())
}

/// The way from a schedule back to it, where there is one.
fn circle<'a>(from: &'a str, after: &BTreeMap<&'a str, &'a [Arc<str>]>) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![from]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for before in after.get(way.last()?).copied().into_iter().flatten() {
            let further = || way.iter().copied().chain([&**before]).collect();
            if &**before == from {
                return Some(further());
            }
            if seen.insert(&**before) {
                ways.push(further());
            }
        }
    }
    None
}
