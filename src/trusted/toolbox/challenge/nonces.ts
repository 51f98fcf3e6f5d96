import {createHmac, randomBytes, timingSafeEqual} from 'node:crypto';

export type NonceVerdict = 'good' | 'stale' | 'not-ours';

/**
 * Nonces of ours, without a memory of what was issued: each says when it was made, and an HMAC over that and the address it was
 * made for says that we made it. The secret lives as long as the process.
 */
export class Nonces {
	readonly #secret = randomBytes(32);
	readonly #lifetimeMs: number;
	/** What the counters of nonces that were answered have come to, those made first in front. Only right answers get in. */
	readonly #counts = new Map<string, {readonly count: number; readonly content: string; readonly madeMs: number}>();

	/** `lifetimeSeconds`: how long an answer is taken. @default 60 */
	constructor(lifetimeSeconds = 60) {
		this.#lifetimeMs = 1000 * lifetimeSeconds;
	}

	issue(address: string, nowMs: number): string {
		const head = Buffer.concat([timeOctets(nowMs), randomBytes(randomOctets)]);
		return Buffer.concat([head, this.#seal(head, address)]).toString('hex');
	}

	check(nonce: string, address: string, nowMs: number): NonceVerdict {
		const octets = /^[\da-f]+$/.test(nonce) ? Buffer.from(nonce, 'hex') : Buffer.alloc(0);
		const head = octets.subarray(0, headOctets);
		const seal = octets.subarray(headOctets);
		if (octets.length !== headOctets + sealOctets || !timingSafeEqual(seal, this.#seal(head, address))) {
			return 'not-ours';
		}

		const age = nowMs - head.readUIntBE(0, timeLength);
		return age >= 0 && age <= this.#lifetimeMs ? 'good' : 'stale';
	}

	/**
	 * Takes the counter of a right answer (RFC 7616 §3.3 `nc`): it must go up. The same counter may come again with the same
	 * content, by another way or sent again: whether that is a replay the ledger says. False too where no more are counted.
	 */
	count(nonce: string, count: number, content: string, nowMs: number): boolean {
		const last = this.#counts.get(nonce);
		if (last !== undefined) {
			if (count < last.count || (count === last.count && content !== last.content)) {
				return false;
			}

			this.#counts.set(nonce, {...last, count, content});
			return true;
		}

		for (const [old, {madeMs}] of this.#counts) {
			if (nowMs - madeMs <= 2 * this.#lifetimeMs) {
				break;
			}

			this.#counts.delete(old);
		}

		if (this.#counts.size >= maxCounted) {
			return false;
		}

		this.#counts.set(nonce, {count, content, madeMs: nowMs});
		return true;
	}

	#seal(head: Uint8Array, address: string): Buffer {
		return createHmac('sha256', this.#secret).update(head).update(address).digest().subarray(0, sealOctets);
	}
}

function timeOctets(nowMs: number): Buffer {
	const octets = Buffer.alloc(timeLength);
	octets.writeUIntBE(nowMs, 0, timeLength);
	return octets;
}

const timeLength = 6;
const randomOctets = 10;
const headOctets = timeLength + randomOctets;
const sealOctets = 16;
const maxCounted = 100_000;
