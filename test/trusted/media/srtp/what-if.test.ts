import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {createRequire} from 'node:module';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {Worker} from 'node:worker_threads';
import test from 'ava';
import {MasterKey, SrtpInbound, SrtpOutbound} from '#dist/trusted/media/srtp/index.js';
import {pair, rtp, successOf, verdictOf} from './packets.js';

const srtp = import.meta.resolve('#dist/trusted/media/srtp/index.js');
const addon = fileURLToPath(
	new URL(`../../../../build/${process.env['SALLYPORT_ADDON'] ?? 'Release'}/sallyport.node`, srtp),
);

/** A worker that claims a key by its name and protects packets until it is ended. */
function startSender(slot: string): Worker {
	return new Worker(
		`const {parentPort, workerData} = require('node:worker_threads');
		import(workerData.srtp).then(({MasterKey, SrtpOutbound}) => {
			const outbound = new SrtpOutbound({keys: [{masterKey: MasterKey.claim(workerData.slot)}]});
			const packet = Uint8Array.from(workerData.packet);
			let sequenceNumber = 0;
			setInterval(() => {
				for (let i = 0; i < 1000; i++, sequenceNumber++) {
					packet[2] = sequenceNumber >> 8;
					packet[3] = sequenceNumber;
					const outcome = outbound.protectRtp(packet);
					if (i === 0) parentPort.postMessage(outcome.value);
				}
			}, 0);
		});`,
		{eval: true, workerData: {srtp, slot, packet: rtp()}},
	);
}

test('what if it runs in a worker: a key deposited here is claimed there', async (t) => {
	const key = MasterKey.generate('AEAD_AES_128_GCM');
	const slot = key.deposit();
	const worker = startSender(slot);
	t.teardown(() => worker.terminate());
	const [packet] = (await once(worker, 'message')) as [Uint8Array];
	t.is(packet.length, rtp().length + 16);
	t.throws(() => MasterKey.claim(slot), {code: 'KEY_SLOT_EMPTY'});
});

test('what if workers are ended in the middle of their work, many times', async (t) => {
	for (let round = 0; round < 4; round++) {
		const worker = startSender(MasterKey.generate('AES_CM_128_HMAC_SHA1_80').deposit());
		await once(worker, 'message');
		await worker.terminate();
	}

	const {outbound, inbound} = pair();
	t.is(verdictOf(inbound.unprotectRtp(successOf(outbound.protectRtp(rtp())))), 'OK');
});

test('what if only a worker loads it, and it is unloaded and loaded again', (t) => {
	const script = `
		const {Worker} = require('node:worker_threads');
		const {once} = require('node:events');
		const use = \`const {SrtpOutbound, MasterKey} = require(\${JSON.stringify(${JSON.stringify(addon)})});
			const masterKey = new MasterKey('AEAD_AES_256_GCM');
			new SrtpOutbound([{masterKey, mki: new Uint8Array(0), lifetimePackets: 9}], 64, 1, 0);
			masterKey.deposit();\`;
		(async () => {
			for (let round = 0; round < 5; round++) {
				const [code] = await once(new Worker(use, {eval: true}), 'exit');
				if (code !== 0) process.exit(1);
			}
			const maps = require('node:fs').readFileSync('/proc/self/maps', 'utf8');
			console.log(maps.includes('sallyport.node') ? 'still loaded' : 'unloaded');
		})();`;
	t.is(execFileSync(process.execPath, ['-e', script], {encoding: 'utf8'}).trim(), 'unloaded');
});

test('what if it is loaded twice in one process', (t) => {
	const require = createRequire(import.meta.url);
	const first = require(addon) as {SrtpInbound: unknown};
	delete require.cache[addon];
	const second = require(addon) as {SrtpInbound: unknown};
	t.is(typeof second.SrtpInbound, 'function');
	t.not(first.SrtpInbound, second.SrtpInbound);
	const {outbound, inbound} = pair();
	t.is(verdictOf(inbound.unprotectRtp(successOf(outbound.protectRtp(rtp())))), 'OK');
});

