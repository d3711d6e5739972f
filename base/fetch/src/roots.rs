//! The authorities that an operator gives for one server.

use super::FetchError;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};
use ureq::tls::{Certificate, RootCerts};

/// Bytes of the file: the bundle of all public authorities has some 200 kB.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Whom a server's certificate must come from: the authorities in `file`, or the public ones.
pub(super) fn roots(file: Option<&Path>) -> Result<RootCerts, FetchError> {
    let Some(path) = file else { return Ok(RootCerts::WebPki) };
    let failed = |source| FetchError::Authorities { path: path.to_owned(), source };
    let mut pem = Vec::new();
    File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut pem)).map_err(failed)?;
    if pem.len() as u64 > FILE_BYTES_MAX {
        return Err(failed(io::Error::other("it is larger than 4 MiB")));
    }
    let mut store = rustls::RootCertStore::empty();
    let mut certificates = Vec::new();
    for found in CertificateDer::pem_slice_iter(&pem) {
        let found = found.map_err(|error| failed(io::Error::other(error.to_string())))?;
        // One that cannot be an authority would be passed over in silence, and the fetch fail for another reason.
        store.add(found.clone()).map_err(|error| failed(io::Error::other(error)))?;
        certificates.push(Certificate::from_der(&found).to_owned());
    }
    if certificates.is_empty() {
        return Err(failed(io::Error::other("there is no certificate in it")));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}
