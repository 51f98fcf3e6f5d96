import {SallyportError} from '../../base/error.js';
import {srtpSuites} from '../../wire/sdes/suites.js';
import {canonicalAor} from '../certificates/identity.js';
import type {KeyChannelReply, KeyChannelRequest} from '../media/protocol.js';
import {newHandle} from './calls/call-table.js';
import type {OwnKey} from './calls/leg.js';
import {noteMediaOrigin} from './origin/media-origin.js';
import {isLessTaken} from './policy/call-rules.js';
import type {AuthorizeBridge, BridgeTicket, MintKeys, OwnKeyHandle} from './protocol.js';
import type {ToolboxState} from './toolbox-state.js';

/**
 * Makes keys for what we send on a leg, one for each suite, and enters all of them in the ledger in one claim, so that nobody can
 * send one back to us (PROTOCOL V10). All or none.
 */
export async function mintKeys(
	state: ToolboxState,
	{call, leg: legName, suites}: MintKeys,
): Promise<readonly OwnKeyHandle[]> {
	const {services, audit, time} = state;
	const {calls, ledger} = services;
	if (!calls.hasRoom(call)) {
		throw new SallyportError('TOO_MANY_CALLS', 'Expected room for another call.');
	}

	const leg = calls.leg(call, legName);
	calls.demandRoomForKeys(leg, suites.length);
	const made = suites.map((suite) => {
		const held = calls.vault.generate(suite);
		const names = held.lend((keyAndSalt) => ledger.fingerprint(keyAndSalt, srtpSuites[suite].keyOctets));
		return {suite, held, ...names};
	});
	const claimed = await ledger.claim(
		{
			dialog: leg.dialog ?? {callId: '', offererTag: ''},
			holder: {epoch: ledger.epoch, call, leg: legName},
			signer: 'self',
			maker: 'self',
			keys: made.map(({fingerprint, saltTag}) => ({fingerprint, saltTag, mediaIndex: 0})),
		},
		time.nowMs(),
	);
	if (!claimed.ok) {
		for (const {held} of made) {
			held.destroy();
		}

		throw new SallyportError(claimed.failure.code, claimed.failure.message);
	}

	const keys = made.map(
		({suite, held, fingerprint}): OwnKey => ({
			handle: newHandle() as OwnKeyHandle,
			suite,
			fingerprint,
			held,
			sealedFor: undefined,
			isInstalled: false,
		}),
	);
	calls.keep(leg);
	calls.noteClaims(
		call,
		[],
		keys.map(({fingerprint}) => fingerprint),
	);
	for (const key of keys) {
		calls.registerOwnKey(leg, key);
	}

	audit.append(time.nowMs(), 'keys-made', {call, leg: legName, suites: suites.join(' ')});
	return keys.map(({handle}) => handle);
}

/** Gives leave to bridge legs, once. In the clear only where the policy of the leg's party says so. */
export function authorizeBridge(state: ToolboxState, {call, legs}: AuthorizeBridge): BridgeTicket {
	const {services, audit, time} = state;
	const {calls, policy} = services;
	const peers = new Map<string, string>();
	const allowed = legs.map(({leg: name, identity}) => {
		const leg = calls.leg(call, name);
		const aor = canonicalAor(identity);
		if (!leg.peer && !aor.ok) {
			throw new SallyportError('BAD_IDENTITY', `Expected the address of the party on ${name}.`);
		}

		const peer = leg.peer ?? policy.peerFor(aor.ok ? [aor.value] : []);
		const {inbound, outbound} = peer.protection;
		peers.set(name, peer.name);
		const mayBeClear = leg.peer ? leg.isClear : isLessTaken(calls.decisionOf(call)) && peer.recipient === undefined;
		const isClearByRule = inbound === 'clear' && outbound === 'clear';
		return {leg: name, clearAllowed: !leg.signer && (isClearByRule || mayBeClear)};
	});
	const ticket = calls.issueTicket({call, legs: allowed}, peers);
	audit.append(time.nowMs(), 'bridge-allowed', {
		call,
		legs: allowed.map(({leg, clearAllowed}) => (clearAllowed ? `${leg} (clear)` : leg)).join(', '),
	});
	return ticket;
}

