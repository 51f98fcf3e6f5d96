import {meaningOf, type Reason, reasons} from '../../../trusted/toolbox/engine/reasons.js';
import type {Alert, LedgerEntry} from '../../../trusted/toolbox/protocol.js';
import type {SipResponse} from '../../../wire/sip/message.js';
import type {Snapshot} from './scenario-node.js';

/** What was seen of one message. */
export type Observation = {
	/** First final response; undefined where none came. */
	readonly response: SipResponse | undefined;
	/** Responses in all, provisional ones too. */
	readonly responses: number;
	/** Reason codes of the operator's side: of events and alerts. */
	readonly reasons: readonly string[];
	readonly alerts: readonly Alert[];
	readonly before: Snapshot;
	readonly after: Snapshot;
	/** True where the gateway told of a call that it made; always false in a dialog. */
	readonly isEstablished: boolean;
	readonly isInDialog: boolean;
	/** The suite in force on the caller's leg; empty where nothing was told. */
	readonly suite: string;
	/** Final response to the same octets before. */
	readonly repeated: SipResponse | undefined;
	/** Fingerprints of what the harness's own calls put into the ledger do not count. */
	readonly callId: string;
};

/** Why what was seen is not what was expected, as one sentence; undefined where it is. The text after a colon explains. */
export function judge(expect: string, seen: Observation): string | undefined {
	const word = wordOf(expect);
	const rule = rules.get(word);
	if (rule === undefined) {
		return `Expected a word that this version knows, got ${word}.`;
	}

	return rule(seen) ? undefined : `Expected ${word}, got ${describe(seen)}.`;
}

/** The same for the second signal. */
export function judgeAlso(word: string, {alerts}: Pick<Observation, 'alerts'>): string | undefined {
	const kinds = alerts.map(({kind, reason}) => `${kind} ${reason}`.trim());
	switch (wordOf(word)) {
		case 'ip-origin-alarm':
			return alerts.some(isOriginAlarm) ? undefined : `Expected an alarm of the origin monitor, got ${list(kinds)}.`;
		case 'no-alarm':
			return alerts.length === 0 ? undefined : `Expected no alarm, got ${list(kinds)}.`;
		default:
			return `Expected a word that this version knows, got ${word}.`;
	}
}

export function wordOf(expect: string): string {
	return expect.split(':')[0]?.trim() ?? '';
}

export function isAccepted({response, isEstablished, isInDialog}: Observation): boolean {
	const isSuccess = response !== undefined && response.status >= 200 && response.status < 300;
	return isSuccess && (isEstablished || isInDialog);
}

type Rule = (seen: Observation) => boolean;

const either =
	(...alternatives: readonly Rule[]): Rule =>
	(seen) =>
		alternatives.some((rule) => rule(seen));
const both =
	(...demands: readonly Rule[]): Rule =>
	(seen) =>
		demands.every((rule) => rule(seen));

const rejected: Rule = ({response}) => response !== undefined && response.status >= 400;
/** Refused for a reason that raises an alert of this kind. */
const rejectedFor = (...kinds: readonly string[]): Rule =>
	both(rejected, ({reasons: seen}) => seen.some((reason) => kinds.includes(kindOf(reason))));
const answered =
	(status: number): Rule =>
	({response}) =>
		response?.status === status;
const alarmed: Rule = ({alerts}) => alerts.length > 0;
const originAlarmed: Rule = ({alerts}) => alerts.some(isOriginAlarm);

/** Nothing that was there before is used up, and nothing new is. */
const nothingConsumed: Rule = ({before, after}) => sameSet(usedUp(before), usedUp(after));
/** Not even reserved. */
const nothingTouched: Rule = ({before, after}) => sameSet(entries(before), entries(after));
const rekeyed: Rule = (seen) => isAccepted(seen) && newKeys(seen).length > 0;
const keptKeys: Rule = (seen) => isAccepted(seen) && newKeys(seen).length === 0 && installedBefore(seen).length > 0;
/** The key that was in force before is not any more. */
const flushed: Rule = (seen) =>
	rekeyed(seen) && installedBefore(seen).every((name) => !installedKeys(seen.after, seen.callId).includes(name));

