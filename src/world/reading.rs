//! Fence devices that are read beside something else.

use super::fence::Fence;
use super::parallel::at_once;
use crate::model::{DeviceName, Host, Peer, PowerState};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

type Answers = Vec<(DeviceName, PowerState)>;

/// Devices that are being asked. Each question ends by itself, after its device's `timeout`; that is waited for when this is
/// dropped, so that no program of ours outlives the run.
#[derive(Debug)]
pub(super) struct Reading(Option<JoinHandle<Answers>>);

impl Reading {
    /// Ask these devices for the power of a host, all at the same time. Where no thread can be had none of them is asked.
    pub(super) fn begin(
        fence: Arc<Fence>,
        (host, document): (Host, String),
        devices: Vec<(DeviceName, Option<Peer>)>,
    ) -> Self {
        let ask = move || {
            let said =
                at_once(&devices, |(device, via)| fence.status(&host, &document, device, via.as_ref()));
            devices.into_iter().map(|(device, _)| device).zip(said).collect()
        };
        Self(Builder::new().spawn(ask).ok())
    }

    /// Are all answers in?
    pub(super) fn is_in(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// What the devices have said, when all have. One whose thread has ended without an answer has said nothing.
    pub(super) fn answers(mut self) -> Answers {
        self.0.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}
