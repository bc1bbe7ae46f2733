//! The device CA: says who a device is, and who the relay is. Its key never leaves its folder.

mod files;

use std::{path::Path, sync::Arc};

use boot::{BoxError, Ids, StartError};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use ids::DeviceId;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SerialNumber,
};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use standards::device_journal::Signature;
use time::{Duration, OffsetDateTime};

use crate::{Error, domain::device::PublicKey};

/// A CA outlives its devices.
const CA_VALID: Duration = Duration::days(20 * 365);
/// Devices and the relay get a new certificate long before.
const VALID: Duration = Duration::days(2 * 365);
/// Clocks of devices are a claim; a certificate that is a little older than now works on a slow one.
const BACKDATED: Duration = Duration::days(1);

/// The device CA and the key that signs bills for kiosks.
pub struct DeviceCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    bill_key: SigningKey,
}

/// A request for a certificate that proved it holds its key.
pub struct Request {
    csr: CertificateSigningRequestParams,
    /// The device's key from here on.
    pub key: PublicKey,
}

impl DeviceCa {
    /// Opens the CA in `folder`, or makes one there. Of two who make it at once, both use the first one's.
    ///
    /// # Errors
    /// The folder cannot be written, or holds something else. `setting` names it.
    pub fn open(
        folder: &Path,
        setting: &str,
        ids: &Ids,
        now: OffsetDateTime,
    ) -> Result<DeviceCa, StartError> {
        Self::try_open(folder, ids, now).map_err(|error| {
            StartError::setting(
                setting,
                format!("no device CA in {}: {}", folder.display(), boot::start_error::chain(error.as_ref())),
                "name a folder this user may write, or restore its backup",
            )
        })
    }

    fn try_open(folder: &Path, ids: &Ids, now: OffsetDateTime) -> Result<DeviceCa, BoxError> {
        std::fs::create_dir_all(folder)?;
        let key_pem = files::kept(
            &folder.join("ca.key"),
            || Ok(KeyPair::generate()?.serialize_pem()),
            files::Kind::Secret,
        )?;
        let key = KeyPair::from_pem(&key_pem)?;
        let make_root = || Ok(root(ids, now).self_signed(&key)?.pem());
        let pem = files::kept(&folder.join("ca.pem"), make_root, files::Kind::Public)?;
        let seed = files::kept(
            &folder.join("bills.key"),
            || Ok(hex::encode(ids.bytes::<32>())),
            files::Kind::Secret,
        )?;
        let seed = <[u8; 32]>::try_from(hex::decode(seed.trim())?)
            .map_err(|seed| format!("bills.key has {} bytes and not 32", seed.len()))?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key)?;
        Ok(DeviceCa { issuer, pem, bill_key: SigningKey::from_bytes(&seed) })
    }

    /// The CA's certificate, which devices trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The key devices verify bills with.
    pub fn bill_key(&self) -> VerifyingKey {
        self.bill_key.verifying_key()
    }

    /// Signs a bill for devices.
    pub fn sign_bill(&self, text: &str) -> Signature {
        Signature(self.bill_key.sign(text.as_bytes()).to_bytes())
    }

    /// The relay's side of TLS: its own certificate for `names`; a device's certificate is checked if it shows one.
    ///
    /// # Errors
    /// A name is none.
    pub fn server(&self, names: &[String], ids: &Ids, now: OffsetDateTime) -> Result<ServerConfig, BoxError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("Mizan kiosk-relay");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        dated(&mut params, ids, now, VALID);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let root = CertificateDer::from_pem_slice(self.pem.as_bytes())?;
        let mut roots = RootCertStore::empty();
        roots.add(root.clone())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let devices = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(devices)
            .with_single_cert(
                vec![certificate.der().clone(), root],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// The certificate of a device. Nothing of the request but its key is taken over.
    ///
    /// # Errors
    /// `Ca`.
    pub fn certify(
        &self,
        device_id: &DeviceId,
        request: &Request,
        ids: &Ids,
        now: OffsetDateTime,
    ) -> Result<String, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(device_id.as_str());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        dated(&mut params, ids, now, VALID);
        let certificate = params
            .signed_by(&request.csr.public_key, &self.issuer)
            .map_err(|error| Error::Ca(error.into()))?;
        Ok(certificate.pem())
    }
}

impl Request {
    /// Reads a PKCS #10 request and checks that its sender holds the key.
    ///
    /// # Errors
    /// `Invalid`: not a request, its signature is wrong, or its key is not Ed25519.
    pub fn read(pem: &str) -> Result<Request, Error> {
        let invalid = |detail: String| Error::Invalid { field: "csr_pem", detail };
        let csr = CertificateSigningRequestParams::from_pem(pem)
            .map_err(|error| invalid(format!("send a signed PKCS #10 request in PEM: {error}")))?;
        let key = PublicKey::try_from(csr.public_key.der_bytes()).ok();
        let key = key.filter(|_| csr.public_key.algorithm() == &rcgen::PKCS_ED25519);
        let key = key.filter(|key| VerifyingKey::from_bytes(key).is_ok_and(|key| !key.is_weak()));
        let key = key.ok_or_else(|| invalid("the device's key must be Ed25519".to_owned()))?;
        Ok(Request { csr, key })
    }
}

fn root(ids: &Ids, now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Mizan device CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    dated(&mut params, ids, now, CA_VALID);
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn dated(params: &mut CertificateParams, ids: &Ids, now: OffsetDateTime, valid: Duration) {
    params.not_before = now - BACKDATED;
    params.not_after = now + valid;
    params.serial_number = Some(SerialNumber::from_slice(ids.uuid(now).as_bytes()));
}
