//! `#[mirage::device]`.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;

/// The trait, and beside it its kind, or what is wrong.
pub fn device(attribute: TokenStream, item: TokenStream) -> TokenStream {
    match parse::parse(attribute, item.clone()) {
        Ok(device) => expand::expand(&device),
        Err(mistakes) => quote!(#item #mistakes),
    }
}
