//! A lane of the writer: its queue, its thread, its connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::CustomerId;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

use super::aside::Aside;
use super::connect::Connected;
use super::desk::Desk;
use super::error::Refusal;
use super::guess::Wary;
use super::load::Lock;
use super::shelf::{self, Shelf};
use super::writer::{BATCH_MAX, Task};

/// A queue of commands, and the thread that carries them out.
pub(super) struct Lane {
    /// What its transactions need.
    pub desk: Arc<Desk>,
    /// For what waits for locked accounts, in the main runtime.
    pub waiting: Arc<Desk>,
    /// Where that waits.
    pub aside: Arc<Aside<Task>>,
    /// The main runtime.
    pub main: Handle,
}

impl Lane {
    /// Starts it in a thread of its own: a lane talks to the database and to nobody else, and a
    /// runtime that shares its tasks wakes a second thread at every answer.
    pub fn start(
        self,
        queue: mpsc::Receiver<Task>,
        connect: impl Fn() -> Connected + Send + 'static,
    ) -> oneshot::Receiver<()> {
        let (stopped, running) = oneshot::channel();
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                std::thread::spawn(move || {
                    // Inside, since connecting needs the runtime around it.
                    runtime.block_on(async { self.connected(connect).run(queue).await });
                    let _ = stopped.send(());
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a lane has no runtime of its own");
                let main = self.main.clone();
                main.spawn(async move {
                    self.run(queue).await;
                    let _ = stopped.send(());
                });
            }
        }
        running
    }

    fn connected(mut self, connect: impl Fn() -> Connected) -> Self {
        let Connected { db, fast } = connect();
        self.desk = Arc::new(Desk {
            db: db.unwrap_or_else(|| self.desk.db.clone()),
            fast,
            turn: self.desk.turn.clone(),
            clock: Arc::clone(&self.desk.clock),
            ids: Arc::clone(&self.desk.ids),
            lateness_max_days: self.desk.lateness_max_days,
            bells: Arc::clone(&self.desk.bells),
            metrics: self.desk.metrics.clone(),
            shelf: Shelf::new(shelf::ROOM),
            wary: Wary::default(),
            blind: Wary::default(),
        });
        self
    }

    async fn run(self, mut queue: mpsc::Receiver<Task>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let tasks = std::mem::take(&mut batch);
            if let Some(busy) = self.desk.guarded(tasks, Lock::Free).await {
                self.set_aside(busy);
            }
        }
    }

    /// Waits elsewhere for accounts that someone else has locked, each customer apart.
    fn set_aside(&self, tasks: Vec<Task>) {
        let mut by_customer: BTreeMap<CustomerId, Vec<_>> = BTreeMap::new();
        for task in tasks {
            if let Some(place) = self.aside.place() {
                let line = by_customer.entry(task.customer()).or_default();
                line.push((task, place));
            } else {
                let _ = task.reply.send(Err(Refusal::Overloaded));
            }
        }
        for (customer, places) in by_customer {
            if self.aside.put(customer, places) {
                let (desk, aside) = (Arc::clone(&self.waiting), Arc::clone(&self.aside));
                self.main
                    .spawn(async move { desk.wait_for(customer, &aside).await });
            }
        }
    }
}
