import {fc} from '@fast-check/ava';
import test from 'ava';
import {type SipStreamEvent, SipStreamReader} from '#dist/wire/sip/index.js';

const first = 'OPTIONS sip:a@b SIP/2.0\r\nCSeq: 1 OPTIONS\r\nContent-Length: 5\r\n\r\n\r\n\r\nx';
const second = 'SIP/2.0 200 OK\r\nl: 0\r\n\r\n';

function read(octets: Buffer, cuts: readonly number[]): SipStreamEvent[] {
	const reader = new SipStreamReader();
	const places = [0, ...cuts.map((cut) => cut % octets.length).sort((a, b) => a - b), octets.length];
	return places.slice(1).flatMap((end, index) => reader.push(octets.subarray(places[index], end)));
}

test('Messages and pings come out the same wherever the stream is cut', (t) => {
	const octets = Buffer.from(`\r\n${first}\r\n\r\n${second}\r\n\r\n\r\n${first}`);
	const kinds = ['message', 'ping', 'message', 'ping', 'message'];
	fc.assert(
		fc.property(fc.array(fc.nat(), {maxLength: 20}), (cuts) => {
			const events = read(octets, cuts);
			t.deepEqual(
				events.map(({kind}) => kind),
				kinds,
			);
			const [event] = events;
			t.true(event?.kind === 'message' && Buffer.from(event.message.body).toString() === '\r\n\r\nx');
		}),
	);
	t.deepEqual(
		read(
			octets,
			Array.from(octets, (_, index) => index),
		).map(({kind}) => kind),
		kinds,
	);
});

const broken: readonly (readonly [string, Buffer, string])[] = [
	['a TLS hello', Buffer.from([0x16, 0x03, 0x01]), 'BAD_START_LINE'],
	['a message without Content-Length', Buffer.from('SIP/2.0 200 OK\r\nVia: x\r\n\r\n'), 'MISSING_CONTENT_LENGTH'],
	['a Content-Length of 64 KiB', Buffer.from('SIP/2.0 200 OK\r\nl: 65536\r\n\r\n'), 'MESSAGE_TOO_LARGE'],
	['headers that do not end', Buffer.from(`SIP/2.0 200 OK\r\n${'A: b\r\n'.repeat(12_000)}`), 'MESSAGE_TOO_LARGE'],
	['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'BAD_START_LINE'],
];

for (const [title, octets, code] of broken) {
	test(`A stream ends with ${title}, and nothing comes after it`, (t) => {
		const reader = new SipStreamReader();
		const events = reader.push(Buffer.concat([Buffer.from(second), octets]));
		t.deepEqual(
			events.map((event) => (event.kind === 'failure' ? event.failure.code : event.kind)),
			['message', code],
		);
		t.deepEqual(reader.push(Buffer.from(second)), []);
		t.is(reader.pendingOctets, 0);
	});
}

test('A broken request on a stream can still be answered', (t) => {
	const [event] = new SipStreamReader().push(
		Buffer.from(
			'BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 BYE\r\n\r\n',
		),
	);
	t.true(event?.kind === 'failure' && event.failure.answerable?.status === 400);
});

test('A chunk is not kept by reference', (t) => {
	const reader = new SipStreamReader();
	const chunk = Buffer.from(second.slice(0, 10));
	reader.push(chunk);
	chunk.fill(0);
	t.is(reader.push(Buffer.from(second.slice(10)))[0]?.kind, 'message');
});
