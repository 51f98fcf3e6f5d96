import {createHash} from 'node:crypto';
import {BoundedMap} from '../../../base/bounded-map.js';
import {entityOf} from '../../../wire/mime/entity.js';
import type {SipMessage} from '../../../wire/sip/message.js';
import type {EngineDenial} from './engine.js';
import type {Reason} from './reasons.js';
import type {Template} from './template.js';

/** A body that was refused, and how long the work took that refused it. */
export type RefusedBody = {readonly denial: EngineDenial; readonly tookMs: number};

/**
 * Bodies that were refused for what their octets are, so that the same octets cost no private key again. A cache and never an
 * identity: who changes an octet is read anew, and the ledger never asks it. A body is known when it was refused twice alike,
 * because a thread of the crypto pool that dies looks like a body that does not decrypt.
 */
export class RefusedBodies {
	readonly #bodies: BoundedMap<string, RefusedBody & {readonly times: number}>;
	#hits = 0;

	constructor(limit = 10_000) {
		this.#bodies = new BoundedMap(limit);
	}

	get size(): number {
		return this.#bodies.size;
	}

	/** Messages that were refused from memory since the start. */
	get hits(): number {
		return this.#hits;
	}

	/** What was said of a body under this name (`bodyKey`), where it is known. */
	find(key: string): RefusedBody | undefined {
		const found = this.#bodies.get(key);
		if (found === undefined || found.times < timesUntilKnown) {
			return undefined;
		}

		this.#hits++;
		// What is asked for stays.
		this.#bodies.set(key, found);
		return found;
	}

	/** Notes a refusal, where its reason lies in the octets. */
	note(key: string, denial: EngineDenial, tookMs: number): void {
		if (!denial.isUniform || denial.isTransient || !lasting.has(denial.reason)) {
			return;
		}

		const before = this.#bodies.get(key);
		const isSame = before?.denial.reason === denial.reason && before.denial.step === denial.step;
		this.#bodies.set(key, {denial, tookMs, times: isSame ? before.times + 1 : 1});
	}
}

/** SHA-256 over what opening and verifying depend on: the template, what of old peers is permitted, the headers that describe the body, the body. */
export function bodyKey({name, version}: Template, message: SipMessage, permitted: readonly string[] = []): string {
	const {headers, body} = entityOf(message);
	const hash = createHash('sha256');
	hash.update(
		JSON.stringify([name, version, permitted, headers.map((header) => [header.name.toLowerCase(), header.value])]),
	);
	return hash.update(body).digest('base64');
}

const timesUntilKnown = 2;

/** Whatever time it is, whoever sends it: these octets are refused. */
const lasting: ReadonlySet<Reason> = new Set<Reason>([
	'CMS_MALFORMED',
	'CMS_UNSUPPORTED',
	'CMS_WEAK',
	'NOT_FOR_US',
	'DECRYPTION_FAILED',
	'NOT_SIGNED',
	'BAD_SIGNATURE',
	'BAD_ATTRIBUTES',
	'NO_SIGNER_CERTIFICATE',
]);
