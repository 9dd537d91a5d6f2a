pub struct App;

impl App {
    #[mirage::job]
    pub async fn start(self) {}
}

fn main() {}
