import {createHash} from 'node:crypto';
import {fail, ok, type Result} from '../../base/result.js';
import {type Asn1Element, contextConstructed, readAsn1, tags} from '../../wire/asn1/index.js';
import type {CertificateFailure} from './certificate-validator.js';
import {type Extensions, readExtensions} from './extensions.js';

/** What a revocation list says of itself (RFC 5280 §5.1), and whom it names. */
export type RevocationListFields = {
	/** Lists with one scope take each other's place: issuer, issuing distribution point, complete or delta. */
	readonly scope: string;
	readonly thisUpdateMs: number;
	readonly nextUpdateMs: number;
	/** CRLNumber (§5.2.3) in hexadecimal digits of even number; empty where it has none. */
	readonly number: string;
	readonly isDelta: boolean;
	/** Serial numbers, lower-case hexadecimal as `X509Certificate.serialNumber` has it, with the time of revocation. */
	readonly revoked: readonly {readonly serialNumber: string; readonly revokedAtMs: number}[];
};

/**
 * Reads a revocation list (RFC 5280 §5) that may come from the network and refuses what OpenSSL need not see: other encodings
 * than DER, versions other than 1 and 2, no `nextUpdate` (§5.1.2.5 demands one), doubled extensions, over a mebioctet. Says
 * nothing of its signature.
 */
export function readRevocationList(der: Uint8Array): Result<RevocationListFields, CertificateFailure> {
	const read = readAsn1(der, 'der', readList, limits);
	if (!read.ok) {
		return fail('MALFORMED', `Expected a DER revocation list. ${read.failure.message}`);
	}

	return read.value === undefined
		? fail(
				'MALFORMED',
				'Expected a revocation list of version 1 or 2 that says when the next comes, each extension once.',
			)
		: ok(read.value);
}

function readList(root: Asn1Element): RevocationListFields | undefined {
	const list = root.sequence();
	const fields = list.next().sequence();
	list.next(tags.sequence);
	list.next(tags.bitString);
	list.end();

	const version = fields.optional(tags.integer)?.smallInteger() ?? 0;
	fields.next(tags.sequence);
	const issuer = fields.next(tags.sequence);
	const thisUpdateMs = fields.next().time();
	const nextUpdateMs = fields.optional(tags.utcTime, tags.generalizedTime)?.time();
	const entries = fields.optional(tags.sequence)?.children ?? [];
	const extensions = readExtensions(fields.optional(contextConstructed(0))?.explicit(0), maxExtensions);
	fields.end();
	const revoked = entries.map(readEntry);
	const isKnown = version === 1 || (version === 0 && extensions?.size === 0);
	if (!isKnown || nextUpdateMs === undefined || extensions === undefined) {
		return undefined;
	}

	const isDelta = extensions.has(oids.deltaIndicator);
	const point = extensions.get(oids.issuingDistributionPoint) ?? new Uint8Array();
	const scope = createHash('sha256')
		.update(issuer.encoded)
		.update(isDelta ? 'delta' : 'complete')
		.update(point)
		.digest('hex');
	return {scope, thisUpdateMs, nextUpdateMs, number: numberOf(extensions), isDelta, revoked};
}

function readEntry(element: Asn1Element) {
	const entry = element.sequence();
	const serialNumber = Buffer.from(entry.next().integer())
		.toString('hex')
		.replace(/^00(?=.)/, '');
	const revokedAtMs = entry.next().time();
	entry.optional(tags.sequence);
	entry.end();
	return {serialNumber, revokedAtMs};
}

function numberOf(extensions: Extensions): string {
	const value = extensions.get(oids.crlNumber);
	const number = value && readAsn1(value, 'der', (root) => root.integer());
	return number?.ok ? Buffer.from(number.value).toString('hex') : '';
}

/** Whether `list` is newer than `than`, by number where both have one, else by time. */
export function isNewerList(list: RevocationListFields, than: RevocationListFields): boolean {
	return list.number !== '' && than.number !== ''
		? BigInt(`0x${list.number}`) > BigInt(`0x${than.number}`)
		: list.thisUpdateMs > than.thisUpdateMs;
}

/** Octets that a revocation list may have. */
export const maxRevocationListOctets = 1_048_576;
const limits = {maxBytes: maxRevocationListOctets, maxDepth: 16, maxElements: 400_000};
const maxExtensions = 16;
const oids = {
	crlNumber: '2.5.29.20',
	deltaIndicator: '2.5.29.27',
	issuingDistributionPoint: '2.5.29.28',
} as const;
