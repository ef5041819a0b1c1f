//! Trial credits: money for what is used on demand, apart from the account's balance.

use crate::cloud::money::{Charge, Money};
use crate::cloud::world::World;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A trial credit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credit {
    /// `SubjectId` of creating Actions.
    pub(crate) id: u64,
    /// `TestAccount` of creating Actions.
    pub(crate) name: String,
    pub(crate) balance: Money,
    /// What it was in the beginning.
    pub(crate) income: Money,
    /// Its first day.
    pub(crate) begins: Date,
    /// Its last day.
    pub(crate) ends: Date,
    /// The goods that it pays for, as their numbers and names; all where there are none.
    #[serde(default)]
    pub(crate) goods: Vec<(String, String)>,
}

impl Credit {
    /// How many days it is good for.
    pub(crate) fn days(&self) -> i32 {
        self.ends.since(self.begins).map_or(0, |span| span.get_days())
    }
}

/// The credits of the documents' examples. They end later than there, so that they are still good.
pub(super) fn ready() -> Vec<Credit> {
    let credit = |id, name: &str, balance, income, begins| Credit {
        id,
        name: name.to_owned(),
        balance: Money::cents(balance),
        income: Money::cents(income),
        begins,
        ends: date(2036, 4, 14),
        goods: Vec::new(),
    };
    let goods = [("8534", "CCK镜像仓库增强配置"), ("8528", "带宽")].map(|(id, name)| (id.to_owned(), name.to_owned()));
    vec![
        credit(3_273_359, "测试项目-按需", 1_380_827, 1_380_827, date(2021, 12, 31)),
        Credit { goods: goods.to_vec(), ..credit(3_273_566, "指定区域测试", 11_111_000, 11_111_000, date(2023, 12, 7)) },
        credit(3_273_580, "测试", 100_000, 100_000, date(2024, 2, 21)),
        credit(3_273_581, "BMSTEST", 0, 300_000, date(2022, 1, 11)),
        credit(3_273_582, "kvmtest", 100_001, 110_001, date(2022, 3, 2)),
    ]
}

impl World {
    /// Whether there is a credit of this number.
    pub(crate) fn has_credit(&self, id: u64) -> bool {
        self.billing.credits.iter().any(|credit| credit.id == id)
    }

    /// The number of the credit of a name.
    pub(crate) fn credit_named(&self, name: &str) -> Option<u64> {
        self.billing.credits.iter().find(|credit| credit.name == name).map(|credit| credit.id)
    }

    /// What a credit still pays today; nothing before its first day and after its last one, and where it is for certain goods.
    fn good_credit(&self, id: u64) -> Money {
        let today = self.now().to_zoned(TimeZone::UTC).date();
        let is_good = |credit: &&Credit| credit.goods.is_empty() && (credit.begins..=credit.ends).contains(&today);
        self.billing.credits.iter().find(|credit| credit.id == id).filter(is_good).map_or(Money::ZERO, |credit| credit.balance)
    }

    /// Whether a price can be paid, beside all that is used and not paid yet: by a credit alone, or by the account.
    pub(crate) fn affords(&self, price: Money, credit: Option<u64>) -> bool {
        let due = self.due(credit);
        match credit {
            Some(id) => price + due <= self.good_credit(id),
            None => self.wallet.covers(price + due),
        }
    }

    /// Pays an order with a credit alone; the charge's number for a refund.
    pub(crate) fn pay_with_credit(
        &mut self,
        credit: u64,
        service: &str,
        item: &str,
        resources: Vec<String>,
        amount: Money,
    ) -> Option<usize> {
        let amount = self.take_credit(Some(credit), amount);
        let charge = Charge::new(self.now(), service, item, resources, amount);
        self.wallet.pay(Charge { credit: Some(credit), ..charge })
    }

    /// Gives an amount back to a credit.
    pub(crate) fn return_credit(&mut self, id: u64, amount: Money) {
        if let Some(credit) = self.billing.credits.iter_mut().find(|credit| credit.id == id) {
            credit.balance += amount;
        }
    }

    /// Takes as much of an amount from a credit as it still pays; how much that is.
    pub(super) fn take_credit(&mut self, id: Option<u64>, amount: Money) -> Money {
        let taken = id.map_or(Money::ZERO, |id| self.good_credit(id).min(amount)).max(Money::ZERO);
        if let Some(credit) = self.billing.credits.iter_mut().find(|credit| Some(credit.id) == id) {
            credit.balance -= taken;
        }
        taken
    }
}
