//! Rows of lists are written as text (`graphql/rows.rs`), which says what their fields resolve to.

use async_graphql::parser::types::TypeKind;
use serde_json::json;

use crate::api::api_helpers::query;
use crate::every_field::{Types, name_of, types};
use crate::support::company::Company;
use crate::support::{TestApp, both_databases};

/// All fields of a type that lead nowhere.
fn leaves(types: &Types, name: &str) -> String {
    let Some(TypeKind::Object(object)) = types.get(name).map(|definition| &definition.kind) else {
        panic!("{name} is no object");
    };
    let leads = |name: &str| {
        let kind = types.get(name).map(|definition| &definition.kind);
        matches!(kind, Some(TypeKind::Object(_) | TypeKind::Interface(_)))
    };
    let fields = object.fields.iter().map(|field| &field.node);
    let leaves = fields.filter(|field| !leads(name_of(&field.ty.node)));
    let names: Vec<_> = leaves.map(|field| field.name.node.as_str()).collect();
    format!("__typename again: id {}", names.join(" "))
}

/// The whole book, each row as its type's fields, wrapped by `wrap` with the name of the type.
fn book(types: &Types, wrap: fn(&str, String) -> String) -> String {
    let of = |name: &str, more: &str| wrap(name, format!("{} {more}", leaves(types, name)));
    let unit = "creditType { id name }";
    let entry = of("LedgerEntry", unit);
    let list =
        |fields: &str| format!("{{ nodes {{ {fields} }} edges {{ cursor node {{ {fields} }} }} }}");
    let entries = list(&entry);
    let grant = of(
        "CreditGrant",
        &format!("grantAmount {{ amount }} ledgerEntries(first: 9) {entries}"),
    );
    let customer = of(
        "Customer",
        &format!(
            "creditGrants(first: 9) {} drawdowns(first: 9) {} credits(first: 9) {} \
             contracts(first: 9) {} ledgerEntries(first: 30) {entries}",
            list(&grant),
            list(&of("Drawdown", unit)),
            list(&of("Credit", "")),
            list(&of("Contract", "")),
        ),
    );
    format!("customers(first: 2) {{ nodes {{ {customer} }} }}")
}

both_databases! {
    async fn a_row_tells_what_its_fields_resolve_to(app: TestApp) {
        Company::found(&app, 2).await;
        let types = types();
        let plain = book(&types, |_, fields| fields);
        let told = query(&app, &format!("{{ {plain} }}"), json!({})).await;
        // Where something is asked for twice, all of it goes the library's way.
        let twice = format!("{{ {plain} customers(first: 2) {{ nodes {{ id }} }} }}");
        assert_eq!(told, query(&app, &twice, json!({})).await);
        // Fragments are spread out, on another type than the row's the library does it.
        let own = book(&types, |name, fields| format!("... on {name} {{ {fields} }}"));
        assert_eq!(told, query(&app, &format!("{{ {own} }}"), json!({})).await);
        let node = book(&types, |_, fields| format!("... on Node {{ id }} {fields}"));
        assert_eq!(told, query(&app, &format!("{{ {node} }}"), json!({})).await);
        let first = &told["customers"]["nodes"][0]["creditGrants"]["nodes"][0];
        assert_eq!(first["__typename"], "CreditGrant");
        assert!(first["ledgerEntries"]["nodes"][0]["hash"].is_string());
    }
}

both_databases! {
    async fn what_is_asked_for_twice_is_put_together(app: TestApp) {
        Company::found(&app, 2).await;
        let whole = "{ customers(first: 2) { nodes { id name createdAt \
                     creditGrants { nodes { id name } edges { node { id remaining } } } } } }";
        let parts = "query Q { ...A customers(first: 2) { nodes { ...N name \
                       creditGrants { nodes { id } edges { node { ...R id } } } } } } \
                     fragment A on Query { customers(first: 2) { nodes { id ...N createdAt } } } \
                     fragment N on Customer { name creditGrants { nodes { name id } } } \
                     fragment R on CreditGrant { remaining }";
        let whole = query(&app, whole, json!({})).await;
        assert_eq!(whole, query(&app, parts, json!({})).await);
        assert!(whole["customers"]["nodes"][1]["creditGrants"]["nodes"][0]["name"].is_string());
    }
}

both_databases! {
    async fn an_error_in_a_row_takes_with_it_what_it_takes_by_the_library(app: TestApp) {
        Company::found(&app, 2).await;
        let list = "customers(first: 2) { nodes { id creditGrants(first: 1) { nodes { id \
                    ledgerEntries(first: 1, after: \"x\") { nodes { id } } } } } }";
        let told = app.graphql(&format!("{{ viewer {{ name }} {list} }}"), json!({})).await;
        let twice = format!("{{ viewer {{ name }} {list} customers(first: 2) {{ nodes {{ name }} }} }}");
        let resolved = app.graphql(&twice, json!({})).await;
        assert_eq!(told["data"], resolved["data"]);
        for part in ["message", "path", "extensions"] {
            let (told, resolved) = (&told["errors"][0][part], &resolved["errors"][0][part]);
            assert!(!told.is_null(), "{part}");
            assert_eq!(told, resolved, "{part}");
        }
    }
}
