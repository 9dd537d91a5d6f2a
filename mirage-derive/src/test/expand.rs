//! What a test stands for.

use proc_macro2::TokenStream;
use quote::quote;

use super::parse::Test;

/// The function inside an ordinary `#[test]` of its name.
pub fn expand(test: &Test) -> TokenStream {
    let function = &test.function;
    let (name, attributes) = (&function.sig.ident, &function.attrs);
    let seed = match &test.seed {
        Some(seed) => quote!(::core::option::Option::Some(#seed)),
        None => quote!(::core::option::Option::None),
    };
    let mut inner = function.clone();
    inner.attrs.clear();
    quote! {
        #[test]
        #(#attributes)*
        fn #name() {
            #inner
            let name = ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name));
            ::mirage_test::run(::mirage_test::Options { name, seed: #seed }, #name);
        }
    }
}
