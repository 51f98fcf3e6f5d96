import {closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync} from 'node:fs';
import {z} from 'zod';
import {SallyportError} from '../../base/error.js';
import type {RevocationReason} from '../../trusted/certificates/revocation-list-writer.js';

/** A certificate that an authority has issued. */
export type IssuedCertificate = {
	/** Upper-case hexadecimal, as `X509Certificate.serialNumber` has it. */
	readonly serialNumber: string;
	readonly uris: readonly string[];
	readonly commonName: string;
	readonly issuedAtMs: number;
	readonly notAfterMs: number;
	readonly revokedAtMs?: number;
	readonly reason?: RevocationReason;
};

/**
 * What an authority has done: one JSON object a line, only ever appended to and synced before what it tells of leaves the process.
 * A last line that was cut short by a crash counts for nothing.
 */
export class IssuedLog {
	readonly #path: string;
	readonly #issued = new Map<string, IssuedCertificate>();
	/** Of the last revocation list; 0 before the first. */
	#listNumber = 0;
	#isTorn = false;

	/** Throws `SallyportError` AUTHORITY_DAMAGED on a line that is none of ours. */
	constructor(path: string) {
		this.#path = path;
		const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
		const lines = text.split('\n');
		this.#isTorn = lines.pop() !== '';
		for (const [index, line] of lines.entries()) {
			// A torn line has been closed by the next append.
			if (line !== '' && !this.#take(line) && !isCutShort(line)) {
				throw new SallyportError(
					'AUTHORITY_DAMAGED',
					`Expected what an authority writes in ${path}, got something else in line ${index + 1}.`,
				);
			}
		}
	}

	get issued(): readonly IssuedCertificate[] {
		return [...this.#issued.values()];
	}

	get(serialNumber: string): IssuedCertificate | undefined {
		return this.#issued.get(serialNumber);
	}

	issue(certificate: IssuedCertificate): void {
		this.#append({event: 'issued', ...certificate, uris: [...certificate.uris]});
	}

	revoke(serialNumber: string, revokedAtMs: number, reason: RevocationReason): void {
		this.#append({event: 'revoked', serialNumber, revokedAtMs, reason});
	}

	/** Takes the number for one more revocation list. */
	nextListNumber(atMs: number): number {
		this.#append({event: 'listed', number: this.#listNumber + 1, atMs});
		return this.#listNumber;
	}

	#append(event: z.infer<typeof eventShape>): void {
		const line = JSON.stringify(event);
		const file = openSync(this.#path, 'a', 0o600);
		try {
			writeSync(file, `${this.#isTorn ? '\n' : ''}${line}\n`);
			fsyncSync(file);
		} finally {
			closeSync(file);
		}

		this.#isTorn = false;
		this.#take(line);
	}

	#take(line: string): boolean {
		const event = eventShape.safeParse(jsonOf(line));
		if (!event.success) {
			return false;
		}

		switch (event.data.event) {
			case 'issued': {
				const {event: _, ...certificate} = event.data;
				this.#issued.set(certificate.serialNumber, certificate);
				break;
			}

			case 'revoked': {
				const {serialNumber, revokedAtMs, reason} = event.data;
				const issued = this.#issued.get(serialNumber);
				if (issued?.revokedAtMs === undefined && issued) {
					this.#issued.set(serialNumber, {...issued, revokedAtMs, reason: reason as RevocationReason});
				}

				break;
			}

			case 'listed':
				this.#listNumber = event.data.number;
		}

		return true;
	}
}

function jsonOf(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		return undefined;
	}
}

function isCutShort(line: string): boolean {
	return line.startsWith('{"event":') && jsonOf(line) === undefined;
}

const serialNumber = z.string().regex(/^[\dA-F]{1,40}$/);
const eventShape = z.discriminatedUnion('event', [
	z.strictObject({
		event: z.literal('issued'),
		serialNumber,
		uris: z.array(z.string()),
		commonName: z.string(),
		issuedAtMs: z.number(),
		notAfterMs: z.number(),
	}),
	z.strictObject({event: z.literal('revoked'), serialNumber, revokedAtMs: z.number(), reason: z.string()}),
	z.strictObject({event: z.literal('listed'), number: z.int(), atMs: z.number()}),
]);