test('what if a session is closed twice and used afterwards', (t) => {
	const {outbound, inbound} = pair();
	for (const session of [outbound, inbound]) {
		session.destroy();
		session.destroy();
		t.throws(() => session.rolloverCounter(1), {code: 'SESSION_DESTROYED'});
		t.throws(() => session.setRolloverCounter(1, 1), {code: 'SESSION_DESTROYED'});
	}

	t.throws(() => outbound.protectRtp(rtp()), {code: 'SESSION_DESTROYED'});
	t.throws(() => inbound.unprotectRtcp(rtp()), {code: 'SESSION_DESTROYED'});
});

test('what if a method gets the wrong `this`', (t) => {
	const {outbound, inbound} = pair();
	for (const wrong of [undefined, {}, outbound, Object.create(inbound)]) {
		t.throws(() => SrtpInbound.prototype.unprotectRtp.call(wrong as never, rtp()), {instanceOf: TypeError});
	}

	const native = createRequire(import.meta.url)(addon) as Record<string, new (...argv: unknown[]) => object>;
	const {MasterKey: NativeKey = Object, SrtpInbound: NativeInbound = Object} = native;
	const key = new NativeKey('AEAD_AES_128_GCM');
	t.throws(() => (NativeInbound.prototype as SrtpInbound).unprotectRtp.call(key as never, rtp()));
	t.throws(() => (NativeKey.prototype as MasterKey).deposit.call({} as never));
	const session = new NativeInbound([{masterKey: key, mki: new Uint8Array(0), lifetimePackets: 1}], 64, 1, 0);
	t.throws(() => new NativeInbound([{masterKey: session, mki: new Uint8Array(0), lifetimePackets: 1}], 64, 1, 0), {
		instanceOf: TypeError,
	});
	t.throws(() => new NativeInbound(), {instanceOf: TypeError});
	t.throws(() => new NativeKey(), {instanceOf: TypeError});
});

test('what if the packet is detached, empty, shared, resizable or a piece of a larger buffer', (t) => {
	const {outbound, inbound} = pair();
	const detached = Uint8Array.from(rtp());
	structuredClone(detached.buffer, {transfer: [detached.buffer]});
	t.is(verdictOf(outbound.protectRtp(detached)), 'MALFORMED');
	t.is(verdictOf(inbound.unprotectRtp(new Uint8Array(0))), 'MALFORMED');

	const shared = new Uint8Array(new SharedArrayBuffer(rtp().length));
	shared.set(rtp());
	t.is(verdictOf(inbound.unprotectRtp(successOf(outbound.protectRtp(shared)))), 'OK');

	const piece = new Uint8Array(100).fill(0xff);
	piece.set(rtp({sequenceNumber: 2}), 7);
	const sealed = successOf(outbound.protectRtp(piece.subarray(7, 7 + rtp().length)));
	t.deepEqual(piece.subarray(0, 7), new Uint8Array(7).fill(0xff));
	t.deepEqual(successOf(inbound.unprotectRtp(sealed)), Uint8Array.from(rtp({sequenceNumber: 2})));

	t.is(verdictOf(outbound.protectRtp(rtp({payload: new Uint8Array(70_000)}))), 'MALFORMED');
	t.is(verdictOf(inbound.unprotectRtp(new Uint8Array(70_000).fill(0x80))), 'MALFORMED');
});

test('what if the input is looked at afterwards: it was not touched', (t) => {
	const {outbound, inbound} = pair();
	const plain = rtp();
	const sealed = successOf(outbound.protectRtp(plain));
	const copy = Uint8Array.from(sealed);
	successOf(inbound.unprotectRtp(sealed));
	t.deepEqual(plain, rtp());
	t.deepEqual(sealed, copy);
});

test('what if the master key is destroyed while sessions made from it live', (t) => {
	const masterKey = MasterKey.generate('AES_192_CM_HMAC_SHA1_32');
	const mki = Uint8Array.of(1);
	const outbound = new SrtpOutbound({keys: [{masterKey, mki}]});
	const inbound = new SrtpInbound({keys: [{masterKey, mki}]});
	masterKey.destroy();
	inbound.setRolloverCounter(9, 3);
	outbound.setRolloverCounter(9, 3);
	t.is(verdictOf(inbound.unprotectRtp(successOf(outbound.protectRtp(rtp({ssrc: 9}))))), 'OK');
});
