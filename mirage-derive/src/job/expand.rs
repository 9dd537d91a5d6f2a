//! What stands beside a job.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ReturnType, Type};

use super::parse::Job;
use crate::mistakes;

/// An empty enum of the job's name, with a constructor that takes what the job takes and is never called.
///
/// The constructor's body does not call the job: rustc would then say everything twice.
pub fn expand(job: &Job) -> TokenStream {
    let function = &job.function;
    let (name, visibility, generics) = (&function.sig.ident, &function.vis, &function.sig.generics);
    let conditions: Vec<_> = mistakes::conditions(&function.attrs).collect();
    let doc = mistakes::doc(&function.attrs);
    let parameters = job.parameters.iter().enumerate().map(|(index, (name, ty))| {
        let name = name.clone().unwrap_or_else(|| format_ident!("_{index}"));
        quote!(#name: #ty)
    });
    let names = job.parameters.iter().map(|(name, _)| name.as_ref().map_or("_".to_owned(), ToString::to_string));
    let where_clause = &generics.where_clause;
    let outcome = outcome(&function.sig.output);
    quote! {
        #(#conditions)*
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility enum #name {}

        #(#conditions)*
        impl #name {
            #[doc(hidden)]
            #[allow(unused_variables, clippy::too_many_arguments)]
            pub fn job #generics (#(#parameters),*) -> ::core::option::Option<Self> #where_clause {
                #outcome
                ::core::option::Option::None
            }
        }

        #(#conditions)*
        impl ::mirage::meta::Job for #name {
            const INFO: ::mirage::meta::JobInfo = ::mirage::meta::JobInfo {
                name: ::core::stringify!(#name),
                module: ::core::module_path!(),
                doc: #doc,
                file: ::core::file!(),
                line: ::core::line!(),
                parameters: &[#(#names),*],
            };
        }
    }
}

/// Asks rustc whether a job may return this, at the place of the return type.
fn outcome(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Type(_, output) if !matches!(**output, Type::Never(_)) => quote_spanned! { output.span() =>
            const fn may_return<O: ::mirage::meta::Outcome>() {}
            may_return::<#output>();
        },
        _ => TokenStream::new(),
    }
}
