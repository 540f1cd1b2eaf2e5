//! What several requests of one worker ask for at the same time is asked for in one statement.
//!
//! The first who asks for rows of some parents leads: it lets join whoever is ready, asks for the
//! rows of all their parents, and gives each its own. Who comes while that statement is under way
//! waits for the next one, which goes out when it is back. So who comes alone waits for nobody, and
//! the more there are, the more share a statement: sixty balances at a time cost the database a fifth
//! of what they cost one by one.
//!
//! A statement begins after all that it answers was asked, so nobody reads what is older than the
//! question. Only plain reads by parent go this way, which wait for no lock; what is due is posted by
//! each for itself. Where a statement fails or its leader goes away, each asks for itself.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::CustomerId;
use sea_orm::{DatabaseConnection, Statement, Value};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use uuid::Uuid;

use super::dialect::Sql;
use super::fetch::{Parents, once_each};
use super::scope::Row;
use super::{Read, Reader};
use crate::ledger::embedded::Embedded;

/// Parents that a statement has room for: beyond that company gains nothing, and holds up. Who asks
/// for more asks alone.
const PARENTS_MAX: usize = 256;

/// A parent: its customer, and itself.
pub(super) type Parent = (CustomerId, Uuid);

/// What the requests of one worker ask for together.
pub(in crate::ledger) struct Together {
    db: DatabaseConnection,
    /// SQLite in the thread of the worker.
    embedded: Option<Mutex<Embedded>>,
    groups: Mutex<Vec<Group>>,
}

/// Those who wait for rows of one shape while another one leads.
struct Group {
    shape: Arc<Shape>,
    waiting: Vec<Waiting>,
}

/// What is the same in all statements that differ by the parents alone.
struct Shape {
    text: String,
    values: Vec<Value>,
    rows: TypeId,
}

struct Waiting {
    parents: Vec<Parent>,
    tell: oneshot::Sender<Told>,
}

/// What one who waits is told.
enum Told {
    /// Its rows: a list of rows of the shape.
    Rows(Box<dyn Any + Send>),
    /// That it leads now.
    Lead(Lead),
}

enum Joined {
    Lead(Lead),
    Wait(oneshot::Receiver<Told>),
}

/// The lead of a group. Whoever lets go of it passes it on.
struct Lead {
    together: Option<Arc<Together>>,
    shape: Arc<Shape>,
}

impl Together {
    /// Asks by these connections; by the second where it can.
    pub(in crate::ledger) fn new(db: DatabaseConnection, embedded: Option<Embedded>) -> Self {
        Self {
            db,
            embedded: embedded.map(Mutex::new),
            groups: Mutex::default(),
        }
    }

    /// Rows that SQLite answers at once in the thread at hand. `None`: they are for the driver.
    pub(super) fn at_hand<R: Row>(&self, statement: &Statement) -> Option<Vec<R>> {
        let read = R::AT_HAND?;
        // Taken by another thread: it is not waited for.
        let embedded = self.embedded.as_ref()?.try_lock().ok()?;
        embedded.at_once(statement, read)
    }

    fn groups(&self) -> MutexGuard<'_, Vec<Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(self: &Arc<Self>, shape: Shape, parents: &[Parent]) -> Joined {
        let mut groups = self.groups();
        let group = groups.iter_mut().find(|group| group.shape.is(&shape));
        if let Some(group) = group {
            let (tell, told) = oneshot::channel();
            group.waiting.push(Waiting {
                parents: parents.to_vec(),
                tell,
            });
            return Joined::Wait(told);
        }
        let shape = Arc::new(shape);
        groups.push(Group {
            shape: Arc::clone(&shape),
            waiting: Vec::new(),
        });
        Joined::Lead(Lead {
            together: Some(Arc::clone(self)),
            shape,
        })
    }
}

impl Shape {
    fn is(&self, other: &Self) -> bool {
        self.rows == other.rows && self.text == other.text && self.values == other.values
    }
}

impl Lead {
    /// Those who waited so far, as many as there is room for; for who asks for the same there is.
    fn take(&self, own: &[Parent]) -> Vec<Waiting> {
        let Some(together) = &self.together else {
            return Vec::new();
        };
        let mut groups = together.groups();
        let group = groups
            .iter_mut()
            .find(|group| Arc::ptr_eq(&group.shape, &self.shape));
        let Some(group) = group else {
            return Vec::new();
        };
        let mut all: HashSet<Parent> = own.iter().copied().collect();
        let room = PARENTS_MAX.max(all.len());
        let fits = group.waiting.iter().take_while(|waiting| {
            all.extend(&waiting.parents);
            all.len() <= room
        });
        let fits = fits.count();
        group.waiting.drain(..fits).collect()
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let Some(together) = self.together.take() else {
            return;
        };
        loop {
            let next = {
                let mut groups = together.groups();
                let place = groups
                    .iter()
                    .position(|group| Arc::ptr_eq(&group.shape, &self.shape));
                let Some(place) = place else { return };
                match groups.get_mut(place) {
                    Some(group) if !group.waiting.is_empty() => group.waiting.remove(0),
                    _ => {
                        groups.swap_remove(place);
                        return;
                    }
                }
            };
            let lead = Self {
                together: Some(Arc::clone(&together)),
                shape: Arc::clone(&self.shape),
            };
            match next.tell.send(Told::Lead(lead)) {
                Ok(()) => return,
                // It has gone away. Not dropped with its lead: that would go one level deeper for
                // each who is gone.
                Err(Told::Lead(mut lead)) => drop(lead.together.take()),
                Err(Told::Rows(_)) => {}
            }
        }
    }
}

