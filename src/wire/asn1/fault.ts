import type {CodedFailure} from '../../base/result.js';

export type Asn1FailureCode = 'ASN1_MALFORMED' | 'ASN1_UNEXPECTED' | 'ASN1_OVER_LIMIT';
export type Asn1Failure = CodedFailure<Asn1FailureCode>;

/** Ends a reading from inside; `readAsn1` turns it into a failure. */
export class Asn1Fault extends Error {
	readonly code: Asn1FailureCode;

	constructor(code: Asn1FailureCode, message: string) {
		super(message);
		this.code = code;
	}
}

/** Ends the reading of octets that are not what X.690 says. */
export function malformed(message: string): never {
	throw new Asn1Fault('ASN1_MALFORMED', message);
}

/** A tag for a sentence. */
export function tagText(tag: number): string {
	return `0x${tag.toString(16).padStart(2, '0')}`;
}
