import test from 'ava';
import {
	makeResponse,
	type SipRequest,
	withBody,
	withHeader,
	withHeaderFirst,
	withHeaderLast,
	withoutHeader,
	writeSipMessage,
} from '#dist/wire/sip/index.js';

const request: SipRequest = {
	kind: 'request',
	method: 'INVITE',
	uri: 'sip:alice@example.org',
	headers: [
		{name: 'Via', value: 'SIP/2.0/UDP one.example.net;branch=z9hG4bK1'},
		{name: 'Via', value: 'SIP/2.0/UDP two.example.net;branch=z9hG4bK2'},
		{name: 'Record-Route', value: '<sip:two.example.net;lr>'},
		{name: 'Content-Length', value: '99'},
		{name: 'From', value: '<sip:bob@example.net>;tag=1'},
		{name: 'To', value: '<sip:alice@example.org>'},
		{name: 'Call-ID', value: 'a'},
		{name: 'CSeq', value: '1 INVITE'},
		{name: 'Timestamp', value: '54'},
		{name: 'Subject', value: 'hello'},
	],
	body: Uint8Array.of(0xff, 0x00),
};

test('Content-Length tells the truth, in the place where it stood', (t) => {
	const lines = writeSipMessage(request).toString('latin1').split('\r\n');
	t.is(lines[0], 'INVITE sip:alice@example.org SIP/2.0');
	t.is(lines[4], 'Content-Length: 2');
	t.is(lines.at(-1), '\xff\x00');
	t.is(lines.filter((line) => line.startsWith('Content-Length')).length, 1);
});

test('Content-Length comes last where there was none', (t) => {
	const text = writeSipMessage(withoutHeader(request, 'l')).toString('latin1');
	t.true(text.endsWith('Subject: hello\r\nContent-Length: 2\r\n\r\n\xff\x00'));
});

test('A message that would come out as another one is a caller’s mistake', (t) => {
	const injected = [
		{...request, method: 'IN VITE'},
		{...request, uri: 'sip:a@b SIP/2.0\r\nX: y'},
		{...request, uri: ''},
		withHeader(request, 'Subject', 'a\r\nX: y'),
		withHeader(request, 'Sub:ject', 'a'),
		{...request, kind: 'response', status: 99, reason: ''} as const,
		{...request, kind: 'response', status: 200, reason: 'OK\r\nX: y'} as const,
	];
	for (const message of injected) {
		t.throws(() => writeSipMessage(message), {instanceOf: TypeError});
	}
});

test('A header is replaced in its place, all others of its name go', (t) => {
	const names = withHeader(request, 'v', 'x').headers.map(({name, value}) => `${name}=${value}`);
	t.is(names[0], 'Via=x');
	t.is(names.filter((name) => name.startsWith('Via')).length, 1);
	t.is(withHeader(request, 'Expires', '1').headers.at(-1)?.value, '1');
	t.is(withHeaderFirst(request, 'Via', 'y').headers[0]?.value, 'y');
	t.is(withHeaderLast(request, 'Via', 'z').headers.at(-1)?.value, 'z');
	t.is(request.headers[0]?.value, 'SIP/2.0/UDP one.example.net;branch=z9hG4bK1');
});

test('A new body brings its own Content-* headers and drops the old ones', (t) => {
	const changed = withBody(withHeaderFirst(request, 'c', 'text/plain'), Uint8Array.of(1), [
		{name: 'Content-Type', value: 'application/sdp'},
	]);
	const content = changed.headers.filter(({name}) => name.startsWith('Content-'));
	t.deepEqual(content, [
		{name: 'Content-Type', value: 'application/sdp'},
		{name: 'Content-Length', value: '1'},
	]);
});

test('A response copies what RFC 3261 §8.2.6 says and tags To once', (t) => {
	const ringing = makeResponse(request, 180, 'Ringing', {toTag: 't'});
	t.deepEqual(
		ringing.headers.map(({name}) => name),
		['Via', 'Via', 'Record-Route', 'From', 'To', 'Call-ID', 'CSeq'],
	);
	t.is(ringing.headers[4]?.value, '<sip:alice@example.org>;tag=t');
	const tagged = makeResponse(withHeader(request, 'To', '<sip:a@b>;tag=old'), 200, 'OK', {toTag: 'new'});
	t.is(tagged.headers.find(({name}) => name === 'To')?.value, '<sip:a@b>;tag=old');
	const busy = makeResponse(request, 486, 'Busy Here', {headers: [{name: 'Retry-After', value: '5'}]});
	t.false(busy.headers.some(({name}) => name === 'Record-Route'));
	t.is(busy.headers.at(-1)?.name, 'Retry-After');
	t.true(makeResponse(request, 100, 'Trying').headers.some(({name}) => name === 'Timestamp'));
});
