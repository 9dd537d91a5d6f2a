//! `#[derive(Args)]`.

mod expand;
mod parse;

use proc_macro2::TokenStream;

/// The implementations of `Args` and `Kind`, or what is wrong.
pub fn args(item: TokenStream) -> TokenStream {
    match parse::parse(item) {
        Ok(arguments) => expand::expand(&arguments),
        Err(mistakes) => mistakes,
    }
}
