//! Parameters as clients send them.

use super::*;

fn params(encoded: &str) -> Params {
    let mut map = Map::new();
    form::decode(&mut map, encoded.as_bytes()).expect("proper parameters");
    Params::new(map)
}

fn message<T: std::fmt::Debug>(refused: Answer<T>) -> (String, Option<&'static str>) {
    let error = refused.expect_err("refused");
    (error.message, error.code)
}

#[test]
fn unknown_names_are_refused_by_their_full_name() {
    let known = ["amount[monetary][value]", "expand[]", "metadata[*]"];
    params("amount[monetary][value]=1&expand[0]=a&metadata[x]=y")
        .only(&known)
        .expect("known");
    let refused = params("amount[monetary][foo]=1").only(&known);
    assert_eq!(
        message(refused).0,
        "Received unknown parameter: amount[monetary][foo]"
    );
    let refused = params("expand[x]=1&foo=2").only(&known);
    assert_eq!(
        message(refused).0,
        "Received unknown parameters: expand[x], foo"
    );
}

#[test]
fn a_wrong_type_is_told_of_the_parameter() {
    let given = params("amount=5&name[a]=1&expand=x");
    let value = given.integer("amount[monetary][value]", 1, 9);
    assert_eq!(message(value).0, "Invalid object");
    let name = given.text("name", 100);
    assert_eq!(message(name).0, "Invalid string: {\"a\":\"1\"}");
    assert_eq!(message(given.texts("expand", 20)).0, "Invalid array");
}

#[test]
fn numbers_are_whole_and_within_their_range() {
    let given = params("a=abc&b=101&c=-1&d=7&e=");
    let code = Some("parameter_invalid_integer");
    let of = |name| message(given.integer(name, 0, 100));
    assert_eq!(of("a"), ("Invalid integer: abc".to_owned(), code));
    let text = "This value must be less than or equal to 100.";
    assert_eq!(of("b"), (text.to_owned(), code));
    let text = "This value must be greater than or equal to 0.";
    assert_eq!(of("c"), (text.to_owned(), code));
    assert_eq!(given.integer("d", 0, 100), Ok(Some(7)));
    assert_eq!(of("e").1, Some("parameter_invalid_empty"));
    assert_eq!(given.integer("f", 0, 100), Ok(None));
}

#[test]
fn an_empty_text_unsets_and_a_long_one_is_refused() {
    let given = params("a=&b=abcdefghijkl");
    assert_eq!(given.text("a", 5), Ok(Given::Unset));
    assert_eq!(given.text("c", 5), Ok(Given::Absent));
    let text = "Invalid string: abcd...ijkl; must be at most 5 characters";
    assert_eq!(message(given.text("b", 5)).0, text);
    assert_eq!(given.maybe_moment("a"), Ok(Given::Unset));
}

#[test]
fn metadata_merges_and_clears() {
    assert_eq!(params("metadata=").metadata(), Ok(Some(Metadata::Clear)));
    assert_eq!(params("").metadata(), Ok(None));
    let merge = BTreeMap::from([
        ("a".to_owned(), Some("1".to_owned())),
        ("b".to_owned(), None),
    ]);
    let given = params("metadata[a]=1&metadata[b]=").metadata();
    assert_eq!(given, Ok(Some(Metadata::Merge(merge))));
    let long = format!("metadata[{}]=1", "k".repeat(41));
    assert!(
        message(params(&long).metadata())
            .0
            .contains("41 characters")
    );
    let many: String = (0..51).map(|n| format!("metadata[k{n}]=1&")).collect();
    assert!(
        message(params(&many).metadata())
            .0
            .ends_with("you've set 51.")
    );
}

#[test]
fn one_of_few_texts_names_them_all() {
    let given = params("category=gift");
    let two = given.one_of("category", &["paid", "promotional"]);
    assert_eq!(
        message(two).0,
        "Invalid category: must be one of paid or promotional"
    );
    let three = given.one_of("category", &["a", "b", "c"]);
    assert_eq!(
        message(three).0,
        "Invalid category: must be one of a, b, or c"
    );
}
