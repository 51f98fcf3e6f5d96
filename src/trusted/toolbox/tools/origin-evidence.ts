import type {SipHeader, SipMessage} from '../../../wire/sip/message.js';
import {refuse, type ToolContext} from '../engine/tool.js';
import type {Sighting} from '../origin/origin-record.js';
import type {Peer} from '../policy/policy.js';

/** Where a message was sent from; nothing of what leaves. */
export function sourceSightings(evidence: Sighting['evidence'], {origin}: ToolContext): readonly Sighting[] {
	return origin === undefined ? [] : [{address: origin.address, evidence}];
}

/** Remembers places that an identity has authenticated from; an alert tells where there is no room. */
export function learnOrigins(identity: string, sightings: readonly Sighting[], context: ToolContext): void {
	if (!context.origins.learn(identity, sightings, context.nowMs)) {
		raiseOrigin('ORIGINS_FULL', identity, 'No room for the address of one more identity.', context);
	}
}

export function raiseOrigin(
	reason: string,
	identity: string,
	detail: string,
	{alerts, nowMs, origin, call}: ToolContext,
): void {
	alerts.raise({atMs: nowMs, kind: 'origin', reason, identity, origin: origin ?? null, call, detail});
}

/** Who is to authenticate afresh. */
export type Newcomer = {
	readonly identity: string;
	readonly peer: Peer;
	readonly message: SipMessage;
	/** Headers that a signature which verified covers. */
	readonly signedHeaders?: readonly SipHeader[] | undefined;
};

type Refused = ReturnType<typeof refuse>;

/** Undefined where the message has the right answer to a challenge. `ask` words what one without any answer hears. */
export function demandAnswer(
	{identity, peer, message, signedHeaders}: Newcomer,
	{challenges, origin, nowMs}: ToolContext,
	ask: (how: 'digest' | 'signature', headers: readonly SipHeader[]) => Refused,
): Refused | undefined {
	const address = origin?.address ?? '';
	const verdict = challenges.judge(message, {identity, address, acceptsMd5: peer.acceptsMd5, signedHeaders}, nowMs);
	switch (verdict.kind) {
		case 'answered':
			return undefined;
		case 'wrong':
			return refuse('AUTHENTICATION_FAILED', 'Expected the right answer to a challenge.', verdict.headers);
		case 'ask':
			return ask(verdict.how, verdict.headers);
	}
}
