//! `#[mirage::test]`.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;

/// An ordinary test that runs the function on a world of its own, or what is wrong.
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    match parse::parse(attribute, item.clone()) {
        Ok(test) => expand::expand(&test),
        Err(mistakes) => quote!(#item #mistakes),
    }
}
