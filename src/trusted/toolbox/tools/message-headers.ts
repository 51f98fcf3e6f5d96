import {type CodedFailure, fail, ok, type Result} from '../../../base/result.js';
import {type CSeq, parseCSeq} from '../../../wire/sip/cseq.js';
import {parseSipDate} from '../../../wire/sip/date.js';
import {headerValues} from '../../../wire/sip/headers.js';
import type {SipHeader} from '../../../wire/sip/message.js';
import {parseNameAddr} from '../../../wire/sip/name-addr.js';
import {type Aor, canonicalAor} from '../../certificates/identity.js';
import type {Leg} from '../calls/leg.js';
import type {LedgerDialog} from '../ledger/ledger-record.js';

export type Party = {readonly aor: Aor; readonly tag: string};

/** The headers that say what a message is about. */
export type MessageHeaders = {
	readonly from: Party;
	readonly to: Party;
	readonly callId: string;
	readonly cseq: CSeq;
	/** Milliseconds since 1970; undefined where there is no Date. */
	readonly dateMs: number | undefined;
	/** URI of the first Contact; undefined where there is none. */
	readonly contact: string | undefined;
};

export type HeaderFailure = CodedFailure<'MISSING_HEADER' | 'DOUBLE_HEADER' | 'BAD_HEADER'>;

/** Reads them from a message, or from the headers inside a signed part. Each may stand there once. */
export function readMessageHeaders(headed: {
	readonly headers: readonly SipHeader[];
}): Result<MessageHeaders, HeaderFailure> {
	const values = new Map<string, string>();
	for (const name of ['From', 'To', 'Call-ID', 'CSeq', 'Date', 'Contact']) {
		const [value, ...others] = headerValues(headed, name);
		if (others.length > 0) {
			return fail('DOUBLE_HEADER', `Expected ${name} once.`);
		}

		if (value === undefined && name !== 'Date' && name !== 'Contact') {
			return fail('MISSING_HEADER', `Expected ${name}, got none.`);
		}

		values.set(name, value ?? '');
	}

	const from = readParty(values.get('From') ?? '');
	const to = readParty(values.get('To') ?? '');
	const cseq = parseCSeq(values.get('CSeq') ?? '');
	const callId = values.get('Call-ID') ?? '';
	const date = values.get('Date') ?? '';
	const contact = values.get('Contact') ?? '';
	const parsedDate = date === '' ? undefined : parseSipDate(date);
	const parsedContact = contact === '' || contact === '*' ? undefined : parseNameAddr(contact);
	if (!from || !to || !cseq.ok || callId === '' || parsedDate?.ok === false || parsedContact?.ok === false) {
		return fail('BAD_HEADER', 'Expected From, To, CSeq, Date and Contact as RFC 3261 has them.');
	}

	return ok({
		from,
		to,
		callId,
		cseq: cseq.value,
		dateMs: parsedDate?.value,
		contact: parsedContact?.value.uri,
	});
}

/** The dialog that a message belongs to: the leg's where it fits, a new one where the leg has none. */
export function dialogOf({callId, from, to}: MessageHeaders, leg: Leg): LedgerDialog | undefined {
	const {dialog} = leg;
	if (!dialog) {
		return {callId, offererTag: from.tag};
	}

	const isInDialog = dialog.callId === callId && [from.tag, to.tag].includes(dialog.offererTag);
	return isInDialog ? dialog : undefined;
}

function readParty(value: string): Party | undefined {
	const address = parseNameAddr(value);
	const aor = address.ok ? canonicalAor(address.value.uri) : undefined;
	return address.ok && aor?.ok ? {aor: aor.value, tag: address.value.tag ?? ''} : undefined;
}
