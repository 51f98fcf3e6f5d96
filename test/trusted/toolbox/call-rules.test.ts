import test from 'ava';
import {type Aor, canonicalAor} from '#dist/trusted/certificates/identity.js';
import {type CallRule, CallRules} from '#dist/trusted/toolbox/policy/call-rules.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {inviteOf, openWorld, reasonOf, receive, sealedInvite} from './support/world.js';

function aor(uri: string): Aor {
	const read = canonicalAor(uri);
	if (!read.ok) {
		throw new Error(`Expected an address, got ${uri}.`);
	}

	return read.value;
}

function ruleFor(rules: readonly CallRule[], from: string, to: string, trunk?: string): string {
	return new CallRules(rules, ['t']).decide({from: aor(from), to: aor(to), trunk}).rule;
}

const bob = 'sip:bob@biloxi.example.com';
const number = 'sip:+49301234567@gw.example.com;user=phone';

test('the most specific call rule wins: caller, called party, order', (t) => {
	const rules: readonly CallRule[] = [
		{name: 'any'},
		{name: 'second any'},
		{name: 'domain', from: {domain: 'biloxi.example.com'}},
		{name: 'to berlin', to: {number: '+4930*'}},
		{name: 'to germany', to: {number: '+49*'}},
		{name: 'bob', from: {aor: bob}},
		{name: 'bob to berlin', from: {aor: bob}, to: {number: '+4930*'}},
		{name: 'bob to one', from: {aor: bob}, to: {number: '+49301234567'}},
		{name: 'trunk', from: {trunk: 't'}},
	];
	t.is(ruleFor(rules, 'sip:x@y.example', 'sip:z@y.example'), 'any');
	t.is(ruleFor(rules, 'sip:x@biloxi.example.com', number), 'domain');
	t.is(ruleFor(rules, 'sip:x@y.example', number), 'to berlin');
	t.is(ruleFor(rules, 'sip:x@y.example', 'tel:+4989-1'), 'to germany');
	t.is(ruleFor(rules, bob, 'sip:z@y.example'), 'bob');
	t.is(ruleFor(rules, bob, 'tel:+49-30-9'), 'bob to berlin');
	t.is(ruleFor(rules, bob, number), 'bob to one');
	t.is(ruleFor(rules, bob, number, 't'), 'trunk', 'what a trunk says of From warrants nothing');
	t.is(ruleFor([], bob, number), 'default');
});

test('rules that cannot be are refused', (t) => {
	const make = (rule: Omit<CallRule, 'name'>) => () => new CallRules([{name: 'r', ...rule}], ['t']);
	t.throws(make({from: {trunk: 'none'}}), {code: 'BAD_OPTIONS'});
	t.throws(make({protection: 'off'}), {code: 'BAD_OPTIONS'});
	t.notThrows(make({protection: 'off', from: {trunk: 't'}}));
	t.throws(make({to: {aor: bob, number: '1'}}), {code: 'BAD_OPTIONS'});
	t.throws(make({to: {aor: 'nobody'}}), {code: 'BAD_OPTIONS'});
});

test('a caller who may not call is refused before anything is claimed, whichever of To and Request-URI is meant', async (t) => {
	const {caller, callee} = await openWorld(t, {
		calls: [
			{name: 'not zoe', to: {aor: 'sip:zoe@gw.example.com'}, allow: false},
			{name: 'gcm only', from: {aor: 'sip:carol@biloxi.example.com'}, suites: ['AEAD_AES_256_GCM']},
		],
	});
	const invite = await sealedInvite(caller);
	const retargeted: SipRequest = {...invite, uri: 'sip:zoe@gw.example.com'};
	t.is(reasonOf(await receive(callee, retargeted, {call: 'a'})), 'NOT_AUTHORISED');
	t.is(reasonOf(await receive(callee, invite, {call: 'b'})), 'released', 'nothing was claimed');
});

test('a rule narrows the suites and names the templates that may run', async (t) => {
	const gcm = await openWorld(t, {
		calls: [{name: 'gcm', from: {domain: 'biloxi.example.com'}, suites: ['AEAD_AES_256_GCM']}],
	});
	t.is(reasonOf(await receive(gcm.callee, await sealedInvite(gcm.caller))), 'NO_ACCEPTABLE_SUITE');
	const signed = await openWorld(t, {calls: [{name: 'signed', templates: ['sdes-signed-inbound']}]});
	t.is(reasonOf(await receive(signed.callee, await sealedInvite(signed.caller))), 'NOT_AUTHORISED');
});

const plain = [
	'v=0',
	'o=- 1 1 IN IP4 192.0.2.7',
	's=-',
	'c=IN IP4 192.0.2.7',
	't=0 0',
	'm=audio 4000 RTP/AVP 0',
	'',
].join('\r\n');

test('what is required is refused without it, what is preferred passes and is on record', async (t) => {
	const {callee} = await openWorld(t, {
		calls: [{name: 'partners', from: {domain: 'partner.example'}, protection: 'preferred'}],
	});
	const from = (uri: string): SipRequest => {
		const invite = inviteOf(plain, {callId: uri, tag: uri.slice(4, 8)});
		return {
			...invite,
			headers: invite.headers.map((one) => (one.name === 'From' ? {...one, value: `<${uri}>;tag=1`} : one)),
		};
	};

	t.is(reasonOf(await receive(callee, from('sip:a@other.example'), {call: 'a'})), 'UNSUPPORTED_TYPE');
	t.like(await receive(callee, from('sip:a@partner.example'), {call: 'b'}), {verdict: 'release', protection: 'clear'});
	t.is(
		(await callee.handle({kind: 'authorize-bridge', call: 'b', legs: legs('sip:a@partner.example')})).verdict,
		'ticket',
	);
});

function legs(identity: string) {
	return [
		{leg: 'line', identity},
		{leg: 'out', identity: 'sip:dora@lan.example.com'},
	];
}

test('a call for help passes without protection, marked and on record', async (t) => {
	const {callee} = await openWorld(t, {
		emergencyNumbers: ['112'],
		calls: [{name: 'nobody', allow: false}],
	});
	const help = (target: string): SipRequest => {
		const invite = inviteOf(plain, {callId: target});
		return {
			...invite,
			uri: target,
			headers: invite.headers.map((one) => (one.name === 'To' ? {...one, value: `<${target}>`} : one)),
		};
	};

	for (const target of ['urn:service:sos', 'URN:service:sos.fire', 'sip:112@gw.example.com']) {
		t.like(await receive(callee, help(target), {call: target}), {verdict: 'release', protection: 'clear'}, target);
	}

	t.is(reasonOf(await receive(callee, help('urn:service:sosa'), {call: 'x'})), 'UNSUPPORTED_TYPE');
	const alerts = await callee.handle({kind: 'read-alerts', afterSequence: 0, limit: 10});
	t.deepEqual(alerts.verdict === 'alerts' ? alerts.alerts.map(({kind}) => kind) : [], [
		'emergency',
		'emergency',
		'emergency',
	]);
});
