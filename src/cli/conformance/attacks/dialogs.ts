import {canonicalAor} from '../../../trusted/certificates/identity.js';
import {header} from '../../../wire/sip/headers.js';
import type {SipMessage, SipRequest, SipResponse} from '../../../wire/sip/message.js';
import {parseNameAddr} from '../../../wire/sip/name-addr.js';
import type {ScenarioNode} from './scenario-node.js';
import type {WireParty} from './wire-party.js';

/** A call that the gateway accepted from a sender of the scenario. */
export type AcceptedCall = {
	readonly party: WireParty;
	readonly node: ScenarioNode;
	readonly invite: SipRequest;
	readonly response: SipResponse;
	/** Of the last request that was sent in it. */
	sequence: number;
};

/** The dialogs of a scenario, by Call-ID and From tag, in the order in which they were accepted. */
export class Dialogs {
	readonly #calls = new Map<string, AcceptedCall>();

	/** The call that a message belongs to, as far as its headers say. */
	of(request: SipRequest): AcceptedCall | undefined {
		return this.#calls.get(nameOf(request));
	}

	/** Notes an accepted INVITE; one in a dialog only moves its numbering on. */
	accept(call: Omit<AcceptedCall, 'sequence'>): void {
		const name = nameOf(call.invite);
		const sequence = Number.parseInt(header(call.invite, 'CSeq') ?? '1', 10);
		const known = this.#calls.get(name);
		this.#calls.delete(name);
		this.#calls.set(name, known === undefined ? {...call, sequence} : {...known, sequence});
	}

	/** Takes out the call of the INVITE that was accepted last. */
	takeLast(): AcceptedCall | undefined {
		const last = [...this.#calls].at(-1);
		if (last !== undefined) {
			this.#calls.delete(last[0]);
		}

		return last?.[1];
	}
}

export function tagOf(message: SipRequest | SipResponse, name: 'From' | 'To'): string {
	const address = parseNameAddr(header(message, name) ?? '');
	return address.ok ? (address.value.tag ?? '') : '';
}

/** Canonical AOR of a party; empty where it is none. */
export function aorOf(message: SipMessage, name: 'From' | 'To'): string {
	const address = parseNameAddr(header(message, name) ?? '');
	const aor = address.ok ? canonicalAor(address.value.uri) : undefined;
	return aor?.ok ? aor.value : '';
}

function nameOf(request: SipRequest): string {
	return `${header(request, 'Call-ID')} ${tagOf(request, 'From')}`;
}
