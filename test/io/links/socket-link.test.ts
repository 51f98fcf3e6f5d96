import {once} from 'node:events';
import {createConnection, createServer, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fc, testProp} from '@fast-check/ava';
import test, {type ExecutionContext} from 'ava';
import {SocketLink, type SocketLinkOptions} from '#dist/io/links/index.js';
import {readLinkMessage, writeLinkMessage} from '#dist/io/links/link-message.js';

let made = 0;

/** Two ends of one connection. */
async function openPair(t: ExecutionContext): Promise<readonly [Socket, Socket]> {
	const server = createServer();
	server.listen(join(tmpdir(), `sallyport-link-${process.pid}-${made++}.sock`));
	await once(server, 'listening');
	const near = createConnection(String(server.address()));
	const [far] = (await once(server, 'connection')) as [Socket];
	far.pause();
	server.close();
	near.on('error', () => {});
	t.teardown(() => {
		near.destroy();
		far.destroy();
	});
	return [near, far];
}

/** A link whose other side is the test's to play, octet by octet. */
async function openVictim(t: ExecutionContext, options: SocketLinkOptions = {}) {
	const [stranger, socket] = await openPair(t);
	const link = new SocketLink(socket, options);
	const breaches: string[] = [];
	const messages: unknown[] = [];
	link.on('breach', (breach) => breaches.push(breach));
	link.on('message', (message) => messages.push(message));
	stranger.resume();
	return {stranger, link, breaches, messages, closed: once(link, 'close')};
}

function frame(content: string | Buffer): Buffer {
	const octets = Buffer.from(content as string);
	const head = Buffer.alloc(4);
	head.writeUInt32BE(octets.length);
	return Buffer.concat([head, octets]);
}

const hello = frame('{"version":1,"maxFrameOctets":65536}');

test('messages arrive whole and in order, octets as octets', async (t) => {
	const [near, far] = (await openPair(t)).map((socket) => new SocketLink(socket));
	const heard: unknown[] = [];
	far?.on('message', (message) => heard.push(message));
	const sent = Array.from({length: 500}, (_, index) => ({
		id: index,
		text: 'ü'.repeat(index),
		octets: Uint8Array.from({length: index}, (_, at) => at & 0xff),
		inner: [{empty: new Uint8Array()}, null, true, 1.5],
	}));
	for (const message of sent) {
		near?.postMessage(message);
	}

	// What was posted before the other side said anything still goes out.
	near?.close();
	await once(far as SocketLink, 'close');
	t.is(heard.length, sent.length);
	t.deepEqual(heard, sent);
});

test('a longer message than the other side takes is refused, and the link goes on', async (t) => {
	const [near, far] = await openPair(t);
	const sender = new SocketLink(near);
	const receiver = new SocketLink(far, {maxFrameOctets: 2048});
	sender.on('message', () => {});
	const first = once(receiver, 'message');
	sender.postMessage({id: 1});
	await first;
	t.throws(() => sender.postMessage({text: 'x'.repeat(2048)}), {code: 'MESSAGE_TOO_LONG'});
	const second = once(receiver, 'message');
	sender.postMessage({id: 2});
	t.deepEqual(await second, [{id: 2}]);
});

const hostile: readonly (readonly [string, Buffer, string])[] = [
	['no hello', frame('{"id":1,"kind":"mint-keys"}'), 'BAD_HELLO'],
	['another version', frame('{"version":2,"maxFrameOctets":65536}'), 'BAD_HELLO'],
	['a hello with more in it', frame('{"version":1,"maxFrameOctets":65536,"admin":true}'), 'BAD_HELLO'],
	['a frame that is too long', Buffer.concat([hello, Buffer.from('7fffffff', 'hex')]), 'FRAME_TOO_LONG'],
	['no JSON', Buffer.concat([hello, frame('{"id":')]), 'BAD_FRAME'],
	['an empty frame', Buffer.concat([hello, frame('')]), 'BAD_FRAME'],
	['no UTF-8', Buffer.concat([hello, frame(Buffer.from('22ff22', 'hex'))]), 'BAD_FRAME'],
	['what v8.serialize writes', Buffer.concat([hello, frame(Buffer.from('ff0f6f220269644902', 'hex'))]), 'BAD_FRAME'],
	['octets that are none', Buffer.concat([hello, frame('{"a":{"$octets":"%%"}}')]), 'BAD_FRAME'],
	['octets with company', Buffer.concat([hello, frame('{"a":{"$octets":"","b":1}}')]), 'BAD_FRAME'],
	['an integer that is none', Buffer.concat([hello, frame('{"a":{"$integer":"0x1"}}')]), 'BAD_FRAME'],
	['a prototype', Buffer.concat([hello, frame('{"__proto__":{"kind":"x"}}')]), 'BAD_FRAME'],
	['a tower', Buffer.concat([hello, frame(`${'['.repeat(40)}${']'.repeat(40)}`)]), 'BAD_FRAME'],
];
for (const [name, octets, breach] of hostile) {
	test(`${name} ends the link: ${breach}`, async (t) => {
		const {stranger, breaches, messages, closed} = await openVictim(t);
		stranger.write(octets);
		await closed;
		t.deepEqual(breaches, [breach]);
		t.deepEqual(messages, []);
	});
}

