import {type Reason, reasons, uniformFailure} from '../../../trusted/toolbox/engine/reasons.js';
import {failed, passed, type Verdict} from '../format.js';
import type {Ended} from './sealed-requests.js';

/** The reasons that what a case says is wrong with it may have; undefined where its words are not known. */
export function reasonsFor(why: string): readonly string[] | undefined {
	return reasonsOfWords.find(([words]) => words.test(why))?.[1];
}

/**
 * Holds a denial against the collection's word. From the first octet addressed to our key until a signature has verified all
 * failures have one face, 493 (RFC 3261 §23 leaves the status to the user agent): there it stands for any refusal, and the
 * reason, which only the operator sees, tells them apart.
 */
export function mustEndAs(word: string, expected: readonly string[], {verdict, detail}: Ended): Verdict {
	if (verdict.verdict === 'release') {
		return failed(`Expected ${word}, got it accepted.`);
	}

	const status = /^reject-(\d{3})/.exec(word)?.[1];
	const isUniform = verdict.status === uniformFailure.status && statusOf(verdict.reason) === uniformFailure.status;
	const isRightStatus = status === undefined || String(verdict.status) === status || isUniform;
	if (!isRightStatus) {
		return failed(`Expected ${word}, got ${verdict.status} (${verdict.reason}).`);
	}

	const told = `${verdict.reason} ${detail}`;
	return expected.some((reason) => reason.split(' ').every((part) => told.includes(part)))
		? passed
		: failed(`Expected ${word} for ${expected.join(' or ')}, got ${told.trim()}.`);
}

function statusOf(reason: string): number | undefined {
	return Object.hasOwn(reasons, reason) ? reasons[reason as Reason].status : undefined;
}

/** A second word is what the certificate was refused for. */
const reasonsOfWords: readonly (readonly [RegExp, readonly string[]])[] = [
	[/signature octet flipped/, ['BAD_SIGNATURE']],
	[/tag flipped/, ['DECRYPTION_FAILED']],
	[/encrypted to somebody else/, ['NOT_FOR_US']],
	[/not signed/, ['NOT_SIGNED']],
	[/unknown body type/, ['UNSUPPORTED_TYPE']],
	[/SAN is another AOR/, ['IDENTITY_MISMATCH']],
	[/certificate expired/, ['CERTIFICATE_REFUSED EXPIRED']],
	[/unknown CA|self-signed/, ['CERTIFICATE_REFUSED UNTRUSTED']],
	[/EKU is/, ['CERTIFICATE_REFUSED EXTENDED_KEY_USAGE']],
	[/SHA-1 message digest/, ['CMS_WEAK']],
	[/no signed attributes/, ['BAD_ATTRIBUTES']],
	// A From that differs inside names another than the certificate, too: that is asked first.
	[/inner From differs/, ['BINDING_MISMATCH', 'IDENTITY_MISMATCH']],
	[/inner CSeq differs/, ['BINDING_MISMATCH']],
	[/inner Date far in the past/, ['STALE', 'BINDING_MISMATCH']],
	[/RFC 5084|not an authenticated cipher/, ['CMS_UNSUPPORTED']],
];
