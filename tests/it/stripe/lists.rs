//! Pages, both ways.

use super::client::{Stripe, id, ids};
use crate::support::{TestApp, both_databases};

/// Walks a whole list by pages of two, as the clients do. Answers its ids, newest first.
async fn walk(stripe: &Stripe, path: &str, backwards: bool) -> Vec<String> {
    let join = if path.contains('?') { '&' } else { '?' };
    let mut all: Vec<String> = Vec::new();
    let oldest = ids(&stripe.get(&format!("{path}{join}limit=100")).await)
        .last()
        .cloned();
    if backwards {
        all.extend(oldest);
    }
    loop {
        let cursor = match (backwards, all.first(), all.last()) {
            (true, Some(first), _) => format!("&ending_before={first}"),
            (false, _, Some(last)) => format!("&starting_after={last}"),
            _ => String::new(),
        };
        let page = stripe.get(&format!("{path}{join}limit=2{cursor}")).await;
        let mut part = ids(&page);
        assert!(part.len() <= 2);
        if backwards {
            part.append(&mut all);
            all = part;
        } else {
            all.append(&mut part);
        }
        if page["has_more"] == false {
            return all;
        }
    }
}

both_databases! {
    async fn every_list_is_walked_in_both_directions_without_gap_or_repeat(app: TestApp) {
        let stripe = Stripe::of(&app);
        let mut customers = Vec::new();
        for name in ["A", "B", "C", "D", "E"] {
            customers.push(stripe.customer(name).await);
        }
        let mut grants = Vec::new();
        for cents in 1..=5 {
            grants.push(id(&stripe.grant(&customers[0], cents, &[]).await));
        }
        stripe.grant(&customers[1], 1, &[]).await;
        customers.reverse();
        grants.reverse();
        let rows = "/v1/billing/credit_balance_transactions";
        let of_a = format!("/v1/billing/credit_grants?customer={}", customers[4]);
        for (path, expected) in [
            ("/v1/customers".to_owned(), Some(&customers)),
            (of_a, Some(&grants)),
            ("/v1/billing/credit_grants".to_owned(), None),
            (rows.to_owned(), None),
            (format!("{rows}?customer={}", customers[4]), None),
            (format!("{rows}?credit_grant={}", grants[0]), None),
            ("/v1/events".to_owned(), None),
        ] {
            let forward = walk(&stripe, &path, false).await;
            assert!(!forward.is_empty(), "{path}");
            assert_eq!(walk(&stripe, &path, true).await, forward, "{path}");
            if let Some(expected) = expected {
                assert_eq!(&forward, expected, "{path}");
            }
        }
    }
}

both_databases! {
    async fn limits_are_taken_as_the_nearest_possible_and_cursors_have_to_exist(app: TestApp) {
        let stripe = Stripe::of(&app);
        let mut made = Vec::new();
        for number in 0..12 {
            made.push(stripe.customer(&format!("C{number}")).await);
        }
        let list = "/v1/customers";
        for (query, count) in [("", 10), ("?limit=0", 1), ("?limit=-1", 1), ("?limit=101", 12)] {
            let page = stripe.get(&format!("{list}{query}")).await;
            assert_eq!((ids(&page).len(), &page["has_more"]), (count, &(count < 12).into()));
        }
        let fault = stripe.get_any(&format!("{list}?limit=x")).await.fault();
        assert_eq!(fault.short(), (400, "parameter_invalid_integer", "limit"));
        let fault = stripe.get_any(&format!("{list}?starting_after=cus_x")).await.fault();
        assert_eq!(fault.short(), (400, "resource_missing", "starting_after"));
        let both = format!("{list}?starting_after={}&ending_before={}", made[0], made[1]);
        let fault = stripe.get_any(&both).await.fault();
        assert_eq!(
            fault.message,
            "Received both starting_after and ending_before parameters. Please pass in only one."
        );
        let newer = stripe.get(&format!("{list}?ending_before={}&limit=2", made[3])).await;
        assert_eq!(ids(&newer), [made[5].clone(), made[4].clone()], "the nearest, newest first");
        // A cursor that the filter leaves out still says where to begin.
        stripe.delete(&format!("{list}/{}", made[3])).await.ok();
        let older = stripe.get(&format!("{list}?starting_after={}", made[3])).await;
        assert_eq!(ids(&older), [made[2].clone(), made[1].clone(), made[0].clone()]);
    }
}
