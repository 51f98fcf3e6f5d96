import test from 'ava';
import {Dialog} from '#dist/core/sip/index.js';
import {header, headerValues} from '#dist/wire/sip/headers.js';
import type {SipHeader, SipRequest, SipResponse} from '#dist/wire/sip/message.js';
import {makeResponse} from '#dist/wire/sip/response.js';
import {sipRequest} from './simulated-network.js';

const via = {name: 'Via', value: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKd'};

function withVia(request: SipRequest, headers: readonly SipHeader[] = []): SipRequest {
	return {...request, headers: [via, ...headers, ...request.headers]};
}

function pair(routes: readonly string[] = []): {invite: SipRequest; ok: SipResponse; caller: Dialog; callee: Dialog} {
	const invite = sipRequest('INVITE');
	const received = withVia(
		invite,
		routes.map((value) => ({name: 'Record-Route', value})),
	);
	const ok = makeResponse(received, 200, 'OK', {
		toTag: 'alice1',
		headers: [{name: 'Contact', value: '<sip:alice@192.0.2.2:5070>'}],
	});
	const caller = Dialog.fromResponse(invite, ok);
	const callee = Dialog.fromRequest(received, 'alice1');
	if (!caller.ok || !callee.ok) {
		throw new Error('Expected a dialog on both sides.');
	}

	callee.value.answerInvite(200);
	return {invite, ok, caller: caller.value, callee: callee.value};
}

test('both sides know the dialog by Call-ID and both tags, and number and address what they send', (t) => {
	const {caller, callee} = pair();
	t.deepEqual(caller.id, {callId: 'call-1@example.com', localTag: 'bob1', remoteTag: 'alice1'});
	t.deepEqual(callee.id, {callId: 'call-1@example.com', localTag: 'alice1', remoteTag: 'bob1'});
	const bye = caller.makeRequest('BYE');
	t.is(bye.uri, 'sip:alice@192.0.2.2:5070');
	t.is(header(bye, 'CSeq'), '2 BYE');
	t.is(header(bye, 'From'), '<sip:bob@example.com>;tag=bob1');
	t.is(header(bye, 'To'), '<sip:alice@example.com>;tag=alice1');
	t.is(callee.receiveRequest(withVia(bye)), undefined);
	t.is(callee.state, 'terminated');
	t.is(callee.receiveRequest(withVia(bye))?.status, 481);
	t.throws(() => caller.makeRequest('INFO'), {instanceOf: RangeError});
});

test('the ACK of a 2xx has the number of its INVITE and goes to the Contact of the 2xx', (t) => {
	const {caller, invite} = pair();
	const ack = caller.makeAck({...invite, headers: [...invite.headers, {name: 'Authorization', value: 'Digest x'}]});
	t.is(header(ack, 'CSeq'), '1 ACK');
	t.is(header(ack, 'Authorization'), 'Digest x');
	t.is(ack.uri, 'sip:alice@192.0.2.2:5070');
});

test('loose routes are kept in order on one side and reversed on the other', (t) => {
	const {caller, callee} = pair(['<sip:p2.example.com;lr>', '<sip:p1.example.com;lr>']);
	t.deepEqual(headerValues(caller.makeRequest('INFO'), 'Route'), [
		'<sip:p1.example.com;lr>',
		'<sip:p2.example.com;lr>',
	]);
	t.deepEqual(headerValues(callee.makeRequest('INFO'), 'Route'), [
		'<sip:p2.example.com;lr>',
		'<sip:p1.example.com;lr>',
	]);
	t.is(caller.nextHop, 'sip:p1.example.com;lr');
	t.is(callee.makeRequest('INFO').uri, 'sip:bob@192.0.2.1');
});

test('a strict router gets the Request-URI, and the peer goes last', (t) => {
	const {callee} = pair(['<sip:strict.example.com>', '<sip:p1.example.com;lr>']);
	const request = callee.makeRequest('INFO');
	t.is(request.uri, 'sip:strict.example.com');
	t.deepEqual(headerValues(request, 'Route'), ['<sip:p1.example.com;lr>', '<sip:bob@192.0.2.1>']);
});

for (const [title, change, status] of [
	['another Call-ID', {callId: 'other'}, 481],
	['another To tag', {to: '<sip:alice@example.com>;tag=other'}, 481],
	['another From tag', {from: '<sip:bob@example.com>;tag=other'}, 481],
	['a number that was used', {sequence: 1}, 500],
	['a lower number', {sequence: 0}, 500],
] as const) {
	test(`a request with ${title} is refused with ${status}`, (t) => {
		const {callee} = pair();
		const request = sipRequest('INFO', {to: '<sip:alice@example.com>;tag=alice1', sequence: 2, ...change});
		t.is(callee.receiveRequest(withVia(request))?.status, status);
		t.is(
			callee.receiveRequest(withVia(sipRequest('INFO', {to: '<sip:alice@example.com>;tag=alice1', sequence: 9}))),
			undefined,
		);
	});
}

test('one INVITE at a time: 491 when both offer, 500 with Retry-After for a second one', (t) => {
	const {caller, callee} = pair();
	const own = caller.makeRequest('INVITE');
	t.false(caller.canInvite);
	t.throws(() => caller.makeRequest('INVITE'), {instanceOf: RangeError});
	const theirs = callee.makeRequest('INVITE');
	t.is(caller.receiveRequest(withVia(theirs))?.status, 491);
	t.is(callee.receiveRequest(withVia(own))?.status, 491);
	caller.receiveResponse(makeResponse(withVia(own), 491, 'Request Pending'));
	callee.receiveResponse(makeResponse(withVia(theirs), 491, 'Request Pending'));
	t.true(caller.canInvite && callee.canInvite, 'a refused re-INVITE ends nothing');

	const again = caller.makeRequest('INVITE', {headers: [{name: 'Contact', value: '<sip:bob@192.0.2.77>'}]});
	t.is(callee.receiveRequest(withVia(again)), undefined);
	t.is(callee.remoteTarget, 'sip:bob@192.0.2.77', 'a re-INVITE refreshes the target');
	const second = {
		...again,
		headers: again.headers.map((field) => (field.name === 'CSeq' ? {...field, value: '9 INVITE'} : field)),
	};
	const refusal = callee.receiveRequest(withVia(second));
	t.is(refusal?.status, 500);
	t.is(refusal?.headers[0]?.name, 'Retry-After');
	callee.answerInvite(200);
	t.true(callee.canInvite);
});

test('an early dialog becomes confirmed by its 2xx, with the route set of that', (t) => {
	const invite = sipRequest('INVITE');
	const headers = [{name: 'Contact', value: '<sip:alice@192.0.2.2>'}];
	const ringing = makeResponse(
		withVia(invite, [{name: 'Record-Route', value: '<sip:early.example.com;lr>'}]),
		180,
		'Ringing',
		{toTag: 'a', headers},
	);
	const dialog = Dialog.fromResponse(invite, ringing);
	if (!dialog.ok) {
		t.fail();
		return;
	}

	t.is(dialog.value.state, 'early');
	t.is(dialog.value.nextHop, 'sip:early.example.com;lr');
	dialog.value.receiveResponse(makeResponse(withVia(invite), 200, 'OK', {toTag: 'other', headers}));
	t.is(dialog.value.state, 'early', 'another fork is another dialog');
	dialog.value.receiveResponse(makeResponse(withVia(invite), 200, 'OK', {toTag: 'a', headers}));
	t.is(dialog.value.state, 'confirmed');
	t.is(dialog.value.nextHop, 'sip:alice@192.0.2.2');
});

test('what makes no dialog says so', (t) => {
	const invite = sipRequest('INVITE');
	const contact = [{name: 'Contact', value: '<sip:alice@192.0.2.2>'}];
	t.false(Dialog.fromResponse(invite, makeResponse(withVia(invite), 100, 'Trying')).ok);
	t.false(Dialog.fromResponse(invite, makeResponse(withVia(invite), 200, 'OK', {headers: contact})).ok);
	t.false(Dialog.fromResponse(invite, makeResponse(withVia(invite), 486, 'Busy', {toTag: 'a', headers: contact})).ok);
	t.false(Dialog.fromResponse(invite, makeResponse(withVia(invite), 200, 'OK', {toTag: 'a'})).ok);
	t.false(Dialog.fromRequest({...withVia(invite), headers: invite.headers}, 'a').ok);
});

test('a dialog that was kept as data is carried on: numbers, route, target', (t) => {
	const {caller, callee} = pair(['<sip:proxy.example.com;lr>']);
	const before = caller.makeRequest('INVITE');
	t.is(callee.receiveRequest(withVia(before)), undefined);
	callee.answerInvite(488);
	const restored = [caller, callee].map((dialog) => Dialog.restore(structuredClone(dialog.toState())));
	const [again, other] = restored as [Dialog, Dialog];
	t.true(again.canInvite, 'what was pending is not any more');
	const next = again.makeRequest('INVITE');
	t.deepEqual(
		['CSeq', 'Route', 'From', 'To', 'Call-ID'].map((name) => headerValues(next, name)),
		[['3 INVITE'], ...['Route', 'From', 'To', 'Call-ID'].map((name) => headerValues(before, name))],
	);
	t.is(other.receiveRequest(withVia(before))?.status, 500, 'an old number');
	t.is(other.receiveRequest(withVia(next)), undefined);
	t.is(other.refuseOffer()?.status, 500, 'one at a time');
	t.throws(() => early().toState(), {instanceOf: RangeError});
});

function early(): Dialog {
	const dialog = Dialog.fromRequest(withVia(sipRequest('INVITE')), 'alice1');
	if (!dialog.ok) {
		throw new Error('Expected a dialog.');
	}

	return dialog.value;
}

test('an INVITE that could not be sent is pending no more', (t) => {
	const {caller} = pair();
	caller.makeRequest('INVITE');
	t.is(caller.refuseOffer()?.status, 491);
	caller.abandonInvite();
	t.is(caller.refuseOffer(), undefined);
	t.is(header(caller.makeRequest('INVITE'), 'CSeq'), '3 INVITE');
});
