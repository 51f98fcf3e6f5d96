import {randomBytes} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {runConformance} from '#dist/cli/conformance/index.js';
import {MasterKey} from '#dist/trusted/media/srtp/master-key.js';
import {SrtpOutbound} from '#dist/trusted/media/srtp/srtp-outbound.js';
import {rtpPacket} from '../../trusted/media/support/phone.js';
import {must} from '../../trusted/media/support/plane.js';
import {sharedPath, testWithShared} from '../../wire/shared-vectors.js';

const profile = 'AES_CM_128_HMAC_SHA1_80';

const names = ['attacks', 'media-keyreuse.json'] as const;
const withVectors = testWithShared(names);

withVectors('no case of the shared key reuse vectors fails', async (t) => {
	const report = await runConformance(sharedPath(...names));
	t.deepEqual(
		report.outcomes.filter(({verdict}) => verdict !== 'passed'),
		[],
	);
	t.is(report.passed, 8);
});

test('a keystream that repeats is found, and one that does not is not', async (t) => {
	const key = randomBytes(30);
	const plain = [randomBytes(40), randomBytes(40)] as const;
	const packets = plain.map((payload) => seal(key, rtpPacket({sequenceNumber: 7, payload}))) as [Buffer, Buffer];
	const apart = seal(key, rtpPacket({sequenceNumber: 8, payload: plain[1]}));
	const difference = exclusiveOr(plain[0], plain[1]);
	const verdicts = await tryCases(t, key, [
		{id: 'repeats', packets: packets.map(toHex), plain: plain.map(toHex), xor: toHex(difference)},
		{id: 'repeats, unsaid', packets: packets.map(toHex), plain: plain.map(toHex)},
		{id: 'apart', packets: [packets[0], apart].map(toHex), plain: plain.map(toHex)},
		{
			id: 'apart, said to repeat',
			packets: [packets[0], apart].map(toHex),
			plain: plain.map(toHex),
			xor: toHex(difference),
		},
		{
			id: 'another payload',
			packets: packets.map(toHex),
			plain: [plain[1], plain[0]].map(toHex),
			xor: toHex(difference),
		},
	]);
	t.deepEqual(verdicts, {
		repeats: 'passed',
		'repeats, unsaid': 'failed',
		apart: 'passed',
		'apart, said to repeat': 'failed',
		'another payload': 'failed',
	});
});

test('a packet that comes back fails its tag, and only there', async (t) => {
	const [sendKey, receiveKey] = [randomBytes(30), randomBytes(30)];
	const packet = toHex(seal(sendKey, rtpPacket({sequenceNumber: 1})));
	const verdicts = await tryCases(t, sendKey, [
		{id: 'back', packet, sendKey: toHex(sendKey), receiveKey: toHex(receiveKey)},
		{id: 'one key', packet, sendKey: toHex(sendKey), receiveKey: toHex(sendKey)},
		{id: 'nothing'},
	]);
	t.deepEqual(verdicts, {back: 'passed', 'one key': 'failed', nothing: 'failed'});
});

function seal(key: Uint8Array, packet: Uint8Array): Buffer {
	const session = new SrtpOutbound({keys: [{masterKey: MasterKey.fromBytes(profile, key)}]});
	try {
		return Buffer.from(must(session.protectRtp(packet)));
	} finally {
		session.destroy();
	}
}

async function tryCases(t: ExecutionContext, key: Buffer, cases: readonly object[]) {
	const folder = await mkdtemp(join(tmpdir(), 'sallyport-key-reuse-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const file = join(folder, 'cases.json');
	const [masterKey, masterSalt] = [toHex(key.subarray(0, 16)), toHex(key.subarray(16))];
	await writeFile(file, JSON.stringify({schema: 'keystream/1', profile, masterKey, masterSalt, cases}));
	const report = await runConformance(file);
	return Object.fromEntries(report.outcomes.map(({id, verdict}) => [id, verdict]));
}

function toHex(octets: Uint8Array): string {
	return Buffer.from(octets).toString('hex');
}

function exclusiveOr(first: Uint8Array, second: Uint8Array): Uint8Array {
	return first.map((octet, index) => octet ^ (second[index] ?? 0));
}
