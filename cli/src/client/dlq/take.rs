//! Taking letters out for a moment: hidden from other readers, and put back in the end.
//!
//! A letter that is taken is still in its queue. Whoever is interrupted loses none: what was not put
//! back comes back by itself when its time is over.

use std::collections::BTreeSet;
use std::time::Duration;

use aegis_aws::client::error::CallError;
use aegis_aws::client::queues::QueueMessage;
use futures::future::join_all;

use super::queues::Queues;

/// Long enough to work through a handful, short enough for the next who looks after an interruption.
const HIDDEN: Duration = Duration::from_secs(60);

/// Letters that are hidden until they are put back.
#[derive(Debug, Default)]
pub struct Taken {
    pub letters: Vec<QueueMessage>,
    seen: BTreeSet<String>,
}

impl Taken {
    pub fn holding(letter: QueueMessage) -> Self {
        Self {
            letters: vec![letter],
            seen: BTreeSet::new(),
        }
    }

    /// Takes up to `most` letters more, and returns how many it got: fewer only where no more wait.
    ///
    /// # Errors
    /// Of SQS. What was taken before stays taken.
    pub async fn more<Q: Queues>(
        &mut self,
        queues: &Q,
        url: &str,
        most: usize,
    ) -> Result<usize, CallError> {
        let before = self.letters.len();
        while self.letters.len() - before < most {
            let batch = queues.receive(url, HIDDEN).await?;
            if batch.is_empty() {
                break;
            }
            for letter in batch {
                // Handed out twice: the later receipt is the one that counts.
                if self.seen.insert(letter.id.clone()) {
                    self.letters.push(letter);
                } else if let Some(known) = self.letters.iter_mut().find(|one| one.id == letter.id)
                {
                    *known = letter;
                }
            }
        }
        Ok(self.letters.len() - before)
    }

    /// Lets the others see them again. One that cannot be put back comes back by itself.
    pub async fn put_back<Q: Queues>(self, queues: &Q, url: &str) {
        let back = self.letters.iter();
        let back = back.map(|letter| queues.put_back(url, &letter.receipt));
        for failed in join_all(back).await.into_iter().filter_map(Result::err) {
            errln!("a message stays hidden for up to a minute: {failed}");
        }
    }
}

/// The letter of this id, if it waits; all others that were looked at are put back.
///
/// # Errors
/// Of SQS.
pub async fn find<Q: Queues>(
    queues: &Q,
    url: &str,
    id: &str,
) -> Result<Option<QueueMessage>, CallError> {
    let mut taken = Taken::default();
    let mut outcome = Ok(None);
    loop {
        match taken.more(queues, url, 1).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
        if let Some(index) = taken.letters.iter().position(|letter| letter.id == id) {
            outcome = Ok(Some(taken.letters.swap_remove(index)));
            break;
        }
    }
    taken.put_back(queues, url).await;
    outcome
}
