//! Starts a private PostgreSQL for tests, prints its URL, and ends it when standard input closes.
//!
//!     cargo run -p sipar-store --features testing --example private_postgres
//!     SIPAR_TEST_POSTGRES=<the URL> cargo nextest run -p sipar-store

use sipar_store::testing::PrivatePostgres;
use std::error::Error;
use std::io::{Read, stdin};

fn main() -> Result<(), Box<dyn Error>> {
    let server = PrivatePostgres::start()?;
    println!("{}", server.url());
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
