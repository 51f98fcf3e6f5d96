import test from 'ava';
import {judge, judgeAlso, type Observation} from '#dist/cli/conformance/attacks/judge.js';
import type {Alert, LedgerEntry} from '#dist/trusted/toolbox/protocol.js';

type Parts = {
	readonly status?: number;
	readonly reasons?: readonly string[];
	readonly alerts?: readonly (readonly [kind: string, reason: string])[];
	readonly before?: readonly LedgerEntry[];
	readonly after?: readonly LedgerEntry[];
	readonly isEstablished?: boolean;
	readonly isInDialog?: boolean;
	readonly suite?: string;
	readonly calls?: number;
};

function seen(parts: Parts): Observation {
	const {status, reasons = [], alerts = [], before = [], after = before, isEstablished = false} = parts;
	const response = status === undefined ? undefined : ({kind: 'response', status, reason: 'x', headers: []} as never);
	return {
		response,
		responses: status === undefined ? 0 : 1,
		reasons,
		alerts: alerts.map(([kind, reason]) => ({kind, reason}) as Alert),
		before: {ledger: before, calls: 0},
		after: {ledger: after, calls: parts.calls ?? 0},
		isEstablished,
		isInDialog: parts.isInDialog ?? false,
		suite: parts.suite ?? '',
		repeated: undefined,
		callId: 'c',
	};
}

function key(fingerprint: string, state: LedgerEntry['state'], signer = 'bob'): LedgerEntry {
	return {kind: 'key', fingerprint, state, callId: 'c', fromTag: '', signer, atMs: 0};
}

const rekeyed = {before: [key('a', 'installed')], after: [key('a', 'retired'), key('b', 'installed')]};
const kept = {before: [key('a', 'installed')], after: [key('a', 'installed'), key('b', 'reserved')]};

/** A word, what fits it, and what does not. */
const words: readonly (readonly [word: string, fits: Parts, not: Parts])[] = [
	['accept', {status: 200, isEstablished: true}, {status: 200}],
	['accept-one-suite', {status: 200, isEstablished: true, suite: 's'}, {status: 200, isEstablished: true}],
	['accept-rekey', {status: 200, isInDialog: true, ...rekeyed}, {status: 200, isInDialog: true, ...kept}],
	['accept-no-rekey', {status: 200, isInDialog: true, ...kept}, {status: 200, isInDialog: true, ...rekeyed}],
	['accept-no-change', {status: 200, isInDialog: true, ...kept}, {status: 488, isInDialog: true, ...kept}],
	[
		'accept-rekey-ip-flag',
		{status: 200, isInDialog: true, ...rekeyed, alerts: [['origin', 'ORIGIN_NEW']]},
		{status: 200, isInDialog: true, ...rekeyed},
	],
	[
		'accept-with-ip-origin-alarm-or-deny-by-policy',
		{status: 200, isEstablished: true, alerts: [['origin', 'ORIGIN_NEW']]},
		{status: 200, isEstablished: true},
	],
	['absorb-retransmission', {}, {calls: 1}],
	['absorb-retransmission', {}, {status: 403}],
	['no-answer', {}, {status: 400}],
	['491', {status: 491}, {status: 491, ...rekeyed}],
	['503', {status: 503}, {status: 503, after: [key('a', 'installed')]}],
	['482', {status: 482}, {status: 486}],
	['reject', {status: 403}, {status: 200}],
	['reject-493', {status: 493}, {status: 403}],
	['reject-replay', {status: 403, reasons: ['REPLAYED']}, {status: 403, reasons: ['KEY_REUSED']}],
	['reject-replay', {status: 403, reasons: ['REPLAYED']}, {status: 200, reasons: ['REPLAYED']}],
	['reject-key-reuse', {status: 403, reasons: ['MKI_REUSED']}, {status: 403, reasons: []}],
	[
		'reject-key-reuse-or-flag',
		{status: 200, isEstablished: true, alerts: [['key-reuse', 'KEY_REUSED']]},
		{status: 200, isEstablished: true},
	],
	['reject-replay-or-key-reuse', {status: 403, reasons: ['KEY_REUSED']}, {status: 403, reasons: ['STALE']}],
	['reject-stale', {status: 403, reasons: ['FROM_THE_FUTURE']}, {status: 403, reasons: ['REPLAYED']}],
	['reject-stale-or-replay', {status: 403, reasons: ['REPLAYED']}, {status: 403, reasons: ['KEY_REUSED']}],
	['reject-self', {status: 403, reasons: ['OWN_SIGNATURE']}, {status: 403, reasons: ['REPLAYED']}],
	['reject-replay', {status: 403, reasons: ['REPLAYED']}, {status: 403, reasons: ['OWN_SIGNATURE']}],
	[
		'reject-origin',
		{status: 403, reasons: ['ORIGIN_NEW']},
		{status: 403, reasons: ['ORIGIN_NEW'], after: [key('a', 'reserved')]},
	],
	['reject-binding', {status: 403, reasons: ['BINDING_MISSING']}, {status: 403, reasons: ['STALE']}],
	['reject-binding-or-stale', {status: 403, reasons: ['STALE']}, {status: 403, reasons: ['REPLAYED']}],
	['reject-or-alarm', {status: 200, alerts: [['x', '']]}, {status: 200}],
	[
		'reject-or-flush: with a reason',
		{status: 200, isInDialog: true, ...rekeyed},
		{
			status: 200,
			isInDialog: true,
			before: [key('a', 'installed')],
			after: [key('a', 'installed'), key('b', 'installed')],
		},
	],
];

for (const [index, [word, fits, not]] of words.entries()) {
	test(`${word} is told from what is not (${index})`, (t) => {
		t.is(judge(word, seen(fits)), undefined);
		t.regex(judge(word, seen(not)) ?? '', /^Expected \S+, got /);
	});
}

test('keys of the gateway itself do not count as consumed', (t) => {
	t.is(judge('503', seen({status: 503, after: [key('g', 'installed', 'self')]})), undefined);
});

test('the second signal is told as well', (t) => {
	t.is(judgeAlso('no-alarm', seen({})), undefined);
	t.is(judgeAlso('no-alarm', seen({alerts: [['replay', 'REPLAYED']]})), 'Expected no alarm, got replay REPLAYED.');
	t.is(judgeAlso('ip-origin-alarm', seen({alerts: [['origin', 'ORIGIN_NEW']]})), undefined);
	t.is(judgeAlso('ip-origin-alarm', seen({})), 'Expected an alarm of the origin monitor, got none.');
	t.regex(judgeAlso('whistle', seen({})) ?? '', /^Expected a word that this version knows/);
});

test('a word that nobody knows is a difference', (t) => {
	t.regex(judge('applaud', seen({status: 200, isEstablished: true})) ?? '', /^Expected a word that this version knows/);
});
