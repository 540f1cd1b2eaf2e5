//! The calls: method, path, who may make them, what answers.

use actix_web::http::{Method, StatusCode};

use super::error::Refused;
use super::http::{Answer, Call};
use super::{
    balances, contracts, credits, custom_fields, customers, grant_ledgers, grants, products, units,
};

/// Who may make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Whoever may read everything.
    Read,
    /// Whoever may write.
    Write,
}

/// A call.
pub(super) struct Route {
    method: &'static str,
    /// `{}` stands for an id.
    pub path: &'static str,
    /// Who may make it.
    pub access: Access,
    /// What answers it.
    pub answer: for<'c> fn(&'c Call<'c>) -> Answer<'c>,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:ident $($answer:ident)::+;)*) => {
        /// Every call that is served.
        const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            access: Access::$access,
            answer: |call| Box::pin($($answer)::+(call)),
        }),*];
    };
}

routes! {
    POST "/v1/customers" Write customers::create;
    GET "/v1/customers" Read customers::list;
    GET "/v1/customers/{}" Read customers::get;
    POST "/v1/customers/archive" Write customers::archive;
    POST "/v1/customers/{}/setName" Write customers::set_name;
    POST "/v1/customers/{}/setIngestAliases" Write customers::set_ingest_aliases;
    GET "/v1/credit-types/list" Read units::list;
    POST "/v1/credit-types/create" Write units::create;
    POST "/v1/credit-types/archive" Write units::archive;
    POST "/v1/credits/createGrant" Write grants::create;
    POST "/v1/credits/editGrant" Write grants::edit;
    POST "/v1/credits/listGrants" Read grants::list;
    POST "/v1/credits/listEntries" Read grant_ledgers::list;
    POST "/v1/credits/voidGrant" Write grants::void;
    POST "/v1/contracts/customerCredits/create" Write credits::create;
    POST "/v1/contracts/customerCredits/list" Read credits::list;
    POST "/v1/contracts/customerCredits/updateEndDate" Write credits::update_end_date;
    POST "/v1/contracts/addManualBalanceLedgerEntry" Write credits::add_manual_entry;
    POST "/v1/contracts/customerBalances/list" Read balances::list;
    POST "/v1/contracts/customerBalances/getNetBalance" Read balances::net;
    POST "/v2/contracts/credits/edit" Write credits::edit;
    POST "/v2/contracts/credits/archive" Write credits::archive;
    POST "/v1/contracts/create" Write contracts::create;
    POST "/v1/contracts/archive" Write contracts::archive;
    POST "/v1/contracts/updateEndDate" Write contracts::update_end_date;
    POST "/v2/contracts/get" Read contracts::get;
    POST "/v1/contract-pricing/products/create" Write products::create;
    POST "/v1/contract-pricing/products/get" Read products::get;
    POST "/v1/contract-pricing/products/list" Read products::list;
    POST "/v1/contract-pricing/products/update" Write products::update;
    POST "/v1/contract-pricing/products/archive" Write products::archive;
    POST "/v1/customFields/addKey" Write custom_fields::add_key;
    POST "/v1/customFields/removeKey" Write custom_fields::remove_key;
    POST "/v1/customFields/listKeys" Read custom_fields::list_keys;
    POST "/v1/customFields/setValues" Write custom_fields::set_values;
    POST "/v1/customFields/deleteValues" Write custom_fields::delete_values;
}

/// The call of a method and a path, and the id in the path.
pub(super) fn find<'p>(
    method: &Method,
    path: &'p str,
) -> Result<(&'static Route, &'p str), Refused> {
    let path = path.trim_end_matches('/');
    // Words come before ids: `archive` is no customer.
    let exact = ROUTES.iter().filter(|route| route.path == path);
    let with_id = ROUTES.iter().filter_map(|route| {
        let (before, after) = route.path.split_once("{}")?;
        let id = path.strip_prefix(before)?.strip_suffix(after)?;
        (!id.is_empty() && !id.contains('/')).then_some((route, id))
    });
    let mut found = exact.map(|route| (route, "")).chain(with_id).peekable();
    if found.peek().is_none() {
        return Err(Refused::new(
            StatusCode::NOT_FOUND,
            format!("there is no call {path} here"),
        ));
    }
    let found = found.find(|(route, _)| route.method == method.as_str());
    found.ok_or_else(|| {
        Refused::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{path} is not called by {method}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_path_comes_before_an_id() {
        let found = |method: Method, path: &'static str| {
            find(&method, path)
                .map(|(route, id)| (route.path, id))
                .map_err(|r| r.status.as_u16())
        };
        assert_eq!(
            found(Method::POST, "/v1/customers/archive"),
            Ok(("/v1/customers/archive", ""))
        );
        assert_eq!(
            found(Method::GET, "/v1/customers/abc"),
            Ok(("/v1/customers/{}", "abc"))
        );
        assert_eq!(
            found(Method::POST, "/v1/customers/abc/setName"),
            Ok(("/v1/customers/{}/setName", "abc"))
        );
        assert_eq!(found(Method::POST, "/v1/credits/editgrant"), Err(404));
        assert_eq!(found(Method::GET, "/v1/credits/editGrant"), Err(405));
        assert_eq!(found(Method::GET, "/_stainless_unknown_path"), Err(404));
    }
}
