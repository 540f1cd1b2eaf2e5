//! Rows of lists tell their fields at once (`graphql/rows.rs`), and tell what the fields resolve to.

use async_graphql::parser::types::TypeKind;
use serde_json::{Value, json};

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
async fn look(app: &TestApp, types: &Types, wrap: fn(&str, String) -> String) -> Value {
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
    let document = format!("{{ customers(first: 2) {{ nodes {{ {customer} }} }} }}");
    query(app, &document, json!({})).await
}

both_databases! {
    async fn a_row_tells_what_its_fields_resolve_to(app: TestApp) {
        Company::found(&app, 2).await;
        let types = types();
        let told = look(&app, &types, |_, fields| fields).await;
        // A fragment goes the library's way.
        let resolved = look(&app, &types, |name, fields| format!("... on {name} {{ {fields} }}")).await;
        assert_eq!(told, resolved);
        let first = &told["customers"]["nodes"][0]["creditGrants"]["nodes"][0];
        assert_eq!(first["__typename"], "CreditGrant");
        assert!(first["ledgerEntries"]["nodes"][0]["hash"].is_string());
    }
}
