//! What makes a function a test.

use proc_macro2::TokenStream;
use syn::meta::parser;
use syn::parse::Parser;
use syn::{FnArg, ItemFn, LitInt, parse2};

use crate::mistakes::Mistakes;

/// A function that can be a test.
pub struct Test {
    pub function: ItemFn,
    pub seed: Option<LitInt>,
}

/// Takes a function for a test.
///
/// # Errors
/// Everything that keeps it from being one.
pub fn parse(attribute: TokenStream, item: TokenStream) -> Result<Test, TokenStream> {
    let mut mistakes = Mistakes::default();
    let mut seed = None;
    let options = parser(|meta| {
        if !meta.path.is_ident("seed") {
            return Err(meta.error("`#[mirage::test]` takes `seed = 7`"));
        }
        let number: LitInt = meta.value()?.parse().map_err(not_a_seed)?;
        number.base10_parse::<u64>().map_err(not_a_seed)?;
        seed = Some(number);
        Ok(())
    });
    if let Err(error) = options.parse2(attribute) {
        mistakes.add(error);
    }
    let Ok(function) = parse2::<ItemFn>(item.clone()) else {
        mistakes.at(&item, "a test is a function: put `#[mirage::test]` on one");
        return Err(mistakes.into_tokens().unwrap_or_default());
    };
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        mistakes.at(signature.fn_token, "a test on a world is an `async fn`; one that is not wants `#[test]`");
    }
    let one = signature.inputs.len() == 1 && matches!(signature.inputs.first(), Some(FnArg::Typed(_)));
    if !one {
        mistakes.at(&signature.ident, "a test takes the world it runs in, and only that: `world: mirage_test::World`");
    }
    if !signature.generics.params.is_empty() {
        mistakes.at(&signature.generics, "a test has no parameters of its own");
    }
    match mistakes.into_tokens() {
        Some(mistakes) => Err(mistakes),
        None => Ok(Test { function, seed }),
    }
}

fn not_a_seed(error: syn::Error) -> syn::Error {
    syn::Error::new(error.span(), "a seed is a number from 0 to 18446744073709551615")
}
