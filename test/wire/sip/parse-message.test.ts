import test from 'ava';
import {header, headerValues, parseSipFragment, parseSipMessage, type SipMessage} from '#dist/wire/sip/index.js';

const lines = [
	'INVITE sip:alice@example.org SIP/2.0',
	'v: SIP/2.0/UDP one.example.net;branch=z9hG4bK1, SIP/2.0/TCP two.example.net',
	'Via: SIP/2.0/TLS three.example.net',
	'f: "Smith, Bob" <sip:bob@example.net>;tag=1',
	't: <sip:alice@example.org>',
	'i: a@b',
	'CSeq: 1 INVITE',
	'Subject: first',
	'\t second',
	'   third',
	'X-Mixed-Case: x',
	'Route: <sip:a.example.net;lr;x="1,2">, "A, B" <sip:b.example.net;lr>',
	'Date: Sat, 13 Nov 2010 23:29:00 GMT',
	'Supported:',
	'l: 4',
	'',
	'body and more',
];

function parse(text: string): SipMessage {
	const parsed = parseSipMessage(Buffer.from(text, 'utf8'));
	if (!parsed.ok) {
		throw new Error(parsed.failure.code);
	}

	return parsed.value;
}

test('A message comes out with long header names, unfolded values and the body that Content-Length says', (t) => {
	const message = parse(lines.join('\r\n'));
	t.is(message.kind, 'request');
	t.deepEqual(
		message.headers.map(({name}) => name),
		[
			'Via',
			'Via',
			'From',
			'To',
			'Call-ID',
			'CSeq',
			'Subject',
			'X-Mixed-Case',
			'Route',
			'Date',
			'Supported',
			'Content-Length',
		],
	);
	t.is(header(message, 's'), 'first second third');
	t.is(Buffer.from(message.body).toString(), 'body');
});

test('A list header gives its values one by one, another gives its lines', (t) => {
	const message = parse(lines.join('\r\n'));
	t.deepEqual(headerValues(message, 'via'), [
		'SIP/2.0/UDP one.example.net;branch=z9hG4bK1',
		'SIP/2.0/TCP two.example.net',
		'SIP/2.0/TLS three.example.net',
	]);
	t.deepEqual(headerValues(message, 'Route'), ['<sip:a.example.net;lr;x="1,2">', '"A, B" <sip:b.example.net;lr>']);
	t.deepEqual(headerValues(message, 'Date'), ['Sat, 13 Nov 2010 23:29:00 GMT']);
	t.deepEqual(headerValues(message, 'From'), ['"Smith, Bob" <sip:bob@example.net>;tag=1']);
	t.deepEqual(headerValues(message, 'Supported'), []);
	t.deepEqual(headerValues(message, 'Contact'), []);
	t.is(header(message, 'x-mixed-case'), 'x');
});

test('The body shares no memory with the octets that were read', (t) => {
	const octets = Buffer.from(lines.join('\r\n'));
	const parsed = parseSipMessage(octets);
	octets.fill(0);
	t.true(parsed.ok && Buffer.from(parsed.value.body).toString() === 'body');
	t.true(parsed.ok && parsed.value.body.buffer.byteLength === 4);
});

test('A view into a larger buffer is read within its bounds', (t) => {
	const text = 'SIP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok';
	const whole = Buffer.from(`garbage${text}SECRET`);
	const view = whole.subarray(7, 7 + text.length);
	const parsed = parseSipMessage(view);
	t.true(parsed.ok && Buffer.from(parsed.value.body).toString() === 'ok');
	const short = parseSipMessage(whole.subarray(7, 7 + text.length - 1));
	t.is(short.ok ? '' : short.failure.code, 'BODY_TRUNCATED');
});