impl Reader {
    /// The rows of these parents, as `write` asks for them, each of the parent that `parent` says;
    /// together with what other requests of this worker ask for. Rows that are not in the scope go no
    /// further.
    pub(super) async fn together<R: Row + Clone + Send + 'static>(
        &self,
        parents: &Parents<'_>,
        write: impl Fn(&mut Sql, &Parents<'_>),
        parent: impl Fn(&R) -> Uuid,
    ) -> Read<Vec<R>> {
        let own = parents.each_once();
        let mut rows = match &self.together {
            Some(together) => {
                let shape = self.shape::<R>(parents, &write);
                match self.turn(together, shape, &own).await {
                    Turn::Lead(lead) => self.lead(&lead, &own, parents, &write, &parent).await?,
                    Turn::Rows(rows) => rows,
                    Turn::Alone => self.alone(&self.db, parents, &write).await?,
                }
            }
            None => self.alone(&self.db, parents, &write).await?,
        };
        rows.retain(|row| self.scope.admits(row.owner()));
        Ok(rows)
    }

    /// The statement as it would be for nobody in particular.
    fn shape<R: 'static>(
        &self,
        parents: &Parents<'_>,
        write: impl Fn(&mut Sql, &Parents<'_>),
    ) -> Shape {
        let mut sql = self.sql();
        let nobody = (CustomerId(Uuid::nil()), Uuid::nil());
        parents.instead(&[nobody], |parents| write(&mut sql, parents));
        let statement = sql.statement();
        Shape {
            text: statement.sql,
            values: statement.values.map(|values| values.0).unwrap_or_default(),
            rows: TypeId::of::<R>(),
        }
    }

    async fn turn<R: 'static>(
        &self,
        together: &Arc<Together>,
        shape: Shape,
        own: &[Parent],
    ) -> Turn<R> {
        let told = match together.join(shape, own) {
            Joined::Lead(lead) => return Turn::Lead(lead),
            Joined::Wait(told) => told,
        };
        match told.await {
            Ok(Told::Lead(lead)) => Turn::Lead(lead),
            Ok(Told::Rows(rows)) => rows
                .downcast()
                .map_or(Turn::Alone, |rows| Turn::Rows(*rows)),
            Err(_) => Turn::Alone,
        }
    }

    /// Asks for all who are ready.
    async fn lead<R: Row + Clone + Send + 'static>(
        &self,
        lead: &Lead,
        own: &[Parent],
        parents: &Parents<'_>,
        write: impl Fn(&mut Sql, &Parents<'_>),
        parent: impl Fn(&R) -> Uuid,
    ) -> Read<Vec<R>> {
        let Some(together) = &lead.together else {
            return self.alone(&self.db, parents, write).await;
        };
        // Whatever else is ready to run may join first.
        yield_now().await;
        let waiting = lead.take(own);
        if waiting.is_empty() {
            return self.alone(&together.db, parents, write).await;
        }
        let others = waiting.iter().flat_map(|waiting| &waiting.parents);
        let all = once_each(own.iter().chain(others).copied());
        let mut sql = self.sql();
        parents.instead(&all, |parents| write(&mut sql, parents));
        let rows = self.asked(&together.db, sql).await?;
        let mut shares = Shares::of(rows, parent);
        shares.claim(own);
        for waiting in &waiting {
            shares.claim(&waiting.parents);
        }
        for Waiting { parents, tell } in waiting {
            // Who has gone away is told nothing.
            let _ = tell.send(Told::Rows(Box::new(shares.take(&parents))));
        }
        Ok(shares.take(own))
    }

    async fn alone<R: Row>(
        &self,
        db: &DatabaseConnection,
        parents: &Parents<'_>,
        write: impl Fn(&mut Sql, &Parents<'_>),
    ) -> Read<Vec<R>> {
        let mut sql = self.sql();
        write(&mut sql, parents);
        self.asked(db, sql).await
    }
}

/// What comes of asking to join.
enum Turn<R> {
    /// It asks for all.
    Lead(Lead),
    /// Somebody asked for it.
    Rows(Vec<R>),
    /// It asks for itself.
    Alone,
}

/// Rows by parent, and how many still want them: the last takes them, the others have copies.
struct Shares<R> {
    rows: HashMap<Uuid, Vec<R>>,
    claims: HashMap<Uuid, usize>,
}

impl<R: Clone> Shares<R> {
    fn of(rows: Vec<R>, parent: impl Fn(&R) -> Uuid) -> Self {
        let mut by_parent: HashMap<Uuid, Vec<R>> = HashMap::new();
        for row in rows {
            by_parent.entry(parent(&row)).or_default().push(row);
        }
        Self {
            rows: by_parent,
            claims: HashMap::new(),
        }
    }

    fn claim(&mut self, parents: &[Parent]) {
        for (_, id) in parents {
            *self.claims.entry(*id).or_default() += 1;
        }
    }

    fn take(&mut self, parents: &[Parent]) -> Vec<R> {
        let mut taken = Vec::new();
        for (_, id) in parents {
            let claims = self.claims.entry(*id).or_default();
            *claims = claims.saturating_sub(1);
            if *claims == 0 {
                taken.append(&mut self.rows.remove(id).unwrap_or_default());
            } else {
                taken.extend(self.rows.get(id).into_iter().flatten().cloned());
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests;
