//! Certificates: an authority of the test's own, and what can be wrong with a server's.

use std::sync::Arc;

use base64::Engine as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

/// What a server shows when a client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// A valid one, for 127.0.0.1 and localhost.
    Good,
    /// One of an authority that nobody knows.
    OtherAuthority,
    /// One that expired in 2021.
    Expired,
    /// One that will be valid in 2124.
    NotYetValid,
    /// One for other.example only.
    OtherName,
    /// The authority's own.
    OfTheAuthority,
    /// A good one, to clients that show a certificate; no others are let in.
    ToKnownClients,
    /// None: plain HTTP.
    NoTls,
    /// None: plain HTTP, although the address says https.
    NoTlsUnderHttps,
    /// Nothing: the connection is taken and no word is said.
    Mute,
}

/// An authority, freshly made.
pub(super) struct Authority {
    params: CertificateParams,
    key: KeyPair,
    certificate: rcgen::Certificate,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test authority");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { params, key, certificate }
    }

    pub(super) fn pem(&self) -> String {
        self.certificate.pem()
    }

    fn sign(&self, params: &CertificateParams) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        (params.signed_by(&key, &issuer).unwrap(), key)
    }

    /// A client's certificate and key, in PEM.
    pub(super) fn client(&self) -> (String, String) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "tester");
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        let (certificate, key) = self.sign(&params);
        (certificate.pem(), key.serialize_pem())
    }

    /// What takes the connections; none for plain HTTP.
    pub(super) fn acceptor(&self, kind: Certificate) -> Option<TlsAcceptor> {
        let mut params =
            CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let (certificate, key) = match kind {
            Certificate::NoTls | Certificate::NoTlsUnderHttps | Certificate::Mute => return None,
            Certificate::Good | Certificate::ToKnownClients => self.sign(&params),
            Certificate::OtherAuthority => Self::new().sign(&params),
            Certificate::Expired => {
                params.not_before = rcgen::date_time_ymd(2020, 1, 1);
                params.not_after = rcgen::date_time_ymd(2021, 1, 1);
                self.sign(&params)
            }
            Certificate::NotYetValid => {
                params.not_before = rcgen::date_time_ymd(2124, 1, 1);
                params.not_after = rcgen::date_time_ymd(2125, 1, 1);
                self.sign(&params)
            }
            Certificate::OtherName => {
                let other = CertificateParams::new(vec!["other.example".to_owned()]).unwrap();
                self.sign(&other)
            }
            Certificate::OfTheAuthority => {
                let key = KeyPair::try_from(self.key.serialize_der()).unwrap();
                (self.certificate.clone(), key)
            }
        };

        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let clients = if kind == Certificate::ToKnownClients {
            clients.build().unwrap()
        } else {
            clients.allow_unauthenticated().build().unwrap()
        };
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .unwrap();
        Some(TlsAcceptor::from(Arc::new(config)))
    }
}

pub(super) fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}
