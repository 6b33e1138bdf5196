//! Wakes everybody who waits for something to have changed.

use std::sync::Mutex;
use std::task::{Poll, Waker};

use crate::lock;

#[derive(Debug, Default)]
pub struct Bell(Mutex<(u64, Vec<Waker>)>);

impl Bell {
    pub fn ring(&self) {
        let mut state = lock(&self.0);
        state.0 += 1;
        for waker in state.1.drain(..) {
            waker.wake();
        }
    }

    /// Until it rings after this call.
    pub async fn rings(&self) {
        let heard = lock(&self.0).0;
        std::future::poll_fn(|context| {
            let mut state = lock(&self.0);
            if state.0 > heard {
                return Poll::Ready(());
            }
            state.1.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
