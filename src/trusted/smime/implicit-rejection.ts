import process from 'node:process';

/**
 * True where OpenSSL answers RSA PKCS#1 v1.5 padding that is wrong with a random key instead of an error (since 3.2): only
 * there does a decryption tell an attacker nothing. Node's own check of the same thing refuses the padding elsewhere.
 */
export const hasImplicitRejection = isAtLeast(process.versions.openssl, 3, 2);

function isAtLeast(version: string | undefined, major: number, minor: number): boolean {
	const [ofMajor = 0, ofMinor = 0] = (version ?? '').split('.').map((part) => Number.parseInt(part, 10));
	return ofMajor > major || (ofMajor === major && ofMinor >= minor);
}
