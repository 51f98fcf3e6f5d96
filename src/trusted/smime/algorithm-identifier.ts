import type {Asn1Element} from '../../wire/asn1/index.js';
import {derNull, derObjectIdentifier, derSequence, tags} from '../../wire/asn1/index.js';
import {refuse} from './refusal.js';

/** AlgorithmIdentifier (RFC 5280 §4.1.1.2): a name, and parameters that belong to it. */
export type AlgorithmIdentifier = {
	readonly oid: string;
	readonly parameters: Asn1Element | undefined;
	/** The whole of it as it was sent. */
	readonly encoded: Uint8Array;
};

export function readAlgorithmIdentifier(element: Asn1Element, tag: number = tags.sequence): AlgorithmIdentifier {
	const cursor = element.sequence(tag);
	const oid = cursor.next().objectIdentifier();
	const parameters = cursor.nextIfAny();
	cursor.end();
	return {oid, parameters, encoded: element.encoded};
}

/** Refuses parameters where the algorithm has none. */
export function requireNoParameters(algorithm: AlgorithmIdentifier): void {
	if (algorithm.parameters !== undefined) {
		refuse('UNSUPPORTED', `Expected no parameters for algorithm ${algorithm.oid}.`);
	}
}

/** Takes NULL for absent: both are in use with hashes and RSA (RFC 5754 §2, RFC 4055 §2.1). */
export function requireNullOrNoParameters(algorithm: AlgorithmIdentifier): void {
	algorithm.parameters?.null();
}

/** True when both name the same algorithm with the same parameters, NULL being as good as none. */
export function isSameAlgorithm(a: AlgorithmIdentifier, b: AlgorithmIdentifier): boolean {
	const [first, second] = [a, b].map(({parameters}) =>
		parameters === undefined || parameters.tag === tags.null ? new Uint8Array() : parameters.encoded,
	);
	return a.oid === b.oid && Buffer.compare(first ?? new Uint8Array(), second ?? new Uint8Array()) === 0;
}

export function derAlgorithm(oid: string, ...parameters: readonly Uint8Array[]): Uint8Array {
	return derSequence(derObjectIdentifier(oid), ...parameters);
}

export function derAlgorithmWithNull(oid: string): Uint8Array {
	return derAlgorithm(oid, derNull());
}
