//! What a set of arguments implements.

use proc_macro2::TokenStream;
use quote::quote;

use super::parse::{Argument, Arguments, Shape};

/// `Args`, and `Kind`: arguments are their own kind.
pub fn expand(arguments: &Arguments) -> TokenStream {
    let name = &arguments.name;
    let path = match &arguments.path {
        Some(path) => quote!(#path),
        None => quote!(::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name))),
    };
    let described = arguments.arguments.iter().map(describe);
    let read = arguments.arguments.iter().enumerate().map(|(index, argument)| read(index, argument));
    quote! {
        #[automatically_derived]
        impl ::mirage::Args for #name {
            const PATH: &'static str = #path;
            const ARGUMENTS: &'static [::mirage::args::Argument] = &[#(#described),*];

            fn from_matches(
                matches: ::mirage::args::Matches<'_>,
            ) -> ::core::result::Result<Self, ::mirage::args::ReadError> {
                let _ = matches;
                ::core::result::Result::Ok(Self { #(#read),* })
            }
        }

        #[automatically_derived]
        impl ::mirage::meta::Kind for #name {
            const NAME: &'static str = ::core::stringify!(#name);
        }
    }
}

fn describe(argument: &Argument) -> TokenStream {
    let Argument { name, value, doc, .. } = argument;
    let default = match &argument.default {
        Some(default) => quote!(::core::option::Option::Some(#default)),
        None => quote!(::core::option::Option::None),
    };
    let shape = match argument.shape {
        Shape::Flag => quote!(Flag),
        Shape::One => quote!(One),
        Shape::Many => quote!(Many),
        Shape::Required => quote!(Required),
    };
    quote! {
        ::mirage::args::Argument {
            name: #name,
            value: #value,
            doc: #doc,
            default: #default,
            shape: ::mirage::args::Shape::#shape,
        }
    }
}

fn read(index: usize, argument: &Argument) -> TokenStream {
    let field = &argument.field;
    let described = quote!(&<Self as ::mirage::Args>::ARGUMENTS[#index]);
    match argument.shape {
        Shape::Flag => quote!(#field: matches.flag(#described)),
        Shape::One => quote!(#field: matches.one(#described)?),
        Shape::Many => quote!(#field: matches.many(#described)?),
        Shape::Required => quote!(#field: matches.required(#described)?),
    }
}
