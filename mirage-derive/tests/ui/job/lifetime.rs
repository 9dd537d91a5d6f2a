#[mirage::job]
pub async fn start<'a>(_: mirage_lifetime::Text<'a>) {}

mod mirage_lifetime {
    pub struct Text<'a>(pub &'a str);
}

fn main() {}
