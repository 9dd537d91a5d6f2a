//! What makes a trait a kind of device.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::meta::parser;
use syn::parse::Parser;
use syn::{Attribute, FnArg, ItemTrait, Path, ReturnType, TraitItem, Type, parse2};

use crate::mistakes::Mistakes;

/// A trait that can be a kind of device.
pub struct Device {
    /// The trait, without the attributes that are ours.
    pub item: ItemTrait,
    /// What its kind is called.
    pub kind: Ident,
    pub shared: bool,
    /// What each associated type of the kind is, for those that say.
    pub types: Vec<(Ident, Option<Path>)>,
}

/// Takes a trait for a kind of device.
///
/// # Errors
/// Everything that keeps it from being one, behind the item without the attributes that are ours.
pub fn parse(attribute: TokenStream, item: TokenStream) -> Result<Device, TokenStream> {
    let mut mistakes = Mistakes::default();
    let (mut kind, mut shared) = (None, true);
    let options = parser(|meta| {
        if meta.path.is_ident("kind") {
            kind = Some(meta.value()?.parse::<Ident>()?);
        } else if meta.path.is_ident("unshared") {
            shared = false;
        } else {
            return Err(meta.error("`#[mirage::device]` takes `kind = Name` and `unshared`"));
        }
        Ok(())
    });
    if let Err(error) = options.parse2(attribute) {
        mistakes.add(error);
    }
    let Ok(mut item) = parse2::<ItemTrait>(item.clone()) else {
        mistakes.at(&item, "a kind of device is a trait: put `#[mirage::device]` on one");
        let mistakes = mistakes.into_tokens();
        return Err(quote!(#item #mistakes));
    };
    if !item.generics.params.is_empty() {
        mistakes.at(&item.generics, "a device trait has no parameters: make them associated types");
    }
    let types = item.items.iter_mut().filter_map(|item| member(item, &mut mistakes)).collect();
    match mistakes.into_tokens() {
        Some(mistakes) => Err(quote!(#item #mistakes)),
        None => Ok(Device { kind: kind.unwrap_or_else(|| format_ident!("{}Kind", item.ident)), item, shared, types }),
    }
}

/// Checks a member of the trait; tells what an associated type is to be.
fn member(item: &mut TraitItem, mistakes: &mut Mistakes) -> Option<(Ident, Option<Path>)> {
    match item {
        TraitItem::Fn(function) if function.default.is_none() => {
            if !matches!(function.sig.inputs.first(), Some(FnArg::Receiver(_))) {
                mistakes.at(&function.sig.ident, "a device's function takes `&self`, or has a body here");
            }
            if let ReturnType::Type(_, output) = &function.sig.output
                && let Type::ImplTrait(output) = &**output
            {
                mistakes.at(output, "say this type by an associated type, so that the kind can have one");
            }
            None
        }
        TraitItem::Const(constant) if constant.default.is_none() => {
            mistakes.at(&constant.ident, "a device's constant needs a value here: make it a function of `&self`");
            None
        }
        TraitItem::Type(associated) => {
            let mut path = None;
            associated.attrs.retain(|attribute| !kind_of(attribute, &mut path, mistakes));
            Some((associated.ident.clone(), path))
        }
        _ => None,
    }
}

/// Takes `#[kind(Path)]`; false for any other attribute.
fn kind_of(attribute: &Attribute, path: &mut Option<Path>, mistakes: &mut Mistakes) -> bool {
    if !attribute.path().is_ident("kind") {
        return false;
    }
    match attribute.parse_args::<Path>() {
        Ok(given) => *path = Some(given),
        Err(_) => mistakes.at(attribute, "write the type that stands in, as in `#[kind(mirage::kind::Tcp)]`"),
    }
    true
}
