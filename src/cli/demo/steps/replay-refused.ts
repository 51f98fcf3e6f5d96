import type {CallSummary} from '../../../gateway/bridged-call.js';
import type {LegStatistics} from '../../../trusted/media/protocol.js';
import type {Alert, LedgerEntry} from '../../../trusted/toolbox/protocol.js';
import {header, withBody} from '../../../wire/sip/headers.js';
import type {SipRequest, SipResponse} from '../../../wire/sip/message.js';
import type {Charles, Disguise} from '../charles/charles.js';
import {type Forgery, forgeEnvelope} from '../charles/forge-envelope.js';
import type {GatewayChild, PhoneChild} from '../child-process.js';
import type {DemoStep} from '../demo-report.js';
import {captured, compareSamples} from '../recordings.js';
import type {SealedCall} from './sealed-call.js';

/** Reasons for which a message that was accepted before may be refused. */
const replayReasons = new Set(['REPLAYED', 'FORGOTTEN']);

/** Step 4: the recorded INVITE is sent to the gateway, which remembers. */
export async function replayToGateway(
	charles: Charles,
	invite: SipRequest,
	gateway: GatewayChild,
	disguise: Disguise,
	circumstances: string,
): Promise<DemoStep> {
	const before = await newestAlert(gateway);
	const {response, hangUp} = await charles.replayInvite(invite, {address: '127.0.0.1', port: gateway.port}, disguise);
	await hangUp();
	const status = response?.status ?? 0;
	const refused = status >= 300 ? await gateway.next('call-refused') : undefined;
	const reason = String(refused?.['reason'] ?? '');
	const alerts = (await gateway.ask<readonly Alert[]>(`alerts?after=${before}`)).filter(
		(alert) => alert.reason === reason,
	);
	const ledger = await gateway.ask<readonly LedgerEntry[]>('ledger');
	const callId = header(invite, 'Call-ID') ?? '';
	const entries = ledger.filter((entry) => entry.callId === callId && entry.state !== 'reserved');
	// The refused call itself is known until its end is written down.
	const calls = (await gateway.ask<readonly CallSummary[]>('calls')).filter(({state}) => state !== 'ended');
	const hasOwnHeaders = disguise === 'own Via, Call-ID and tags';
	const fits = replayReasons.has(reason) || (hasOwnHeaders && reason === 'BINDING_MISMATCH');
	const isLeftAlone = calls.length === 0 && !gateway.has('call-established');
	return {
		name: `replay to the gateway, ${circumstances}`,
		expected: 'refused with 403 for what the ledger remembers or the signed headers say; an alert; nothing relayed',
		observed: `${status} ${response?.reason ?? 'no answer'}, reason ${reason}; ${alerts.length} alert(s); ${entries.length} ledger entries of that call, all past their use; ${calls.length} calls up`,
		ok: status === 403 && fits && alerts.length > 0 && entries.length > 0 && isLeftAlone,
		status,
		reason,
		alerts: alerts.map(({kind, reason: why, origin}) => ({kind, reason: why, from: origin?.address ?? ''})),
		ledgerEntries: entries.map(({kind, state, fingerprint}) => ({kind, state, fingerprint: fingerprint.slice(0, 16)})),
	};
}

/**
 * Step 4: Alice's telephone with a toolbox of its own is sent what it was sent before: from Charles's address, which its
 * origin monitor does not know, and from the address that the gateway has; and the recorded SRTP after each.
 */
export async function replayToPhone(
	attackers: {readonly elsewhere: Charles; readonly sameAddress: Charles},
	invite: SipRequest,
	call: SealedCall,
	phone: PhoneChild,
): Promise<DemoStep> {
	const recorded = (await captured(call.alice.captureFile, {kind: 'rtp', to: phone.mediaPort})).slice(0, 25);
	const attempts: {from: string; status: number; reason: string; played: number}[] = [];
	for (const [from, charles] of Object.entries(attackers)) {
		const {response, hangUp} = await charles.replayInvite(invite, {address: '127.0.0.1', port: phone.port}, 'own Via');
		const played = await charles.play(recorded, ({destination}) => ({address: '127.0.0.1', port: destination.port}));
		await hangUp();
		const status = response?.status ?? 0;
		const reason = status >= 300 ? (await phone.next('refused')).refusal.reason : '';
		attempts.push({from, status, reason, played});
	}

	phone.send({kind: 'inspect'});
	const {alerts, ledger} = await phone.next('inspected');
	const callId = header(invite, 'Call-ID') ?? '';
	const entries = ledger.filter((entry) => entry.callId === callId && entry.state !== 'reserved');
	const isCallMade = phone.has('answered') || phone.has('ended');
	const [elsewhere, sameAddress] = attempts;
	return {
		name: "replay to Alice's telephone, toolbox on",
		expected:
			'refused with 403: for its origin from an address that never spoke for the gateway, for the ledger from its own; no call, so nobody listens to the recorded SRTP',
		observed: `${attempts.map(({from, status, reason}) => `${from}: ${status} ${reason}`).join('; ')}; ${entries.length} ledger entries of that call; ${isCallMade ? 'a call was made' : 'no call'}`,
		ok:
			elsewhere?.status === 403 &&
			elsewhere.reason === 'ORIGIN_NEW' &&
			sameAddress?.status === 403 &&
			replayReasons.has(sameAddress.reason) &&
			attempts.every(({reason}) => alerts.some((alert) => alert.reason === reason)) &&
			entries.length > 0 &&
			!isCallMade,
		attempts,
	};
}

