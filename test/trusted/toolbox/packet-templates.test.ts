import {randomBytes} from 'node:crypto';
import test from 'ava';
import {Association} from '#dist/trusted/toolbox/engine/association.js';
import type {EngineOutcome} from '#dist/trusted/toolbox/engine/engine.js';
import {PacketRunner, releasedOctets} from '#dist/trusted/toolbox/engine/packet-runner.js';
import type {Template} from '#dist/trusted/toolbox/engine/template.js';
import {TemplateDatabase} from '#dist/trusted/toolbox/engine/template-database.js';
import {toolRegistry} from '#dist/trusted/toolbox/tools/registry.js';

const templates = new Map(new TemplateDatabase(toolRegistry).list().map((template) => [template.name, template]));
const template = (name: string) => templates.get(name) as Template;

/** Both ends of one direction, under one secret. */
function makeEnds({firstSequence = 1, identifier = 7, secret = randomBytes(32)} = {}) {
	const sender = new PacketRunner(template('esp-outbound'), new Association({identifier, secret, firstSequence}));
	const receiver = new PacketRunner(template('esp-inbound'), new Association({identifier, secret}));
	return {
		protect: async (text: string) => {
			const packet = releasedOctets(await sender.run(Buffer.from(text), 0));
			if (!packet) {
				throw new Error('Expected a packet.');
			}

			return packet;
		},
		protectAll: (octets: Uint8Array) => sender.run(octets, 0),
		open: (packet: Uint8Array) => receiver.run(packet, 0),
	};
}

function wordOf(outcome: EngineOutcome): string {
	return outcome.ok ? Buffer.from(releasedOctets(outcome) ?? []).toString() : outcome.denial.reason;
}

test('octets come through as they were sent, of any length', async (t) => {
	const {protectAll, open} = makeEnds();
	for (const length of [0, 1, 15, 16, 17, 1400]) {
		const sent = randomBytes(length);
		const packet = releasedOctets(await protectAll(sent)) ?? new Uint8Array();
		t.is(packet.length, 8 + 16 + 16 * (Math.floor(length / 16) + 1) + 16);
		t.true(length < 8 || Buffer.from(packet).indexOf(sent) === -1, 'nothing of it is in the open');
		t.deepEqual(Buffer.from(releasedOctets(await open(packet)) ?? []), sent);
	}
});

test('a packet that comes again is refused by the window, and hands out nothing', async (t) => {
	const {protect, open} = makeEnds();
	const packet = await protect('one');
	t.is(wordOf(await open(packet)), 'one');
	const again = await open(packet);
	t.is(wordOf(again), 'REPLAYED');
	t.is(again.ok ? '' : again.denial.step, 'window');
	t.is(releasedOctets(again), undefined);
});

test('every flipped bit is refused, and a forgery takes no number from the genuine packet', async (t) => {
	const {protect, open} = makeEnds();
	const packet = await protect('genuine');
	for (let bit = 0; bit < 8 * packet.length; bit++) {
		const forged = Uint8Array.from(packet);
		forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
		t.regex(wordOf(await open(forged)), bit < 32 ? /^NOT_FOR_US$/ : /^BAD_SIGNATURE$/, `bit ${bit}`);
	}

	t.is(wordOf(await open(packet)), 'genuine');
});

test('the window slides: late packets pass once while they are in it, and not behind it', async (t) => {
	const {protect, open} = makeEnds();
	const packets = await Promise.all(Array.from({length: 70}, (_, index) => protect(`p${index + 1}`)));
	const [first = new Uint8Array(), , third = new Uint8Array()] = packets;
	const last = packets.at(-1) ?? new Uint8Array();
	t.is(wordOf(await open(third)), 'p3');
	t.is(wordOf(await open(first)), 'p1', 'late and inside');
	t.is(wordOf(await open(last)), 'p70');
	t.is(wordOf(await open(packets[5] ?? last)), 'STALE', 'p6 is 64 behind p70');
	t.is(wordOf(await open(packets[6] ?? last)), 'p7', 'p7 is the last one inside');
	t.is(wordOf(await open(packets[6] ?? last)), 'REPLAYED');
	t.is(wordOf(await open(third)), 'STALE');
});

test('the window agrees with a plain set over any order', async (t) => {
	const {protect, open} = makeEnds();
	const packets = await Promise.all(Array.from({length: 150}, (_, index) => protect(`${index + 1}`)));
	const seen = new Set<number>();
	let highest = 0;
	for (let round = 0; round < 600; round++) {
		// Near the highest, sometimes ahead of it.
		const sequence = Math.min(150, Math.max(1, highest - 70 + (randomBytes(1).readUInt8() % 76)));
		const word = wordOf(await open(packets[sequence - 1] ?? new Uint8Array()));
		const isOld = sequence <= highest - 64;
		t.is(word, isOld ? 'STALE' : seen.has(sequence) ? 'REPLAYED' : `${sequence}`);
		seen.add(isOld ? 0 : sequence);
		highest = Math.max(highest, sequence);
	}
});

test('the last number is used once, and then nothing leaves any more', async (t) => {
	const {protect, protectAll, open} = makeEnds({firstSequence: 0xff_ff_ff_ff});
	t.is(wordOf(await open(await protect('last'))), 'last');
	t.is(wordOf(await protectAll(Buffer.from('over'))), 'SEQUENCE_EXHAUSTED');
});

test('packets of another secret, cut short or of nothing are refused', async (t) => {
	const {protect, open} = makeEnds();
	const packet = await protect('hello');
	t.is(wordOf(await open(await makeEnds().protect('x'))), 'BAD_SIGNATURE');
	t.is(wordOf(await open(await makeEnds({identifier: 8}).protect('x'))), 'NOT_FOR_US');
	for (const length of [0, 7, 8, 24, 40, 55, packet.length - 1]) {
		t.is(wordOf(await open(packet.subarray(0, length))), 'BAD_PACKET');
	}
});

test('a template about messages takes no octets, and an association refuses a weak secret', (t) => {
	const association = new Association({identifier: 1, secret: randomBytes(32)});
	t.throws(() => new PacketRunner(template('sip-message'), association), {instanceOf: TypeError});
	t.throws(() => new Association({identifier: 1, secret: randomBytes(31)}), {instanceOf: RangeError});
	t.throws(() => new Association({identifier: -1, secret: randomBytes(32)}), {instanceOf: RangeError});
	t.is(JSON.stringify(association), '"[Association]"');
});
