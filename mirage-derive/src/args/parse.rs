//! What makes a struct a set of arguments.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, GenericArgument, LitStr, PathArguments, Type, parse2};

use crate::mistakes::{self, Mistakes};

/// A struct whose fields are arguments.
pub struct Arguments {
    pub name: Ident,
    /// The path main.rs reaches it by, where `#[args(path = "…")]` says so.
    pub path: Option<LitStr>,
    pub arguments: Vec<Argument>,
}

/// A field.
pub struct Argument {
    pub field: Ident,
    /// The name without dashes.
    pub name: String,
    /// What stands for the value in the usage.
    pub value: String,
    pub doc: String,
    pub default: Option<LitStr>,
    pub shape: Shape,
}

/// How often an argument is given; the variants are those of `mirage::args::Shape`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Flag,
    One,
    Many,
    Required,
}

/// Takes a struct for a set of arguments.
///
/// # Errors
/// Everything that keeps it from being one.
pub fn parse(item: TokenStream) -> Result<Arguments, TokenStream> {
    let input = parse2::<DeriveInput>(item).map_err(|error| error.to_compile_error())?;
    let mut mistakes = Mistakes::default();
    let path = path(&input.attrs, &mut mistakes);
    if !input.generics.params.is_empty() {
        mistakes.at(&input.generics, "a set of arguments has no parameters: main.rs would not know what they are");
    }
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => fields.named.iter().collect(),
            Fields::Unit => Vec::new(),
            Fields::Unnamed(fields) => {
                mistakes.at(fields, "an argument is called as its field is: give these fields names");
                Vec::new()
            }
        },
        Data::Enum(_) | Data::Union(_) => {
            mistakes.at(&input.ident, "a set of arguments is a struct, a field for each");
            Vec::new()
        }
    };
    let mut arguments: Vec<Argument> = Vec::new();
    for field in fields {
        let Some(argument) = argument(field, &mut mistakes) else { continue };
        if let Some(other) = arguments.iter().find(|other| other.name == argument.name) {
            let message = format!("`--{}` is already the name of the field `{}`", argument.name, other.field);
            mistakes.at(&argument.field, message);
        }
        arguments.push(argument);
    }
    match mistakes.into_tokens() {
        Some(mistakes) => Err(mistakes),
        None => Ok(Arguments { name: input.ident, path, arguments }),
    }
}

fn path(attributes: &[Attribute], mistakes: &mut Mistakes) -> Option<LitStr> {
    let mut path = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("args")) {
        let parsed = attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("path") {
                return Err(meta.error("`#[args]` takes `path = \"…\"`"));
            }
            path = Some(meta.value()?.parse()?);
            Ok(())
        });
        parsed.unwrap_or_else(|error| mistakes.add(error));
    }
    path
}

fn argument(field: &Field, mistakes: &mut Mistakes) -> Option<Argument> {
    let ident = field.ident.clone()?;
    let doc = mistakes::doc(&field.attrs).replace('\n', " ");
    if doc.is_empty() {
        mistakes.at(field, "an argument needs a doc comment: it is its line of `--help`");
    }
    let shape = shape(&field.ty);
    let (mut name, mut value, mut default) = (None::<LitStr>, None::<LitStr>, None::<LitStr>);
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("arg")) {
        let parsed = attribute.parse_nested_meta(|meta| {
            let slot = if meta.path.is_ident("name") {
                &mut name
            } else if meta.path.is_ident("value") {
                &mut value
            } else if meta.path.is_ident("default") {
                &mut default
            } else {
                return Err(meta.error("`#[arg]` takes `name`, `value` and `default`, each as in `name = \"…\"`"));
            };
            let text = meta.value()?;
            *slot = Some(text.parse().map_err(|error: Error| {
                Error::new(error.span(), "write this as text, in quotes: it is read as from the command line")
            })?);
            Ok(())
        });
        parsed.unwrap_or_else(|error| mistakes.add(error));
    }
    if let Some(default) = &default
        && shape != Shape::Required
    {
        let stands = match shape {
            Shape::Flag => "a flag that is not given is `false`",
            Shape::One => "an `Option` that is not given is `None`: leave out the `Option` or the default",
            Shape::Many | Shape::Required => "a `Vec` that is not given is empty",
        };
        mistakes.at(default, format_args!("there can be no default here: {stands}"));
    }
    if let (Some(value), Shape::Flag) = (&value, shape) {
        mistakes.at(value, "a flag takes no value: leave this out, or make the field another type");
    }
    let spelt = ident.to_string().trim_start_matches("r#").replace('_', "-");
    let text = name.as_ref().map_or(spelt, LitStr::value);
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) || !text.chars().all(letters) {
        let place = name.unwrap_or_else(|| LitStr::new(&text, ident.span()));
        mistakes.at(place, "an argument's name is lower-case letters, digits and `-`, a letter first");
    } else if text == "help" {
        mistakes.at(&ident, "every unikernel has a `--help` of its own: call this otherwise");
    }
    let placeholder = match shape {
        Shape::Flag => String::new(),
        _ => value.map_or_else(|| text.to_uppercase(), |value| value.value()),
    };
    Some(Argument { field: ident, name: text, value: placeholder, doc, default, shape })
}

/// The shape a field's type means; `Option` and `Vec` are known by their last name.
fn shape(ty: &Type) -> Shape {
    let Type::Path(path) = ty else { return Shape::Required };
    let Some(last) = path.path.segments.last() else { return Shape::Required };
    let one_argument = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            matches!(arguments.args.first(), Some(GenericArgument::Type(_))) && arguments.args.len() == 1
        }
        _ => false,
    };
    if last.ident == "Option" && one_argument {
        Shape::One
    } else if last.ident == "Vec" && one_argument {
        Shape::Many
    } else if path.path.is_ident("bool") {
        Shape::Flag
    } else {
        Shape::Required
    }
}
