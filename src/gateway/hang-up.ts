import {SallyportError} from '../base/error.js';
import {Dialog} from '../core/sip/dialog.js';
import type {SipTarget} from '../core/sip/hop.js';
import type {OutgoingRequest} from '../io/sip/outgoing-request.js';
import type {SipEndpoint} from '../io/sip/sip-endpoint.js';
import type {SipRequest, SipResponse} from '../wire/sip/message.js';
import type {MessageFilter} from './message-filter.js';
import {targetOf} from './sip-target.js';

/** Whose dialog is ended, and by what means. */
export type HangingUp = {
	readonly endpoint: SipEndpoint;
	readonly filter: Pick<MessageFilter, 'filterOutbound'>;
	readonly call: string;
	readonly leg: string;
};

/** Ends a confirmed dialog by BYE, once; resolves when that is answered or given up. Nothing is done in another state. */
export async function sendBye({endpoint, filter, call, leg}: HangingUp, dialog: Dialog | undefined): Promise<void> {
	if (dialog?.state !== 'confirmed') {
		return;
	}

	const bye = await filtered(filter, call, leg, dialog.makeRequest('BYE'));
	const target = bye && (await targetOf(dialog.nextHop));
	if (bye && target) {
		await endpoint.request(bye, target).outcome;
	}
}

/** A 2xx from one more fork of an INVITE of ours: acknowledged, and its dialog ended at once (RFC 3261 §13.2.2.4). */
export async function endFork(
	hangingUp: HangingUp,
	outgoing: OutgoingRequest,
	response: SipResponse,
	target: SipTarget,
): Promise<void> {
	const dialog = Dialog.fromResponse(outgoing.request, response);
	if (dialog.ok) {
		outgoing.acknowledge(dialog.value.makeAck(outgoing.request), (await targetOf(dialog.value.nextHop)) ?? target);
		await sendBye(hangingUp, dialog.value);
	}
}

/** Where the toolbox is gone the BYE leaves as it is: it has no body, and the peer should not be left hanging. */
async function filtered(
	filter: HangingUp['filter'],
	call: string,
	leg: string,
	message: SipRequest,
): Promise<SipRequest | undefined> {
	try {
		const outbound = await filter.filterOutbound({call, leg, role: 'none', message});
		return outbound.verdict === 'outbound' ? (outbound.message as SipRequest) : undefined;
	} catch (error) {
		return error instanceof SallyportError && error.code === 'PORT_CLOSED' ? message : undefined;
	}
}