test('octets one by one are a message all the same', async (t) => {
	const {stranger, messages, link} = await openVictim(t);
	stranger.setNoDelay();
	for (const octet of Buffer.concat([hello, frame('{"id":1}')])) {
		stranger.write(Uint8Array.of(octet));
		await new Promise((resolve) => setImmediate(resolve));
	}

	if (messages.length === 0) {
		await once(link, 'message');
	}

	t.deepEqual(messages, [{id: 1}]);
});

test('a flood ends the link', async (t) => {
	const {stranger, breaches, messages, closed} = await openVictim(t, {maxFramesPerSecond: 1000});
	const one = frame('{"id":1}');
	stranger.write(Buffer.concat([hello, ...Array.from({length: 5000}, () => one)]));
	await closed;
	t.deepEqual(breaches, ['FLOOD']);
	t.true(messages.length <= 2000, `${messages.length} messages`);
});

test('whoever does not read is cut off when too much waits', async (t) => {
	const {stranger, link, breaches, closed} = await openVictim(t, {maxQueuedOctets: 1_000_000});
	stranger.pause();
	stranger.write(hello);
	await new Promise((resolve) => setTimeout(resolve, 50));
	const text = 'x'.repeat(60_000);
	for (let count = 0; count < 1000 && breaches.length === 0; count++) {
		link.postMessage({text});
	}

	await closed;
	t.deepEqual(breaches, ['NOT_READING']);
});

test('octets are octets, whatever class they are of, and whatever they are a window on', (t) => {
	const octets = Uint8Array.of(1, 2, 3, 4);
	const read = readLinkMessage(
		writeLinkMessage({buffer: Buffer.from(octets), list: [octets.subarray(1, 3)], big: 2n ** 60n}),
	);
	t.deepEqual(read, {ok: true, value: {buffer: octets, list: [Uint8Array.of(2, 3)], big: 2n ** 60n}});
});

testProp('what is written is read again', [fc.jsonValue({maxDepth: 6})], (t, value) => {
	const message = {value};
	const read = readLinkMessage(writeLinkMessage(message));
	const isReserved = JSON.stringify(value).includes('"$') || JSON.stringify(value).includes('"__proto__"');
	t.true(isReserved || (read.ok && JSON.stringify(read.value) === JSON.stringify(message)));
});

test('ten thousand mutated frames: each is a message or the end, and memory stays', async (t) => {
	t.timeout(300_000);
	const seed = Number(process.env['SEED'] ?? Date.now());
	t.log(`seed ${seed}`);
	let state = seed >>> 0;
	const random = (below: number): number => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
	const samples = [
		'{"id":1,"kind":"mint-keys","call":"c","leg":"a","suites":["AEAD_AES_256_GCM"]}',
		'{"id":2,"kind":"keep-call","call":"c","snapshot":{"$octets":"AAECAwQF"}}',
		'{"id":3,"kind":"filter-inbound","message":{"kind":"request","headers":[{"name":"To","value":"x"}],"body":{"$octets":""}}}',
	].map((text) => frame(text));
	let ends = 0;
	let heard = 0;
	for (let round = 0; round < 500; round++) {
		const {stranger, link, breaches} = await openVictim(t);
		link.on('message', () => heard++);
		const parts = [hello];
		for (let count = 0; count < 20; count++) {
			const octets = Buffer.from(samples[random(samples.length)] as Buffer);
			for (let flips = random(4); flips > 0; flips--) {
				// The length less often: it ends the story early.
				const at = random(8) === 0 ? random(4) : 4 + random(octets.length - 4);
				octets[at] = random(256);
			}

			parts.push(octets);
		}

		const closed = once(link, 'close');
		stranger.end(Buffer.concat(parts));
		await closed;
		ends += breaches.length;
		t.true(breaches.every((breach) => ['BAD_FRAME', 'FRAME_TOO_LONG', 'BAD_HELLO'].includes(breach)));
	}

	t.true(ends > 100, `${ends} links were cut off`);
	t.true(heard > 100, `${heard} messages were taken`);
});
