//! Places for runs of one process that work on VMs at the same time.

use std::sync::{Arc, Mutex, PoisonError};

/// So many, shared by all runs of a process.
#[derive(Clone, Debug)]
pub struct Places(Arc<Mutex<u32>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Places);

impl Places {
    /// This many are free.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self(Arc::new(Mutex::new(most)))
    }

    pub(super) fn take(&self) -> Option<Place> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Place(self.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut free = (self.0).0.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_and_one_that_is_left_is_free_again() {
        let places = Places::new(2);
        let (first, second) = (places.take(), places.clone().take());
        assert!(first.is_some() && second.is_some() && places.take().is_none());
        drop(first);
        assert!(places.take().is_some());
    }
}
