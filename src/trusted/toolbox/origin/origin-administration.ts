import {isIP} from 'node:net';
import {SallyportError} from '../../../base/error.js';
import {canonicalAor} from '../../certificates/identity.js';
import type {AuditLog} from '../alerts/audit-log.js';
import type {KnownOrigin} from '../protocol.js';
import {canonicalAddress} from './network.js';
import type {OriginMonitor} from './origin-monitor.js';

/** What an operator does with the origin monitor; every change is in the audit log before it is made. */
export class OriginAdministration {
	readonly #monitor: OriginMonitor;
	readonly #audit: AuditLog;
	readonly #nowMs: () => number;

	constructor(monitor: OriginMonitor, audit: AuditLog, nowMs: () => number) {
		this.#monitor = monitor;
		this.#audit = audit;
		this.#nowMs = nowMs;
	}

	/** Identities after one by name, with the addresses that are known for them. */
	list(after: string, limit: number): readonly KnownOrigin[] {
		return this.#monitor.list(after, limit, this.#nowMs());
	}

	/** The addresses that are known for one identity: an address of record, or the name of a trunk. */
	of(identity: string): KnownOrigin {
		const name = identityOf(identity);
		return {identity: name, records: this.#monitor.addressesOf(name, this.#nowMs())};
	}

	/** Enters an address; it does not expire. Throws `SallyportError` BAD_ADDRESS, BAD_IDENTITY, ORIGINS_FULL. */
	allow(identity: string, address: string): KnownOrigin {
		if (isIP(address) === 0) {
			throw new SallyportError(
				'BAD_ADDRESS',
				`Expected a numeric IP address, got ${JSON.stringify(address.slice(0, 64))}.`,
			);
		}

		const name = identityOf(identity);
		const canonical = canonicalAddress(address);
		this.#audit.append(this.#nowMs(), 'origin-allowed', {identity: name, address: canonical});
		if (!this.#monitor.learn(name, [{address: canonical, evidence: 'operator'}], this.#nowMs())) {
			throw new SallyportError('ORIGINS_FULL', 'Expected room for the address of one more identity.');
		}

		return this.of(name);
	}

	/** Forgets one address, or all of an identity. Returns how many there were. Throws `SallyportError` BAD_IDENTITY. */
	forget(identity: string, address?: string): number {
		const name = identityOf(identity);
		this.#audit.append(this.#nowMs(), 'origin-forgotten', {identity: name, address: address ?? 'all'});
		return this.#monitor.forget(name, address, this.#nowMs());
	}
}

/** A URI as address of record; anything else is the name of a trunk. */
function identityOf(text: string): string {
	if (!/^(?:sips?|tel):/i.test(text)) {
		if (text !== '' && text.length <= 64) {
			return text;
		}

		throw new SallyportError('BAD_IDENTITY', 'Expected an address of record or the name of a trunk.');
	}

	const aor = canonicalAor(text);
	if (!aor.ok) {
		throw new SallyportError(
			'BAD_IDENTITY',
			`Expected an address of record, got ${JSON.stringify(text.slice(0, 100))}.`,
		);
	}

	return aor.value;
}
