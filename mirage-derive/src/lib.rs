//! The macros of Mirage.
use proc_macro::TokenStream;
#[proc_macro_derive(Args, attributes(arg, args))]
pub fn args(_: TokenStream) -> TokenStream {
    TokenStream::new()
}
#[proc_macro_attribute]
pub fn job(_: TokenStream, i: TokenStream) -> TokenStream {
    i
}
#[proc_macro_attribute]
pub fn device(_: TokenStream, i: TokenStream) -> TokenStream {
    i
}
#[proc_macro_attribute]
pub fn test(_: TokenStream, i: TokenStream) -> TokenStream {
    i
}
