//! What makes a function a job.

use proc_macro2::{Ident, TokenStream};
use syn::{FnArg, GenericParam, ItemFn, Pat, ReturnType, Type, Visibility, parse2};

use crate::mistakes::Mistakes;

/// A function that can be a job.
pub struct Job {
    pub function: ItemFn,
    /// A name and a type for each parameter; the name is `_` for one that is a pattern.
    pub parameters: Vec<(Option<Ident>, Type)>,
}

/// Takes a function for a job.
///
/// # Errors
/// Everything that keeps it from being one.
pub fn parse(attribute: TokenStream, item: TokenStream) -> Result<Job, TokenStream> {
    let mut mistakes = Mistakes::default();
    if !attribute.is_empty() {
        mistakes.at(&attribute, "`#[mirage::job]` takes nothing in brackets");
    }
    let Ok(function) = parse2::<ItemFn>(item.clone()) else {
        mistakes.at(&item, "a job is a free `async fn`: put `#[mirage::job]` on one");
        return Err(mistakes.into_tokens().unwrap_or_default());
    };
    signature(&function, &mut mistakes);
    generics(&function, &mut mistakes);
    let parameters = function.sig.inputs.iter().filter_map(|input| parameter(input, &mut mistakes)).collect();
    match mistakes.into_tokens() {
        Some(mistakes) => Err(mistakes),
        None => Ok(Job { function, parameters }),
    }
}

fn signature(function: &ItemFn, mistakes: &mut Mistakes) {
    let signature = &function.sig;
    if let Some(token) = &signature.constness {
        mistakes.at(token, "a job is an `async fn`: write `async` instead");
    } else if signature.asyncness.is_none() {
        mistakes.at(signature.fn_token, "a job is an `async fn`: write `async` before `fn`");
    }
    if matches!(function.vis, Visibility::Inherited) {
        mistakes.at(&signature.ident, "config.rs cannot see this job: write `pub` before it");
    }
    if let Some(token) = &signature.unsafety {
        mistakes.at(token, "a job cannot be `unsafe`: nobody would be there to uphold what it asks for");
    }
    if let Some(abi) = &signature.abi {
        mistakes.at(abi, "a job cannot be `extern`: it is called by Rust");
    }
    if let ReturnType::Type(_, output) = &signature.output
        && let Type::ImplTrait(output) = &**output
    {
        mistakes.at(output, "a job returns `()` or `Result<(), E>`, as a type that can be named");
    }
}

fn generics(function: &ItemFn, mistakes: &mut Mistakes) {
    for parameter in &function.sig.generics.params {
        match parameter {
            GenericParam::Type(_) => {}
            GenericParam::Lifetime(lifetime) => {
                mistakes.at(lifetime, "a job owns its devices: take them by value, without a lifetime");
            }
            GenericParam::Const(constant) => {
                mistakes.at(constant, "a job cannot have a const parameter: config.rs has nowhere to say its value");
            }
        }
    }
}

fn parameter(input: &FnArg, mistakes: &mut Mistakes) -> Option<(Option<Ident>, Type)> {
    let input = match input {
        FnArg::Receiver(receiver) => {
            mistakes.at(receiver, "a job is a free function: it has no `self`");
            return None;
        }
        FnArg::Typed(input) => input,
    };
    if let Type::Reference(reference) = &*input.ty {
        mistakes.at(reference, "a job owns its devices: take this one by value, without `&`");
    }
    let name = match &*input.pat {
        Pat::Ident(name) => Some(name.ident.clone()),
        _ => None,
    };
    Some((name, (*input.ty).clone()))
}