/** The call is over: what it had installed is retired, what it had only reserved may be offered again. */
export async function endCall(state: ToolboxState, call: string, reason: string): Promise<void> {
	const {services, audit, time} = state;
	services.presence.leave(call);
	const claims = services.calls.end(call);
	if (claims.length > 0) {
		await services.ledger.end(claims, call);
		audit.append(time.nowMs(), 'call-ended', {call, reason});
	}
}

/** Answers the media domain: each handle and ticket serves once, for the call and leg that it was made for. */
export async function redeem(state: ToolboxState, request: KeyChannelRequest): Promise<KeyChannelReply> {
	switch (request.kind) {
		case 'redeem-ticket':
			return redeemTicket(state, request);
		case 'redeem-peer-key':
			return redeemPeerKey(state, request);
		case 'redeem-own-key':
			return redeemOwnKey(state, request);
		case 'heard-from':
			noteMediaOrigin(state, request);
			return {ok: true};
		case 'relay-ended':
			await endCall(state, request.call, 'relay-ended');
			return {ok: true};
	}
}

type Ask<Kind extends KeyChannelRequest['kind']> = KeyChannelRequest & {readonly kind: Kind};

function redeemTicket(
	{services, audit, time}: ToolboxState,
	{ticket, call, legs}: Ask<'redeem-ticket'>,
): KeyChannelReply {
	const issued = services.calls.takeTicket(ticket);
	const isFitting =
		issued?.call === call &&
		issued.legs.length === legs.length &&
		issued.legs.every(({leg}) => legs.filter((name) => name === leg).length === 1);
	if (!issued || !isFitting) {
		return refuse('BAD_TICKET', 'Expected an unused ticket for exactly these legs.');
	}

	audit.append(time.nowMs(), 'bridged', {call, legs: legs.join(', ')});
	return {ok: true, legs: issued.legs};
}

async function redeemPeerKey(
	{services, audit, time}: ToolboxState,
	{key: handle, call, leg: legName}: Ask<'redeem-peer-key'>,
): Promise<KeyChannelReply> {
	const {calls, ledger} = services;
	const found = calls.peerKey(handle, call, legName);
	const isTwin = found?.leg.peerKeys.some(
		(other) => other.state === 'installed' && other.fingerprint === found.key.fingerprint,
	);
	if (found?.key.state !== 'reserved' || isTwin) {
		return refuse('BAD_HANDLE', 'Expected an unused handle of this leg.');
	}

	const {leg, key} = found;
	const replaced = leg.replacedBy(key);
	const installed = await ledger.install({
		holder: {epoch: ledger.epoch, call, leg: legName},
		key: key.fingerprint,
		message: key.message,
		replaces: replaced.map(({fingerprint}) => fingerprint),
	});
	if (!installed.ok) {
		return refuse(installed.failure.code, installed.failure.message);
	}

	// Durable now; only from here may the key leave.
	key.state = 'installed';
	for (const old of replaced) {
		calls.retirePeerKey(old);
	}

	audit.append(time.nowMs(), 'key-installed', {call, leg: legName, suite: key.suite, of: 'peer'});
	const {suite, mki, lifetimePackets} = key;
	const slot = key.held.deposit();
	key.held.destroy();
	return {ok: true, slot, suite, mki, ...(lifetimePackets !== undefined && {lifetimePackets})};
}

async function redeemOwnKey(
	{services, audit, time}: ToolboxState,
	{key: handle, call, leg: legName}: Ask<'redeem-own-key'>,
): Promise<KeyChannelReply> {
	const {calls, ledger} = services;
	const found = calls.ownKey(handle, call, legName);
	if (!found || found.key.isInstalled) {
		return refuse('BAD_HANDLE', 'Expected an unused handle of this leg.');
	}

	const {key} = found;
	const installed = await ledger.install({
		holder: {epoch: ledger.epoch, call, leg: legName},
		key: key.fingerprint,
		message: undefined,
		replaces: [],
	});
	if (!installed.ok) {
		return refuse(installed.failure.code, installed.failure.message);
	}

	key.isInstalled = true;
	audit.append(time.nowMs(), 'key-installed', {call, leg: legName, suite: key.suite, of: 'self'});
	return {ok: true, slot: key.held.deposit(), suite: key.suite, mki: new Uint8Array()};
}

function refuse(code: string, message: string): KeyChannelReply {
	return {ok: false, code, message};
}
