//! What stands beside a device trait.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{FnArg, Pat, TraitItem, TraitItemFn};

use super::parse::Device;
use crate::mistakes;

/// The trait with the message rustc gives when something else is plumbed in its place, and its kind.
pub fn expand(device: &Device) -> TokenStream {
    let Device { item, kind, shared, types } = device;
    let (name, visibility) = (&item.ident, &item.vis);
    let conditions: Vec<_> = mistakes::conditions(&item.attrs).collect();
    let explained = item
        .attrs
        .iter()
        .any(|attribute| attribute.path().segments.last().is_some_and(|segment| segment.ident == "on_unimplemented"));
    let explain = (!explained).then(|| {
        let article = if name.to_string().starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
        let message = format!("{article} `{name}` is wanted here, but this is a `{{Self}}`");
        let label = format!("not {article} `{name}`");
        quote!(#[diagnostic::on_unimplemented(message = #message, label = #label)])
    });
    let functions = item.items.iter().filter_map(|item| match item {
        TraitItem::Fn(function) if function.default.is_none() => Some(never(function)),
        _ => None,
    });
    let types = types.iter().map(|(name, path)| match path {
        Some(path) => quote!(type #name = #path;),
        None => quote!(type #name = ::core::convert::Infallible;),
    });
    let (doc, text) = (format!("The kind of [`{name}`]."), name.to_string());
    quote! {
        #explain
        #item

        #[doc = #doc]
        #(#conditions)*
        #[derive(Clone, Copy, Debug)]
        #visibility enum #kind {}

        #(#conditions)*
        impl #name for #kind {
            #(#types)*
            #(#functions)*
        }

        #(#conditions)*
        impl ::mirage::meta::Kind for #kind {
            const NAME: &'static str = #text;
            const SHARED: bool = #shared;
        }
    }
}

/// A function that nothing can call, since there is no value of the kind.
fn never(function: &TraitItemFn) -> TokenStream {
    let mut signature = function.sig.clone();
    for (index, input) in signature.inputs.iter_mut().enumerate() {
        if let FnArg::Typed(input) = input {
            let unused = format_ident!("_{index}");
            *input.pat = Pat::Verbatim(quote!(#unused));
        }
    }
    let by_value = matches!(signature.inputs.first(), Some(FnArg::Receiver(receiver)) if receiver.reference.is_none());
    let itself = if by_value { quote!(self) } else { quote!(*self) };
    quote!(#signature { match #itself {} })
}
