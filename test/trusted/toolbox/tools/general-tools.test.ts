import {createHmac} from 'node:crypto';
import test from 'ava';
import {Association} from '#dist/trusted/toolbox/engine/association.js';
import type {AnyTool} from '#dist/trusted/toolbox/engine/tool.js';
import {toolRegistry} from '#dist/trusted/toolbox/tools/registry.js';

const context = {nowMs: 0, wipeLater: () => {}} as unknown as Parameters<AnyTool['run']>[1];

async function run(name: string, inputs: Readonly<Record<string, unknown>>, parameters: object = {}) {
	const tool = toolRegistry.get(name);
	if (!tool) {
		throw new Error(`Expected the tool ${name}.`);
	}

	const result = await tool.run(inputs, context, tool.parameters.parse(parameters));
	return result.ok ? result.value : {reason: result.failure.reason};
}

const hex = (octets: unknown) => Buffer.from(octets as Uint8Array).toString('hex');
const of = (text: string) => Buffer.from(text, 'hex');

test('encrypt-octets gives the ciphertext of RFC 3602 §4, case 1', async (t) => {
	const {ciphertext} = await run(
		'encrypt-octets@1',
		{
			octets: Buffer.from('Single block msg'),
			key: of('06a9214036b8a15b512e03d534120006'),
			iv: of('3dafba429d9eb430b422da802c9fac41'),
		},
		{cipher: 'aes-128-cbc'},
	);
	// A block of padding follows.
	t.is(hex(ciphertext).slice(0, 32), 'e353779c1079aeb82708942dbe77181a');
	t.is(hex(ciphertext).length, 64);
});

test('hmac gives the tag of RFC 4868 §2.7.2, case AUTH256-1', async (t) => {
	const {packet} = await run('hmac@1', {packet: Buffer.from('Hi There'), key: Buffer.alloc(32, 0x0b)});
	t.is(hex(packet).slice(-32), '198a607eb44bfbc69903a0f1cf2bbdc5');
});

test('derive-key is extract and expand as RFC 5869 §2 writes them', async (t) => {
	const secret = Buffer.alloc(32, 5);
	const association = new Association({identifier: 9, secret});
	const {key} = await run('derive-key@1', {association}, {label: 'integrity', octets: 32});
	const extracted = createHmac('sha256', Buffer.alloc(32)).update(secret).digest();
	const info = 'sallyport association 9 integrity\u0001';
	t.is(hex(key), createHmac('sha256', extracted).update(info).digest('hex'));
	const other = await run('derive-key@1', {association}, {label: 'encryption', octets: 32});
	t.not(hex(other['key']), hex(key));
});

test('random draws as many octets as it is told, others each time', async (t) => {
	const draws = await Promise.all(Array.from({length: 100}, () => run('random@1', {}, {octets: 16})));
	t.is(new Set(draws.map(({octets}) => hex(octets))).size, 100);
	t.true(draws.every(({octets}) => (octets as Uint8Array).length === 16));
});

test('a cipher refuses a key or an IV of another length', async (t) => {
	const inputs = {octets: Buffer.alloc(3), key: Buffer.alloc(16), iv: Buffer.alloc(16)};
	t.deepEqual(await run('encrypt-octets@1', inputs, {cipher: 'aes-256-cbc'}), {reason: 'SEALING_FAILED'});
	const packet = {sequence: 1, iv: Buffer.alloc(8), ciphertext: Buffer.alloc(16)};
	const reply = await run('decrypt-octets@1', {packet, key: Buffer.alloc(16)}, {cipher: 'aes-128-cbc'});
	t.deepEqual(reply, {reason: 'DECRYPTION_FAILED'});
});
