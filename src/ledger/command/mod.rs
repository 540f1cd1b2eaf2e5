//! Commands: everything that changes the books. Each is an input (`input.rs`) with a [`Run`]:
//! what it needs to have loaded, what is wrong with its form, and what it does.

mod access;
mod contract;
mod contract_create;
mod credit;
mod credit_edit;
mod credit_end;
mod credit_type;
mod custom_field;
mod describe;
mod detail;
mod drawdown;
mod effects;
mod grant;
mod grant_edit;
mod house;
pub mod input;
mod manual;
mod patch;
mod product;
mod shape;
mod test_clock;
mod webhook;

use std::sync::Arc;

use domain::book::Act;
use domain::{
    Code, CreditTypeId, CustomerId, DrawdownId, Instant, Rejection, Scale, SegmentId, TestClockId,
};
use uuid::Uuid;

pub use access::TOKEN_SECONDS_MAX;
pub(crate) use drawdown::draw_request;
pub(crate) use effects::settle;
pub use shape::Shape;
pub(crate) use test_clock::move_clock;

use self::input::*;
use super::canonical;
use super::work::{AccountKey, Needs, Work};

/// Where a command acts: found before it queues, since it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// Whose books; the house's where it is no customer's.
    pub customer_id: CustomerId,
    /// In which unit, if it acts on one account.
    pub credit_type_id: Option<CreditTypeId>,
}

impl Home {
    /// What belongs to no customer.
    pub const HOUSE: Self = Self {
        customer_id: CustomerId::HOUSE,
        credit_type_id: None,
    };

    /// The account, if it acts on one.
    #[must_use]
    pub fn account(&self) -> Option<AccountKey> {
        Some((self.customer_id, self.credit_type_id?))
    }
}

/// How the home of a command is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locate {
    /// It is known.
    Known(Home),
    /// By a grant, credit or contract: kind and id.
    Object(&'static str, Uuid),
    /// By a drawdown, and its customer if the caller knows.
    Drawdown(DrawdownId, Option<CustomerId>),
    /// By a segment.
    Segment(SegmentId),
}

/// Who commands, where, with which key.
#[derive(Clone, Debug)]
pub struct Order {
    /// Name of the caller's key.
    pub actor: Arc<str>,
    /// Where it acts.
    pub home: Home,
    /// The caller's idempotency key.
    pub key: Option<String>,
    /// The canonical input.
    pub input: String,
}

/// What a command has made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The object.
    pub object_id: Uuid,
    /// The account whose balance is told.
    pub account: Option<AccountKey>,
}

/// What every command can say and do.
pub(crate) trait Run: Send + Sync {
    /// How its home is found, and the path of the id by which.
    fn locate(&self) -> (Locate, &'static str);

    /// What it needs to have loaded.
    fn needs(&self, home: Home, needs: &mut Needs);

    /// What is wrong with its form; an id alone has none.
    fn shape(&self, _: &mut Shape, _: &View<'_>) {}

    /// Does it, or refuses with nothing changed. Due boundaries have been posted.
    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection>;
}

/// What the form of an input is judged by.
pub(crate) struct View<'a> {
    /// The present.
    pub now: Instant,
    /// What was loaded; `None` where the home was not found.
    pub work: Option<&'a Work<'a>>,
    /// Where it acts.
    pub home: Option<Home>,
}

impl View<'_> {
    /// Scale of a unit, if there is such a unit.
    pub fn scale(&self, id: CreditTypeId) -> Option<Scale> {
        let row = &self.work?.state.credit_types.get(&id)?.row;
        u8::try_from(row.scale).ok()
    }

    /// Scale of the unit of the account that the command acts on.
    pub fn home_scale(&self) -> Option<Scale> {
        self.scale(self.home?.credit_type_id?)
    }
}

