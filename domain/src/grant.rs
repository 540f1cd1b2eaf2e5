//! Categories of grants and the rule of rollover (rule 13).

use serde::{Deserialize, Serialize};

use crate::{Amount, DecimalText, Instant};

macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType))]
        #[cfg_attr(feature = "sea-orm", sea_orm(value_type = "String"))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),* }

        impl $name {
            /// Every variant, in the order of the API.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the API and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(UnknownName) }
            }
        }
    };
}
pub(crate) use text_enum;

/// A text that names no variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown name")]
pub struct UnknownName;

text_enum! {
    /// Whether a grant was paid for.
    Category {
        /// Paid for.
        Paid = "PAID",
        /// Given.
        Promotional = "PROMOTIONAL",
    }
}

text_enum! {
    /// How the cap of a rollover is given.
    RolloverKind {
        /// An amount.
        MaxAmount = "MAX_AMOUNT",
        /// A share, 0..1, of the original amount.
        MaxPercentage = "MAX_PERCENTAGE",
    }
}

/// What becomes of the rest of a grant when its window ends by time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollover {
    /// At most this much rolls over, in minor units.
    pub cap: Amount,
    /// Priority of the grant that takes over.
    pub priority: f64,
    /// Its end; where it does not lie after the old end nothing rolls (decision 5).
    pub expires_at: Instant,
}

impl Rollover {
    /// What rolls over of a rest, given the end it is reached at: min(rest, cap).
    #[must_use]
    pub fn rolls(&self, rest: Amount, end: Instant) -> Amount {
        if self.expires_at > end {
            rest.min(self.cap).max(0)
        } else {
            0
        }
    }
}

/// The cap of a rollover by percentage: rounded down, the only rounding there is (rule 1).
#[must_use]
pub fn percentage_cap(original: Amount, share: DecimalText) -> Amount {
    share.share_of(original)
}
