//! Whatever value is given for a scalar, it is taken or refused; what is taken says itself again.
#![no_main]

use async_graphql::{ScalarType, Value};
use libfuzzer_sys::fuzz_target;
use scrip::graphql::scalar::{BigInt, DateTime, Decimal, Json};

fn twice<S: ScalarType>(value: &Value) {
    let Ok(read) = S::parse(value.clone()) else {
        return;
    };
    let said = read.to_value();
    let again = S::parse(said.clone());
    let again = again.unwrap_or_else(|_| panic!("it does not read what it says: {said}"));
    assert_eq!(again.to_value(), said);
}

fuzz_target!(|text: &str| {
    let json = serde_json::from_str(text).unwrap_or_else(|_| text.into());
    let Ok(value) = Value::from_json(json) else {
        return;
    };
    twice::<BigInt>(&value);
    twice::<DateTime>(&value);
    twice::<Decimal>(&value);
    twice::<Json>(&value);
});
