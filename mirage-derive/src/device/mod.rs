//! `#[mirage::device]`.

mod expand;
mod parse;

use proc_macro2::TokenStream;

/// The trait, and beside it its kind, or what is wrong.
pub fn device(attribute: TokenStream, item: TokenStream) -> TokenStream {
    match parse::parse(attribute, item) {
        Ok(device) => expand::expand(&device),
        Err(item_and_mistakes) => item_and_mistakes,
    }
}
