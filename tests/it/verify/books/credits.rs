//! The credits of the books.

use domain::{ContractId, CreditId, CreditTypeId, SegmentId};
use scrip::ledger::command::input::*;
use serde_json::json;

use super::{Author, Cast, amount};

/// A segment: amount, and from which day to which.
type Planned<'a> = (&'a str, i64, Option<i64>);

impl Author<'_> {
    fn credit(&self, cast: Cast, segments: &[Planned<'_>]) -> CreateCredit {
        let segments = segments.iter();
        let segments = segments.map(|(value, from, to)| SegmentInput {
            amount: amount(value),
            starting_at: self.day(*from),
            ending_before: to.map(|to| self.day(to)),
        });
        CreateCredit {
            customer_id: cast.acme,
            contract_id: None,
            product_id: cast.api,
            priority: 3.0,
            access_schedule: AccessScheduleInput {
                credit_type_id: CreditTypeId::USD,
                segments: segments.collect(),
            },
            name: Some("credit".to_owned()),
            description: Some("a credit".to_owned()),
            applicable_contract_ids: Vec::new(),
            applicable_product_ids: Vec::new(),
            applicable_product_tags: Vec::new(),
            specifiers: Vec::new(),
            rate_type: "LIST_RATE".to_owned(),
            custom_fields: Some(json!({ "a": [1, 2] })),
            netsuite_sales_order_id: Some("ns-1".to_owned()),
            salesforce_opportunity_id: Some("sf-1".to_owned()),
            uniqueness_key: None,
        }
    }

    async fn make_credit(&self, credit: CreateCredit, key: Option<&str>) -> CreditId {
        CreditId(self.order(credit, key).await.object_id)
    }

    /// Credits of every sort and end.
    pub(super) async fn credits(&self, cast: Cast) {
        self.credits_with_scopes(cast).await;
        self.edited_credit(cast).await;
        self.credits_that_end(cast).await;
    }

    fn credit_of(
        &self,
        cast: Cast,
        contract: ContractId,
        segments: &[Planned<'_>],
    ) -> CreateCredit {
        CreateCredit {
            contract_id: Some(contract),
            ..self.credit(cast, segments)
        }
    }

    async fn credits_with_scopes(&self, cast: Cast) {
        let specified = CreateCredit {
            specifiers: vec![SpecifierInput {
                product_id: Some(cast.api),
                product_tags: vec!["metered".to_owned()],
                pricing_group_values: Some(json!({ "region": "eu" })),
                presentation_group_values: None,
            }],
            uniqueness_key: Some("specified".to_owned()),
            ..self.credit(
                cast,
                &[("10", 0, Some(20)), ("20", 10, Some(60)), ("30", 300, None)],
            )
        };
        self.make_credit(specified, Some("r1")).await;
        let listed = CreateCredit {
            applicable_contract_ids: vec![cast.contract],
            applicable_product_ids: vec![cast.api],
            applicable_product_tags: vec!["metered".to_owned()],
            ..self.credit(cast, &[("15", 0, Some(100))])
        };
        self.make_credit(listed, None).await;
    }

    async fn edited_credit(&self, cast: Cast) {
        let edited = self.credit_of(
            cast,
            cast.contract,
            &[("10", 0, Some(20)), ("20", 100, None), ("5", 1, None)],
        );
        let edited = self.make_credit(edited, None).await;
        let segments = self.segments_of(edited).await;
        let [started, removed, future] = &segments[..] else {
            panic!("three segments");
        };
        let update = |id: SegmentId, value: &str| SegmentUpdateInput {
            id,
            amount: Some(amount(value)),
            starting_at: None,
            ending_before: Some(self.day(150)),
        };
        let edit = EditCredit {
            id: edited,
            name: Some("edited".to_owned()),
            description: None,
            product_id: None,
            priority: Some(2.5),
            rate_type: Some("COMMIT_RATE".to_owned()),
            access_schedule: Some(AccessScheduleEditInput {
                add: vec![SegmentInput {
                    amount: amount("3"),
                    starting_at: self.day(2),
                    ending_before: Some(self.day(40)),
                }],
                update: vec![update(started.id, "25"), update(future.id, "21")],
                remove: vec![removed.id],
            }),
            applicable_contract_ids: None,
            applicable_product_ids: None,
            applicable_product_tags: Some(vec!["metered".to_owned()]),
            specifiers: None,
            custom_fields: None,
        };
        self.order(edit, Some("d1")).await;
    }

    async fn credits_that_end(&self, cast: Cast) {
        let cut = self.credit_of(cast, cast.ended, &[("10", 0, Some(200)), ("10", 200, None)]);
        self.make_credit(cut, None).await;
        let end = EndContract {
            id: cast.ended,
            ending_before: self.day(50),
        };
        self.order(end, Some("k3")).await;
        let ended = self
            .make_credit(self.credit(cast, &[("6", 0, None)]), None)
            .await;
        let end = EndCredit {
            id: ended,
            ending_before: self.day(33),
            reason: Some("over".to_owned()),
        };
        self.order(end, Some("d2")).await;
        let voided = self.credit(cast, &[("8", 0, None), ("9", 90, None)]);
        let voided = self.make_credit(voided, None).await;
        let void = VoidCredit {
            id: voided,
            reason: None,
            remainder_only: false,
        };
        self.order(void, Some("d3")).await;
    }
}