/** Step 4: forgeries of the recorded envelope get the face that noise gets. */
export async function forgeToGateway(
	charles: Charles,
	invite: SipRequest,
	gateway: GatewayChild,
	random: (octets: number) => Uint8Array,
): Promise<DemoStep> {
	const faces: {forgery: Forgery; status: number; reason: string; face: string}[] = [];
	for (const forgery of ['noise', 'relabelled to AES-256-OFB', 'ICV cut to one octet'] as const) {
		const contentHeaders = invite.headers.filter(({name}) => name.startsWith('Content-') && name !== 'Content-Length');
		const forged = withBody(invite, forgeEnvelope(invite.body, forgery, random), contentHeaders);
		const to = {address: '127.0.0.1', port: gateway.port};
		const {response, hangUp} = await charles.replayInvite(forged, to, 'own Via');
		await hangUp();
		const status = response?.status ?? 0;
		const refused = status >= 300 ? await gateway.next('call-refused') : undefined;
		faces.push({forgery, status, reason: String(refused?.['reason'] ?? ''), face: response ? faceOf(response) : ''});
	}

	const distinct = new Set(faces.map(({face}) => face)).size;
	return {
		name: 'forged envelopes (V22)',
		expected: 'the relabelled cipher and the cut ICV get the same 493 as noise, header for header',
		observed: `${faces.map(({forgery, status}) => `${forgery}: ${status}`).join('; ')}; ${distinct} distinct answer(s)`,
		ok: faces.every(({status}) => status === 493) && distinct === 1,
		faces: faces.map(({forgery, status, reason}) => ({forgery, status, reason})),
	};
}

/** Step 4: while Bob and Alice speak, Charles throws at their ports what he recorded before. */
export async function attackLiveCall(
	charles: Charles,
	placed: Promise<SealedCall>,
	recorded: SealedCall,
	gateway: GatewayChild,
): Promise<DemoStep> {
	// Its failure is told where it is awaited.
	placed.catch(() => {});
	await gateway.next('call-established');
	type Legs = readonly LegStatistics[];
	const up = await gateway.ask<readonly {readonly legs: Legs}[]>('statistics');
	const ports = up.flatMap(({legs}) => legs.map(({local}) => local.rtp.port));
	const old = (await captured(recorded.bob.captureFile, {kind: 'rtp'})).slice(0, 50);
	const plays = await Promise.all(ports.map((port) => charles.play(old, () => ({address: '127.0.0.1', port}))));
	const played = plays.reduce((sum, packets) => sum + packets, 0);
	const {bob, alice} = await placed;
	const ended = await gateway.next('call-ended');
	const dropped = (ended['legs'] as Legs).reduce((sum, leg) => sum + leg.dropped['wrong-source'], 0);
	const comparison = await compareSamples(bob.saidFile, alice.heardFile);
	return {
		name: 'old packets into a live call',
		expected: 'dropped for their source before any cryptography; Alice hears Bob, sample for sample',
		observed: `${dropped} of ${played} dropped as wrong-source; ${comparison.samples - comparison.differing} of ${comparison.samples} samples the same, ${alice.lostPackets} packets lost`,
		ok: played > 0 && dropped === played && comparison.samples > 0 && comparison.differing === 0,
		packetsPlayed: played,
		packetsDropped: dropped,
		samplesDiffering: comparison.differing,
	};
}

async function newestAlert(gateway: GatewayChild): Promise<number> {
	const alerts = await gateway.ask<readonly Alert[]>('alerts');
	return alerts.at(-1)?.sequence ?? 0;
}

/** A response without what differs from transaction to transaction. */
function faceOf({status, reason, headers, body}: SipResponse): string {
	const kept = headers.filter(({name}) => !['Via', 'From', 'To', 'Call-ID', 'CSeq'].includes(name));
	return JSON.stringify([status, reason, kept, Buffer.from(body).toString('base64')]);
}