macro_rules! commands {
    ($($name:ident = $operation:literal),* $(,)?) => {
        /// Any command.
        #[derive(Clone, Debug)]
        pub enum Command {
            $(#[doc = concat!("`", $operation, "`.")] $name($name)),*
        }

        impl Command {
            /// Names of all operations.
            pub const OPERATIONS: &'static [&'static str] = &[$($operation),*];

            /// Its name in the API: what an idempotency key belongs to.
            #[must_use]
            pub fn operation(&self) -> &'static str {
                match self { $(Self::$name(_) => $operation),* }
            }

            /// Its input in the canonical form.
            #[must_use]
            pub fn canonical(&self) -> String {
                match self { $(Self::$name(command) => canonical::input(command)),* }
            }

            /// The uniqueness key that a new grant wants to have.
            #[must_use]
            pub fn wants_key(&self) -> Option<&str> {
                match self {
                    Self::CreateCreditGrant(grant) => grant.uniqueness_key.as_deref(),
                    _ => None,
                }
            }

            /// The test clock that it sets to work.
            pub(crate) fn test_clock_at_work(&self) -> Option<TestClockId> {
                match self {
                    Self::AdvanceTestClock(advance) => Some(advance.id),
                    Self::DeleteTestClock(delete) => Some(delete.id),
                    _ => None,
                }
            }

            pub(crate) fn rules(&self) -> &dyn Run {
                match self { $(Self::$name(command) => command),* }
            }
        }

        $(impl From<$name> for Command {
            fn from(command: $name) -> Self {
                Self::$name(command)
            }
        })*
    };
}

commands! {
    CreateCustomer = "createCustomer",
    UpdateCustomer = "updateCustomer",
    ArchiveCustomer = "archiveCustomer",
    CreateTestClock = "createTestClock",
    AdvanceTestClock = "advanceTestClock",
    DeleteTestClock = "deleteTestClock",
    SettleTestClock = "settleTestClock",
    CreateWebhookEndpoint = "createWebhookEndpoint",
    UpdateWebhookEndpoint = "updateWebhookEndpoint",
    DeleteWebhookEndpoint = "deleteWebhookEndpoint",
    RotateWebhookSecret = "rotateWebhookSecret",
    CreateCreditType = "createCreditType",
    UpdateCreditType = "updateCreditType",
    CreateProduct = "createProduct",
    UpdateProduct = "updateProduct",
    CreateContract = "createContract",
    EndContract = "endContract",
    ExtendContract = "extendContract",
    ArchiveContract = "archiveContract",
    AddCustomFieldKey = "addCustomFieldKey",
    RemoveCustomFieldKey = "removeCustomFieldKey",
    SetCustomFields = "setCustomFields",
    CreateCreditGrant = "createCreditGrant",
    EditCreditGrant = "editCreditGrant",
    ExpireCreditGrant = "expireCreditGrant",
    VoidCreditGrant = "voidCreditGrant",
    CreateCredit = "createCredit",
    EditCredit = "editCredit",
    EndCredit = "endCredit",
    VoidCredit = "voidCredit",
    DrawDown = "drawDown",
    CaptureDrawdown = "captureDrawdown",
    ReleaseDrawdown = "releaseDrawdown",
    ReverseDrawdown = "reverseDrawdown",
    AddManualLedgerEntry = "addManualLedgerEntry",
    PatchCustomer = "patchCustomer",
    PatchCreditGrant = "patchCreditGrant",
    AddProductExternalId = "addProductExternalId",
    CreateApiKey = "createApiKey",
    RevokeApiKey = "revokeApiKey",
    CreateCustomerToken = "createCustomerToken",
    RotateSigningKey = "rotateSigningKey",
}

fn act<'a>(work: &Work<'a>, order: &'a Order, reason: Option<&'a str>) -> Act<'a> {
    Act {
        now: work.now,
        recorded: work.recorded,
        actor: &order.actor,
        reason,
        ids: work.ids,
    }
}

/// Fields of the canonical form that the API calls otherwise.
const SPOKEN: [(&str, &str); 2] = [("partial", "onShortfall"), ("extend", "ifExpired")];

/// The refusal of a key that was used with another input; names the first field that differs.
pub(crate) fn mismatch(before: &str, now: &str) -> Rejection {
    let path = canonical::first_difference(before, now);
    let spoken = SPOKEN.iter().find(|(written, _)| *written == path);
    let path = spoken.map_or(path, |(_, spoken)| (*spoken).to_owned());
    let what = if path.is_empty() {
        "its input".to_owned()
    } else {
        path.clone()
    };
    let message = format!("this idempotency key was used before with another value of {what}");
    Rejection::new(Code::IdempotencyMismatch, &path, message)
}

fn not_found(path: &str, what: &str) -> Rejection {
    Rejection::new(
        Code::NotFound,
        path,
        format!("there is no {what} with this id"),
    )
}

fn archived(path: &str, what: &str) -> Rejection {
    Rejection::new(Code::Archived, path, format!("this {what} is archived"))
}
