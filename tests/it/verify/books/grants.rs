//! The grants of the books.

use domain::CreditGrantId;
use domain::grant::{Category, RolloverKind};
use scrip::ledger::command::input::*;
use serde_json::json;

use super::{Author, Cast, amount, usd};

impl Author<'_> {
    pub(super) fn grant(
        &self,
        cast: Cast,
        name: &str,
        value: &str,
        expires: Option<i64>,
    ) -> CreateCreditGrant {
        CreateCreditGrant {
            customer_id: cast.acme,
            name: name.to_owned(),
            grant_amount: usd(value),
            paid_amount: None,
            category: None,
            priority: 50.0,
            effective_at: None,
            expires_at: expires.map(|days| self.day(days)),
            invoice_date: None,
            invoice_id: None,
            product_ids: Vec::new(),
            rollover: None,
            reason: None,
            grant_type: None,
            custom_fields: None,
            uniqueness_key: None,
        }
    }

    pub(super) async fn make_grant(
        &self,
        grant: CreateCreditGrant,
        key: Option<&str>,
    ) -> CreditGrantId {
        CreditGrantId(self.order(grant, key).await.object_id)
    }

    /// Grants of every sort and end.
    pub(super) async fn grants(&self, cast: Cast) {
        self.lasting_grants(cast).await;
        self.grants_of_mistakes(cast).await;
        self.grants_that_end(cast).await;
    }

    async fn lasting_grants(&self, cast: Cast) {
        let rollover = |kind, value: &str| RolloverInput {
            kind,
            value: amount(value),
            priority: 7.0,
            expires_at: self.day(90),
        };
        let rolling = CreateCreditGrant {
            paid_amount: Some(usd("80")),
            priority: 10.0,
            invoice_date: Some(self.day(0)),
            invoice_id: Some("inv-1".to_owned()),
            product_ids: vec![cast.api],
            rollover: Some(rollover(RolloverKind::MaxPercentage, "0.25")),
            reason: Some("bought".to_owned()),
            grant_type: Some("prepaid".to_owned()),
            custom_fields: Some(json!({ "deal": 1 })),
            uniqueness_key: Some("rolling".to_owned()),
            ..self.grant(cast, "rolling", "100", Some(30))
        };
        self.make_grant(rolling, Some("g1")).await;
        let capped = CreateCreditGrant {
            category: Some(Category::Paid),
            rollover: Some(rollover(RolloverKind::MaxAmount, "5")),
            ..self.grant(cast, "capped", "20", Some(35))
        };
        self.make_grant(capped, None).await;
        self.make_grant(self.grant(cast, "lasting", "500", None), None)
            .await;
        let scheduled = CreateCreditGrant {
            effective_at: Some(self.day(300)),
            uniqueness_key: Some("scheduled".to_owned()),
            ..self.grant(cast, "scheduled", "7", Some(330))
        };
        self.make_grant(scheduled, None).await;
    }

    async fn grants_of_mistakes(&self, cast: Cast) {
        let mistake = CreateCreditGrant {
            effective_at: Some(self.day(100)),
            uniqueness_key: Some("mistake".to_owned()),
            ..self.grant(cast, "mistake", "9", None)
        };
        let mistake = self.make_grant(mistake, None).await;
        let void = |id, remainder_only| VoidCreditGrant {
            id,
            reason: Some("a mistake".to_owned()),
            release_uniqueness_key: true,
            void_purchase_invoice: false,
            remainder_only,
            once_more: false,
            unless_over: false,
        };
        self.order(void(mistake, false), Some("v1")).await;
        let started = self.grant(cast, "started mistake", "11", None);
        let started = self.make_grant(started, None).await;
        self.order(void(started, false), None).await;
    }

    async fn grants_that_end(&self, cast: Cast) {
        let ended = self.grant(cast, "ended", "13", Some(60));
        let ended = self.make_grant(ended, None).await;
        self.go_to(1);
        let expire = ExpireCreditGrant {
            id: ended,
            reason: Some("gone".to_owned()),
        };
        self.order(expire, Some("e1")).await;
        let revived = self.grant(cast, "revived", "17", Some(2));
        let revived = self.make_grant(revived, None).await;
        self.go_to(3);
        let edit = EditCreditGrant {
            id: revived,
            name: Some("revived indeed".to_owned()),
            expires_at: Some(self.day(200)),
            never_expires: false,
            grant_type: None,
            reason: Some("extended".to_owned()),
            custom_fields: None,
        };
        self.order(edit, Some("e2")).await;
        let other = CreateCreditGrant {
            grant_amount: AmountInput {
                amount: amount("42.42"),
                credit_type_id: cast.tokens,
            },
            ..self.grant(cast, "tokens", "0", Some(50))
        };
        self.make_grant(other, None).await;
    }
}
