//! Terms that are paid in advance: when they end and what they cost. Months and days are China's,
//! as in the documents' examples, where a term ends at 16:00 UTC.

use crate::cloud::money::{Charge, Money, Wallet};
use jiff::civil::DateTime;
use jiff::tz::{Offset, offset};
use jiff::{Span, Timestamp};

pub(crate) const CHINA: Offset = offset(8);

/// For how long something is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Term {
    /// One at least.
    pub(crate) months: u64,
    /// It ends when a calendar month ends; the month in which it begins counts as the first.
    pub(crate) to_month_end: bool,
    /// A begun calendar month costs as much as a whole one.
    pub(crate) charges_whole_months: bool,
}

impl Term {
    /// When it ends; nothing where that is beyond the calendar.
    pub(crate) fn end(self, start: Timestamp) -> Option<Timestamp> {
        let months = Span::new()
            .try_months(i64::try_from(self.months).ok()?)
            .ok()?;
        let local = CHINA.to_datetime(start);
        let start = if self.to_month_end {
            first_of_month(local)
        } else {
            local
        };
        CHINA.to_timestamp(start.checked_add(months).ok()?).ok()
    }

    /// What it costs at so much a month.
    pub(crate) fn price(self, start: Timestamp, month: Money) -> Money {
        if self.to_month_end && !self.charges_whole_months {
            month * self.months.saturating_sub(1) + rest_of_month(start, month)
        } else {
            month * self.months
        }
    }

    /// Pays it again from one end to the next, until that is beyond now or the wallet does not
    /// cover it; the end that is paid for.
    pub(crate) fn renew(
        self,
        wallet: &mut Wallet,
        mut end: Timestamp,
        now: Timestamp,
        month: Money,
        service: &str,
        id: &str,
    ) -> Timestamp {
        while end <= now {
            let price = self.price(end, month);
            let Some(next) = self.end(end).filter(|_| wallet.covers(price)) else {
                break;
            };
            wallet.pay(Charge::new(
                end,
                service,
                "renewal",
                vec![id.to_owned()],
                price,
            ));
            end = next;
        }
        end
    }
}

/// A month's price for what is left of the calendar month, to the hundredth.
fn rest_of_month(start: Timestamp, month: Money) -> Money {
    let local = CHINA.to_datetime(start);
    let begin = first_of_month(local);
    let Ok(end) = begin.checked_add(Span::new().months(1)) else {
        return month;
    };
    let seconds = |from: DateTime| i128::from(end.duration_since(from).as_secs());
    let cents =
        (i128::from(month.in_cents()) * seconds(local) + seconds(begin) / 2) / seconds(begin);
    i64::try_from(cents).map_or(month, Money::cents)
}

fn first_of_month(time: DateTime) -> DateTime {
    time.date()
        .first_of_month()
        .to_datetime(jiff::civil::Time::midnight())
}

#[cfg(test)]
mod tests {
    use super::Term;
    use crate::cloud::format::{format_time, format_time_with_offset};
    use crate::cloud::money::Money;
    use jiff::Timestamp;

    fn ends(months: u64, to_month_end: bool) -> String {
        let start: Timestamp = "2022-06-22T12:19:08+08:00".parse().unwrap();
        format_time(
            Term {
                months,
                to_month_end,
                charges_whole_months: false,
            }
            .end(start)
            .unwrap(),
        )
    }

    #[test]
    fn the_documents_terms_end_as_it_says() {
        assert_eq!(
            (ends(1, false), ends(6, false)),
            ("2022-07-22 12:19:08".into(), "2022-12-22 12:19:08".into())
        );
        assert_eq!(
            (ends(1, true), ends(6, true)),
            ("2022-07-01 00:00:00".into(), "2022-12-01 00:00:00".into())
        );
        let end: Timestamp = "2022-07-01T00:00:00+08:00".parse().unwrap();
        assert_eq!(format_time_with_offset(end), "2022-06-30T16:00:00.000+0000");
    }

    #[test]
    fn a_begun_month_costs_its_share() {
        let half: Timestamp = "2022-06-16T00:00:00+08:00".parse().unwrap();
        let term = Term {
            months: 3,
            to_month_end: true,
            charges_whole_months: false,
        };
        let month = Money::yuan(100.0);
        assert_eq!(term.price(half, month), Money::yuan(250.0));
        assert_eq!(
            Term {
                charges_whole_months: true,
                ..term
            }
            .price(half, month),
            Money::yuan(300.0)
        );
        assert_eq!(
            Term {
                to_month_end: false,
                ..term
            }
            .price(half, month),
            Money::yuan(300.0)
        );
        let next: Timestamp = "2022-07-01T00:00:00+08:00".parse().unwrap();
        assert_eq!(term.price(next, month), Money::yuan(300.0));
    }

    #[test]
    fn a_term_beyond_the_calendar_has_no_end() {
        let term = Term {
            months: u64::MAX,
            to_month_end: true,
            charges_whole_months: false,
        };
        assert_eq!(term.end(Timestamp::UNIX_EPOCH), None);
    }
}
