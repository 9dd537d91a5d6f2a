//! What looks like a call of a job.

use proc_macro2::TokenStream;
use syn::{Error, Expr, Path, parse2};

/// A job and the handles for its parameters.
pub struct Call {
    pub path: Path,
    pub handles: Vec<Expr>,
}

const SHAPE: &str =
    "`job!` wants a call of a job with a handle for each parameter: `job!(knocking::start(console, stack))`";

/// Takes a call apart.
///
/// # Errors
/// What keeps it from being one.
pub fn parse(call: TokenStream) -> Result<Call, Error> {
    if call.is_empty() {
        return Err(Error::new(proc_macro2::Span::call_site(), SHAPE));
    }
    let Ok(Expr::Call(expression)) = parse2::<Expr>(call.clone()) else {
        return Err(Error::new_spanned(call, SHAPE));
    };
    let Expr::Path(function) = &*expression.func else {
        return Err(Error::new_spanned(&expression.func, SHAPE));
    };
    let path = &function.path;
    if let Some(segment) = path.segments.iter().find(|segment| !segment.arguments.is_none()) {
        return Err(Error::new_spanned(segment, "a job's types follow from its handles: leave out `<…>`"));
    }
    Ok(Call { path: path.clone(), handles: expression.args.into_iter().collect() })
}
