//! What `job!` stands for.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::parse::Call;

/// The handles, checked against the job's parameters in a closure that never runs, and the job made of them.
///
/// The job is imported under another name so that, where the function is there but is no job, the block around brings a
/// type whose one error says so; `Arity` gives that type a constructor with as many parameters, so that it stays one.
pub fn expand(call: &Call) -> TokenStream {
    let path = &call.path;
    let name = spelt(path);
    let arity = format_ident!("Arity{}", call.handles.len().min(12), span = Span::call_site());
    let variables: Vec<_> =
        (0..call.handles.len()).map(|index| format_ident!("handle{index}", span = Span::mixed_site())).collect();
    let bound =
        call.handles.iter().zip(&variables).map(
            |(handle, variable)| quote_spanned!(handle.span() => let #variable: ::mirage_config::Impl<_> = #handle;),
        );
    let checked = call
        .handles
        .iter()
        .zip(&variables)
        .map(|(handle, variable)| quote_spanned!(handle.span() => ::mirage_config::check(#variable)));
    quote! {{
        #[allow(unused_imports)]
        use ::mirage_config::unmarked::{stand_in::*, #arity as _};
        {
            use #path as __mirage_job;
            #(#bound)*
            let _ = || __mirage_job::job(#(#checked),*);
            ::mirage_config::Job::new::<__mirage_job>(#name, &[#(#variables.erase()),*])
        }
    }}
}

/// The path as it was written, without spaces.
fn spelt(path: &syn::Path) -> String {
    path.to_token_stream().into_iter().map(|token| token.to_string()).collect()
}