const rejectReplay = rejectedFor('replay');
const rejectKeyReuse = rejectedFor('key-reuse');
const rejectStale = rejectedFor('freshness');
const rejectBinding = rejectedFor('binding');
const rejectOrigin = both(rejectedFor('origin'), nothingTouched);

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
	['accept', isAccepted],
	['accept-rekey', rekeyed],
	['accept-no-rekey', keptKeys],
	['accept-no-change', keptKeys],
	['accept-one-suite', both(isAccepted, ({suite}) => suite !== '')],
	['accept-rekey-ip-flag', both(rekeyed, originAlarmed)],
	['accept-with-ip-origin-alarm-or-deny-by-policy', either(both(isAccepted, originAlarmed), rejectOrigin)],
	['absorb-retransmission', absorbed],
	['challenge-401', both(answered(401), hasChallenge, nothingTouched)],
	['482', both(answered(482), nothingConsumed)],
	['488', both(answered(488), nothingConsumed)],
	['491', both(answered(491), nothingConsumed)],
	['503', both(answered(503), nothingConsumed)],
	['no-answer', ({responses}) => responses === 0],
	['reject', rejected],
	['reject-493', answered(493)],
	['reject-replay', rejectReplay],
	['reject-key-reuse', rejectKeyReuse],
	['reject-key-reuse-or-flag', either(rejectKeyReuse, both(isAccepted, raised('key-reuse')))],
	['reject-replay-or-key-reuse', either(rejectReplay, rejectKeyReuse)],
	['reject-stale', rejectStale],
	['reject-stale-or-replay', either(rejectStale, rejectReplay)],
	['reject-self', both(rejected, ({reasons: seen}) => seen.includes('OWN_SIGNATURE'))],
	['reject-origin', rejectOrigin],
	['reject-binding', rejectBinding],
	['reject-binding-or-stale', either(rejectBinding, rejectStale)],
	['reject-or-alarm', either(rejected, alarmed)],
	['reject-or-flush', either(rejected, flushed)],
]);

/** Nothing new came of it: no call, no record, no alarm, and no other answer than before. */
function absorbed({response, repeated, before, after, alerts, isEstablished}: Observation): boolean {
	const isSame =
		response === undefined ||
		(response.status === repeated?.status && headerOf(response, 'To') === headerOf(repeated, 'To'));
	return (
		isSame &&
		!isEstablished &&
		after.calls <= before.calls &&
		alerts.length === 0 &&
		sameSet(entries(before), entries(after))
	);
}

function hasChallenge({response}: Observation): boolean {
	return /^Digest /i.test(headerOf(response, 'WWW-Authenticate'));
}

function raised(kind: string): Rule {
	return ({alerts}) => alerts.some((alert) => alert.kind === kind);
}

function isOriginAlarm({kind, reason}: Alert): boolean {
	return kind === 'origin' || kindOf(reason) === 'origin';
}

/** Kind of the alert that a refusal for this reason raises. OWN_SIGNATURE has a word of its own. */
function kindOf(reason: string): string {
	return Object.hasOwn(reasons, reason) && reason !== 'OWN_SIGNATURE' ? (meaningOf(reason as Reason).alert ?? '') : '';
}

function headerOf(response: SipResponse | undefined, name: string): string {
	return response?.headers.find((field) => field.name.toLowerCase() === name.toLowerCase())?.value ?? '';
}

/** Records that somebody else than we made. */
function foreign({ledger}: Snapshot): readonly LedgerEntry[] {
	return ledger.filter(({signer}) => signer !== 'self');
}

function entries(snapshot: Snapshot): readonly string[] {
	return foreign(snapshot).map(({kind, fingerprint, state}) => `${kind} ${fingerprint} ${state}`);
}

function usedUp(snapshot: Snapshot): readonly string[] {
	return foreign(snapshot)
		.filter(({state}) => state !== 'reserved')
		.map(({kind, fingerprint, state}) => `${kind} ${fingerprint} ${state}`);
}

function installedKeys(snapshot: Snapshot, callId: string): readonly string[] {
	return foreign(snapshot)
		.filter((entry) => entry.kind === 'key' && entry.state === 'installed' && entry.callId === callId)
		.map(({fingerprint}) => fingerprint);
}

function installedBefore({before, callId}: Observation): readonly string[] {
	return installedKeys(before, callId);
}

function newKeys({before, after, callId}: Observation): readonly string[] {
	const known = installedKeys(before, callId);
	return installedKeys(after, callId).filter((name) => !known.includes(name));
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
	return a.length === b.length && a.every((item) => b.includes(item));
}

function describe(seen: Observation): string {
	const {response, responses, reasons: codes, alerts, isInDialog} = seen;
	const alarms = alerts.map(({kind, reason}) => `${kind}${reason === '' ? '' : ` ${reason}`}`);
	const facts = [
		response === undefined ? `${responses === 0 ? 'no' : 'no final'} answer` : `${response.status} ${response.reason}`,
		...(codes.length > 0 ? [`reason ${list([...new Set(codes)])}`] : []),
		...(isInDialog && isAccepted(seen)
			? [newKeys(seen).length > 0 ? 'a new key in force' : 'no new key in force']
			: []),
		...(alarms.length > 0 ? [`alarms: ${list(alarms)}`] : []),
	];
	return facts.join(', ');
}

function list(items: readonly string[]): string {
	return items.length === 0 ? 'none' : items.join(', ');
}
