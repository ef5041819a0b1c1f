//! Pages of a list.

use crate::cloud::call::Call;
use crate::cloud::page_fault::PageFault;
use crate::cloud::refusal::Refusal;

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Counts from 1.
    pub(crate) number: u64,
    /// How many items it has at most; never 0.
    pub(crate) size: u64,
    skip: u64,
    fault: PageFault,
}

impl Call<'_> {
    /// The page that is asked for with the parameters that the catalogue names; the first one where
    /// it names none.
    pub(crate) fn page(&self, default_size: u64) -> Result<Page, Refusal> {
        let Some(paginator) = &self.action.paginator else {
            return Ok(Page::new(1, default_size));
        };
        let given = |name: &'_ Option<String>| {
            name.clone()
                .and_then(|name| Some((self.params.number(&name)?, name)))
        };
        let mut page = Page::new(1, default_size);
        for (size, name) in given(&paginator.size)
            .into_iter()
            .chain(given(&paginator.limit))
        {
            let size = u64::try_from(size).ok().filter(|size| *size > 0);
            page = Page::new(
                1,
                size.ok_or_else(|| self.malformed(&name, "it must be 1 at least"))?,
            );
        }
        if let Some((number, name)) = given(&paginator.page) {
            let number = u64::try_from(number).ok().filter(|number| *number > 0);
            page = Page::new(
                number.ok_or_else(|| self.malformed(&name, "pages count from 1"))?,
                page.size,
            );
        }
        if let Some((offset, name)) = given(&paginator.offset) {
            page.skip = u64::try_from(offset)
                .map_err(|_| self.malformed(&name, "it must be 0 at least"))?;
        }
        page.fault = self.page_fault;
        Ok(page)
    }
}

impl Page {
    pub(crate) fn new(number: u64, size: u64) -> Self {
        let size = size.max(1);
        Self {
            number,
            size,
            skip: number.saturating_sub(1).saturating_mul(size),
            fault: PageFault::None,
        }
    }

    /// What of a list is on the page.
    pub(crate) fn take<T>(self, items: impl Iterator<Item = T>) -> Vec<T> {
        self.take_from(|first| items.skip(first))
    }

    /// The same of a list that can begin at its n-th item.
    pub(crate) fn take_from<T, I: Iterator<Item = T>>(
        self,
        items: impl FnOnce(usize) -> I,
    ) -> Vec<T> {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let skip = match self.fault {
            PageFault::Grown => self.skip.saturating_sub(1),
            PageFault::Shrunk => self.skip.saturating_add(1),
            PageFault::None => self.skip,
        };
        items(size(skip)).take(size(self.size)).collect()
    }

    /// How many pages so many items have.
    pub(crate) fn count(self, items: usize) -> u64 {
        (items as u64).div_ceil(self.size)
    }

    /// How many items come before the page.
    pub(crate) fn offset(self) -> u64 {
        self.skip
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn pages_count_from_one_and_the_last_may_be_short() {
        assert_eq!(Page::new(2, 3).take(0..5), [3, 4]);
        assert_eq!(
            (
                Page::new(1, 3).count(5),
                Page::new(1, 3).count(6),
                Page::new(1, 3).count(0)
            ),
            (2, 2, 0)
        );
        assert!(Page::new(u64::MAX, u64::MAX).take(0..5).is_empty());
    }
}
