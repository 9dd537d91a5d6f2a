//! `#[mirage::job]`.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;

/// The function as it was, and beside it what config.rs checks its handles against, or what is wrong.
pub fn job(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let beside = match parse::parse(attribute, item.clone()) {
        Ok(job) => expand::expand(&job),
        Err(mistakes) => mistakes,
    };
    quote!(#item #beside)
}
