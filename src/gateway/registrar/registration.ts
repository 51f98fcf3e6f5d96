import {isIP} from 'node:net';
import type {Result} from '../../base/result.js';
import {ok} from '../../base/result.js';
import type {SipSource, SipTarget} from '../../core/sip/hop.js';
import {parseCSeq} from '../../wire/sip/cseq.js';
import {parameterValue} from '../../wire/sip/grammar.js';
import {header, headerValues} from '../../wire/sip/headers.js';
import type {SipRequest} from '../../wire/sip/message.js';
import {type NameAddr, parseNameAddr} from '../../wire/sip/name-addr.js';
import {canonicalAor, parseSipUri, type SipUri} from '../../wire/sip/uri.js';
import {failed, type Refusal, refuse} from '../refusal.js';
import {type Binding, maxBindings} from './location-service.js';

/** How long registrations last, in seconds. */
export type Lifetimes = {readonly minSeconds: number; readonly maxSeconds: number};

/** What a REGISTER asks for. */
export type Registration = {
	/** Canonical AOR of To. */
	readonly aor: string;
	readonly callId: string;
	readonly sequence: number;
	/** A binding that has expired is to go; `all`: every binding of the address (Contact: *). */
	readonly changes: readonly Binding[] | 'all';
};

/** Reads a REGISTER as RFC 3261 §10.3 has it, steps 5 to 7. Whether to believe it is not asked here. */
export function readRegistration(
	request: SipRequest,
	origin: SipSource,
	lifetimes: Lifetimes,
	nowMs: number,
): Result<Registration, Refusal> {
	const to = parseNameAddr(header(request, 'To') ?? '');
	const address = to.ok ? parseSipUri(to.value.uri) : undefined;
	const sequence = parseCSeq(header(request, 'CSeq') ?? '');
	const callId = header(request, 'Call-ID');
	const contacts = headerValues(request, 'Contact');
	if (!address?.ok || !sequence.ok || callId === undefined || contacts.length > maxBindings) {
		return failed(badRegistration);
	}

	const registration = {aor: canonicalAor(address.value), callId, sequence: sequence.value.number};
	const asked = readSeconds(header(request, 'Expires'));
	if (contacts.includes('*')) {
		return contacts.length === 1 && asked === 0 ? ok({...registration, changes: 'all'}) : failed(badRegistration);
	}

	const changes: Binding[] = [];
	for (const value of contacts) {
		const contact = parseNameAddr(value);
		const uri = contact.ok ? parseSipUri(contact.value.uri) : undefined;
		if (!contact.ok || !uri?.ok) {
			return failed(badRegistration);
		}

		const wished = readSeconds(parameterValue(contact.value.params, 'expires')) ?? asked ?? lifetimes.maxSeconds;
		if (wished > 0 && wished < lifetimes.minSeconds) {
			return failed(tooBrief(lifetimes.minSeconds));
		}

		changes.push({
			contact: contact.value.uri,
			preference: preferenceOf(contact.value),
			target: targetOf(uri.value, origin),
			callId,
			sequence: registration.sequence,
			expiresAtMs: nowMs + 1000 * Math.min(wished, lifetimes.maxSeconds),
		});
	}

	return ok({...registration, changes});
}

/** Back over the way that the registration came by where the Contact names another place: there is a NAT between. */
function targetOf({host, port, params}: SipUri, {local, ...source}: SipSource): SipTarget {
	const isThere = isIP(host) !== 0 && host === source.address;
	const transport = parameterValue(params, 'transport')?.toLowerCase();
	if (source.transport === 'udp') {
		const named = isThere ? {...source, port: port ?? 5060} : source;
		return isThere && transport === 'tcp' ? {...named, transport: 'tcp'} : {...named, local};
	}

	// The connection serves as long as it lives; after that another one to where the Contact says.
	return isThere ? {...source, port: port ?? 5060} : source;
}

/** Seconds, also beyond all bounds; undefined for what is none (RFC 3261 §20.19: taken as if nothing were there). */
function readSeconds(text: string | undefined): number | undefined {
	return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function preferenceOf({params}: NameAddr): number {
	const text = parameterValue(params, 'q') ?? '1';
	return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}

const badRegistration = refuse(400, 'Bad Request', 'BAD_REGISTRATION');

function tooBrief(minSeconds: number): Refusal {
	return {
		...refuse(423, 'Interval Too Brief', 'REGISTRATION_TOO_BRIEF'),
		headers: [{name: 'Min-Expires', value: String(minSeconds)}],
	};
}
