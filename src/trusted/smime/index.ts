/**
 * S/MIME's cryptography: CMS read and written by our own strict code, its arithmetic by OpenSSL or node-forge, private
 * keys behind an interface of fixed-size inputs. MIME is not read here.
 */
export type {CertificateFacts} from './certificate.js';
export {readCertificate} from './certificate.js';
export {certificateFingerprint} from './certificate-fingerprint.js';
export type * from './cms-provider.js';
export type {CryptoPoolOptions} from './crypto-pool.js';
export {CryptoPool} from './crypto-pool.js';
export type {CmsProviderOptions, OpenCmsProvider} from './open-cms-provider.js';
export {openCmsProvider} from './open-cms-provider.js';
export {OpenSslCmsProvider} from './openssl-cms-provider.js';
export type {PemKeyPair} from './pem-key-pair.js';
export type * from './private-key-operations.js';
export type {PublicKey} from './public-key.js';
export {SoftwarePrivateKeys} from './software-private-keys.js';
