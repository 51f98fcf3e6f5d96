/**
 * Certificates of SIP users and domains: validate chains by the addon's X509_STORE, decide for whom one speaks, look up
 * whom to encrypt to, load keys from files, and issue certificates for a first installation and the demo.
 */
export * from './certificate-authority.js';
export * from './certificate-directory.js';
export type * from './certificate-validator.js';
export * from './credential.js';
export * from './identity.js';
export * from './native-certificate-validator.js';
export * from './pkcs12.js';
export * from './revocation-list.js';
export * from './revocation-list-writer.js';