const refused: readonly (readonly [string, Uint8Array, string])[] = [
	['nothing', new Uint8Array(), 'EMPTY_MESSAGE'],
	['a keep-alive', Buffer.from('\r\n\r\n'), 'EMPTY_MESSAGE'],
	['no empty line', Buffer.from('SIP/2.0 200 OK\r\nVia: x\r\n'), 'HEADERS_UNFINISHED'],
	['invalid UTF-8', Buffer.from('SIP/2.0 200 OK\r\nSubject: \xff\r\n\r\n', 'latin1'), 'BAD_UTF8'],
	[
		'a header of 8 KiB and more',
		Buffer.from(`SIP/2.0 200 OK\r\nSubject: ${'x'.repeat(8192)}\r\n\r\n`),
		'LINE_TOO_LONG',
	],
	[
		'a folded header of 8 KiB and more',
		Buffer.from(`SIP/2.0 200 OK\r\nSubject: ${'x\r\n '.repeat(2100)}\r\n\r\n`),
		'LINE_TOO_LONG',
	],
	['a start line of 8 KiB and more', Buffer.from(`SIP/2.0 200 ${'x'.repeat(8192)}\r\n\r\n`), 'LINE_TOO_LONG'],
	['257 headers', Buffer.from(`SIP/2.0 200 OK\r\n${'A: b\r\n'.repeat(257)}\r\n`), 'TOO_MANY_HEADERS'],
	['64 KiB and one', Buffer.from(`SIP/2.0 200 OK\r\n\r\n${'x'.repeat(65_536)}`), 'MESSAGE_TOO_LARGE'],
	['a TLS hello', Buffer.from('16030100a5010000a1\r\n\r\n', 'latin1'), 'BAD_START_LINE'],
	['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 'BAD_START_LINE'],
	['a header that begins with a blank', Buffer.from('SIP/2.0 200 OK\r\n Via: x\r\n\r\n'), 'BAD_HEADER_LINE'],
];

for (const [title, octets, code] of refused) {
	test(`Instead of a message, ${title} is refused as ${code}`, (t) => {
		const parsed = parseSipMessage(octets);
		t.is(parsed.ok ? 'ok' : parsed.failure.code, code);
		t.false(!parsed.ok && 'answerable' in parsed.failure);
	});
}

test('256 headers and 64 KiB are read', (t) => {
	const head = `SIP/2.0 200 OK\r\n${'A: b\r\n'.repeat(256)}\r\n`;
	t.true(parseSipMessage(Buffer.from(head + 'x'.repeat(65_536 - head.length))).ok);
});

const fragments: readonly (readonly [string, string, object])[] = [
	['headers alone', 'f: <sip:a@b>\r\nDate: x', {headers: ['From', 'Date'], body: ''}],
	['headers and one line end', 'From: <sip:a@b>\r\n', {headers: ['From'], body: ''}],
	[
		'headers and a body',
		'c: application/sdp\r\nl: 3\r\n\r\nv=0\r\n',
		{headers: ['Content-Type', 'Content-Length'], body: 'v=0'},
	],
	[
		'a whole request',
		'INVITE sip:a@b SIP/2.0\r\nFrom: x\r\n\r\nbody',
		{kind: 'request', headers: ['From'], body: 'body'},
	],
	['a status line alone', 'SIP/2.0 200 OK', {kind: 'response', headers: [], body: ''}],
	['a body alone', '\r\nbody', {headers: [], body: 'body'}],
	['a header that ends like a request line', 'Subject: about SIP/2.0', {headers: ['Subject'], body: ''}],
];

for (const [title, text, expected] of fragments) {
	test(`A fragment of ${title} is read`, (t) => {
		const parsed = parseSipFragment(Buffer.from(text));
		t.true(parsed.ok);
		if (parsed.ok) {
			const {startLine, headers, body} = parsed.value;
			const kind = startLine ? {kind: startLine.kind} : {};
			t.deepEqual(
				{...kind, headers: headers.map(({name}) => name), body: Buffer.from(body).toString()},
				expected as typeof kind & {headers: string[]; body: string},
			);
		}
	});
}

for (const [text, code] of [
	['hello', 'BAD_HEADER_LINE'],
	['From: a\nTo: b', 'BAD_LINE_END'],
	['l: 5\r\n\r\nbody', 'BODY_TRUNCATED'],
	['l: 1\r\nl: 1\r\n\r\nbody', 'BAD_CONTENT_LENGTH'],
	[`a: b\r\n\r\n${'x'.repeat(65_536)}`, 'MESSAGE_TOO_LARGE'],
] as const) {
	test(`The fragment "${text.slice(0, 20)}" is refused as ${code}`, (t) => {
		const parsed = parseSipFragment(Buffer.from(text));
		t.is(parsed.ok ? 'ok' : parsed.failure.code, code);
	});
}
