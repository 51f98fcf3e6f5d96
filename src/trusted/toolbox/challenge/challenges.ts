import {createHash} from 'node:crypto';
import {parseAuthentication, writeDigestChallenge} from '../../../wire/sip/authentication.js';
import {headerValues} from '../../../wire/sip/headers.js';
import type {SipHeader, SipMessage, SipRequest} from '../../../wire/sip/message.js';
import {canonicalAor} from '../../certificates/identity.js';
import {type DigestAlgorithm, digestAlgorithms, digestResponse, isSameDigest} from './digest.js';
import {Nonces} from './nonces.js';

/** Header of a refusal with a nonce of ours, and of the signed part of the message that answers it. */
export const challengeHeader = 'Sallyport-Challenge';

/** With what an identity answers a digest challenge. */
export type DigestCredentials = {
	readonly identity: string;
	readonly username: string;
	readonly realm: string;
	/** H(A1) by algorithm, lower-case hexadecimal. */
	readonly secrets: Readonly<Partial<Record<DigestAlgorithm, string>>>;
};

/** Who must authenticate afresh. */
export type Challenged = {
	/** Canonical AOR, or the name of a trunk. */
	readonly identity: string;
	readonly address: string;
	readonly acceptsMd5: boolean;
	/** Headers that a signature which verified covers; undefined where there are none. */
	readonly signedHeaders: readonly SipHeader[] | undefined;
};

export type ChallengeVerdict =
	| {readonly kind: 'answered'; readonly by: 'digest' | 'signature'}
	/** Nothing was answered, or not in time: ask. `headers` go into the refusal. */
	| {readonly kind: 'ask'; readonly how: 'digest' | 'signature'; readonly headers: readonly SipHeader[]}
	/** It was answered, and the answer was wrong. */
	| {readonly kind: 'wrong'; readonly headers: readonly SipHeader[]};

/**
 * Challenges: who comes from a new place must authenticate afresh, by SIP digest (RFC 3261 §22, RFC 8760) or by signing a
 * nonce of ours. Nothing is remembered of a challenge that was not answered.
 */
export class Challenges {
	readonly #nonces: Nonces;
	readonly #credentials: ReadonlyMap<string, DigestCredentials>;

	constructor(credentials: readonly DigestCredentials[], lifetimeSeconds?: number) {
		this.#nonces = new Nonces(lifetimeSeconds);
		this.#credentials = new Map(credentials.map((entry) => [entry.identity, entry]));
	}

	/** Judges what a message answers, and makes the challenge where that is not enough. */
	judge(message: SipMessage, challenged: Challenged, nowMs: number): ChallengeVerdict {
		const {identity, address, signedHeaders} = challenged;
		if (message.kind === 'response') {
			return {kind: 'ask', how: 'signature', headers: []};
		}

		const [signed, ...others] = signedHeaders ? headerValues({headers: signedHeaders}, challengeHeader) : [];
		if (signed !== undefined && others.length === 0 && this.#nonces.check(signed, address, nowMs) === 'good') {
			return {kind: 'answered', by: 'signature'};
		}

		const credentials = this.#credentials.get(identity);
		const answer = credentials && this.#judgeDigest(message, credentials, challenged, nowMs);
		if (answer === 'right') {
			return {kind: 'answered', by: 'digest'};
		}

		const headers = this.#challenge(credentials, challenged, answer === 'stale', nowMs);
		return answer === 'wrong'
			? {kind: 'wrong', headers}
			: {kind: 'ask', how: credentials ? 'digest' : 'signature', headers};
	}

	/** True where a request has credentials with a nonce that we made for this address not long ago, right or wrong. */
	answersOurs(request: SipRequest, address: string, nowMs: number): boolean {
		return digestParameters(request).some(
			(parameters) => this.#nonces.check(parameters.get('nonce') ?? '', address, nowMs) === 'good',
		);
	}

	#judgeDigest(
		request: SipRequest,
		{username, realm, secrets}: DigestCredentials,
		{address, acceptsMd5}: Challenged,
		nowMs: number,
	): 'none' | 'wrong' | 'stale' | 'right' {
		const parameters = digestParameters(request).find((candidate) => candidate.get('realm') === realm);
		if (parameters === undefined) {
			return 'none';
		}

		const name = (parameters.get('algorithm') ?? 'MD5').toUpperCase();
		const algorithm = digestAlgorithms.find((candidate) => candidate === name);
		const secret = algorithm && (algorithm !== 'MD5' || acceptsMd5) ? secrets[algorithm] : undefined;
		const nonce = parameters.get('nonce') ?? '';
		const nonceCount = parameters.get('nc') ?? '';
		const isWellFormed =
			parameters.get('username') === username &&
			parameters.get('qop') === 'auth' &&
			/^[\da-f]{8}$/i.test(nonceCount) &&
			isAbout(parameters.get('uri') ?? '', request);
		if (algorithm === undefined || secret === undefined || !isWellFormed) {
			return 'wrong';
		}

		const clientNonce = parameters.get('cnonce') ?? '';
		const uri = parameters.get('uri') ?? '';
		const expected = digestResponse(secret, {algorithm, nonce, nonceCount, clientNonce, method: request.method, uri});
		const isRight = isSameDigest(expected, parameters.get('response') ?? '');
		if (!isRight) {
			return 'wrong';
		}

		// Only who knows the secret learns that a nonce is stale, and only his counters are kept.
		return this.#nonces.check(nonce, address, nowMs) === 'good' &&
			this.#nonces.count(nonce, Number.parseInt(nonceCount, 16), contentOf(request), nowMs)
			? 'right'
			: 'stale';
	}

	#challenge(
		credentials: DigestCredentials | undefined,
		{address, acceptsMd5, signedHeaders}: Challenged,
		isStale: boolean,
		nowMs: number,
	): readonly SipHeader[] {
		const nonce = this.#nonces.issue(address, nowMs);
		const algorithms = digestAlgorithms.filter(
			(algorithm) => credentials?.secrets[algorithm] !== undefined && (algorithm !== 'MD5' || acceptsMd5),
		);
		return [
			...algorithms.map((algorithm) => ({
				name: 'WWW-Authenticate',
				value: writeDigestChallenge({realm: credentials?.realm ?? '', nonce, algorithm, isStale}),
			})),
			...(signedHeaders === undefined ? [] : [{name: challengeHeader, value: nonce}]),
		];
	}
}

function digestParameters(request: SipRequest): readonly ReadonlyMap<string, string>[] {
	return headerValues(request, 'Authorization')
		.slice(0, maxCredentials)
		.flatMap((value) => {
			const read = parseAuthentication(value);
			return read.ok && read.value.scheme === 'digest' ? [read.value.parameters] : [];
		});
}

/** `uri` is the Request-URI, or what that was before a proxy retargeted it (RFC 3261 §22.4): then To still names it. */
function isAbout(uri: string, request: SipRequest): boolean {
	if (uri === request.uri) {
		return true;
	}

	const named = canonicalAor(uri);
	const asked = canonicalAor(request.uri);
	const [, to = ''] = /<([^>]+)>/.exec(headerValues(request, 'To')[0] ?? '') ?? [];
	const called = canonicalAor(to);
	return named.ok && ((asked.ok && asked.value === named.value) || (called.ok && called.value === named.value));
}

/** What makes a message the same one again. */
function contentOf(request: SipRequest): string {
	const about = ['Call-ID', 'CSeq', 'From'].map((name) => headerValues(request, name)[0] ?? '');
	return createHash('sha256').update(about.join('\n')).update(request.body).digest('base64');
}

const maxCredentials = 8;
