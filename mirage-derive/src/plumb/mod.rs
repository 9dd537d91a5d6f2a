//! `job!`, as config.rs knows it.

mod expand;
mod parse;

use proc_macro2::TokenStream;

/// A `mirage_config::Job`, or what is wrong.
pub fn plumb(call: TokenStream) -> TokenStream {
    match parse::parse(call) {
        Ok(call) => expand::expand(&call),
        Err(mistakes) => mistakes.to_compile_error(),
    }
}
