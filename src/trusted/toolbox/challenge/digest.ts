import {createHash, timingSafeEqual} from 'node:crypto';

/** Hashes of Digest authentication (RFC 8760 §2.1), strongest first; MD5 is for old peers alone. */
export const digestAlgorithms = ['SHA-512-256', 'SHA-256', 'MD5'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/** What the answer to a challenge is about. */
export type DigestAnswer = {
	readonly algorithm: DigestAlgorithm;
	readonly nonce: string;
	/** Eight hexadecimal digits. */
	readonly nonceCount: string;
	readonly clientNonce: string;
	readonly method: string;
	readonly uri: string;
};

/** H(A1) of RFC 7616 §3.4.2 for a user: what a configuration has in place of a password. */
export function digestSecret(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
	return hash(algorithm, `${username}:${realm}:${password}`);
}

/** The response to a challenge with `qop=auth` (RFC 7616 §3.4.1), hexadecimal. */
export function digestResponse(secret: string, answer: DigestAnswer): string {
	const {algorithm, nonce, nonceCount, clientNonce, method, uri} = answer;
	return hash(
		algorithm,
		[secret, nonce, nonceCount, clientNonce, 'auth', hash(algorithm, `${method}:${uri}`)].join(':'),
	);
}

/** Compares in a time that does not depend on where they differ. */
export function isSameDigest(expected: string, actual: string): boolean {
	const [one, other] = [Buffer.from(expected), Buffer.from(actual.toLowerCase())];
	return one.length === other.length && timingSafeEqual(one, other);
}

function hash(algorithm: DigestAlgorithm, text: string): string {
	const names = {'SHA-512-256': 'sha512-256', 'SHA-256': 'sha256', MD5: 'md5'} as const;
	return createHash(names[algorithm]).update(text).digest('hex');
}
